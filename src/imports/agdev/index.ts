/** Runs of agents on ag.dev (docs.ag.dev, API v0.1 and v0.2-preview) as spans. */
import { ApieImportError } from "../errors.ts";
import { type Json, object, text } from "../json.ts";
import { sessionSpan } from "../session-span.ts";
import { type ImportedSpan, resourceOf } from "../span.ts";
import { microsecondsOf } from "../timeline.ts";
import { type AgDevDocument, documentIssues, readDocument } from "./document.ts";
import type { AgDevContext } from "./options.ts";
import { type Identity, runSpans } from "./run.ts";
import { SYSTEM } from "./system.ts";

export type { AgDevBundle, AgDevContext } from "./options.ts";

/**
 * Spans of one run of an agent on ag.dev: what its API says of the run, of its events, of the revision it was of and of its
 * agent, as far as you have asked for them; or the run alone, as a webhook brings it.
 *
 * Ids are made of those of the source: a second import of a run, or of one that has grown, makes the same spans. Of a run that
 * goes on, what was over before the first event that is still open is told; the rest is, once it has ended. Spans bear all of
 * the bundle, content included (`rebuild` gives it back); `importSpans` sends of it what may leave.
 *
 * @param bundle an `AgDevBundle`, or a run. It is looked through before the first span is made, and must not change meanwhile.
 * @returns an iterable that makes the spans; it may be walked again.
 * @throws {ApieImportError} naming every place that is wrong; fields and types of events that are not known are kept, never wrong.
 *
 * @example
 * const get = async (path: string) => (await fetch(`https://api.ag.dev/v0.1${path}`, { headers: { "X-API-Key": key } })).json();
 * const path = `/agents/${agentId}/runs/${runId}`;
 * const bundle = { run: await get(path), events: await get(`${path}/events?limit=100`) };
 * await importSpans(agDevRun(bundle), { processor: apie.spanProcessor });
 */
export function agDevRun(bundle: unknown, context: AgDevContext = {}): Iterable<ImportedSpan> {
  const issues = documentIssues(bundle);
  if (issues.length > 0) throw new ApieImportError("run of ag.dev", issues);
  const document = readDocument(bundle as Json);
  return { [Symbol.iterator]: () => spansOf(document, context) };
}

function* spansOf(document: AgDevDocument, context: AgDevContext): Generator<ImportedSpan> {
  const { sessionId, sessionKind = "single_agent", sessionEnded } = context;
  const identity: Identity = {
    agentKey: context.agentKey ?? text(document.run.agentId) ?? text(document.agent?.id) ?? SYSTEM,
    agentName: context.agentName ?? nameOf(document.agent),
    session: sessionId === undefined ? undefined : { id: sessionId, kind: sessionKind },
    resource: resourceOf(context.resource ?? { "service.name": SYSTEM }),
  };
  const session = (operation: "session_start" | "session_end", at: number): ImportedSpan[] =>
    sessionId === undefined
      ? []
      : [sessionSpan({ ...identity, system: SYSTEM, sessionId, kind: sessionKind, operation, at })];
  let endUs = 0;
  for (const span of runSpans(document, identity, context)) {
    if (endUs === 0) {
      yield* session("session_start", microsecondsOf(span.startTime));
      endUs = microsecondsOf(span.endTime);
    }
    yield span;
  }
  if (sessionEnded === true) yield* session("session_end", endUs);
}

/** Where v0.1 has it, and where newer answers do. */
const nameOf = (agent: Json | undefined): string | undefined =>
  text(object(agent?.metadata)?.name) ?? text(agent?.name);
