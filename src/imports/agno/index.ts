/** Finished runs of Agno AgentOS (github.com/agno-agi/agno, 2.0 to 2.9) as spans. */
import type { ResourceLike } from "../../model/span.ts";
import type { AgentSessionKind } from "../../semconv/index.ts";
import { ApieImportError } from "../errors.ts";
import { text } from "../json.ts";
import { sessionSpan } from "../session-span.ts";
import { type ImportedSpan, resourceOf } from "../span.ts";
import { microsecondsOf } from "../timeline.ts";
import type { Handoff, Surroundings } from "./building.ts";
import {
  type AgnoDocument,
  documentIssues,
  eventsOf,
  type FoundRun,
  inOrder,
  readDocument,
} from "./document.ts";
import { factsOf, type RunFacts, sessionIdOf, sessionKindOf } from "./facts.ts";
import type { AgnoContext } from "./options.ts";
import { type BuiltRun, buildRun, saidStart } from "./run.ts";
import { SYSTEM } from "./system.ts";

export type { AgnoContext } from "./options.ts";

/**
 * Spans of runs that an AgentOS has stored, in every form it gives them: a raw run (`GET /agents/{id}/runs/{run_id}`), one of
 * the run schemas or an array of them (`GET /sessions/{id}/runs`), those of 2.0, or the events of a stream, in an array. Runs of
 * agents, teams and workflows; members and executors become runs of their own, each the root of its trace, with links to what
 * started it and to its session.
 *
 * Ids are made of those of the source: a second import of a run, or of one that has grown, makes the same spans. Spans bear all
 * of the document, content included (`rebuild` gives it back); `importSpans` sends of it what may leave.
 *
 * @param json the parsed document. It is looked through before the first span is made, and must not change meanwhile.
 * @returns an iterable that makes the spans of one run at a time; it may be walked again.
 * @throws {ApieImportError} naming every place that is wrong; fields and events that are not known are kept, never wrong.
 *
 * @example
 * const runs = await (await fetch(`${agentOs}/sessions/${id}/runs`)).json();
 * await importSpans(agnoRuns(runs, { sessionId: id }), { processor: apie.spanProcessor });
 */
export function agnoRuns(json: unknown, context: AgnoContext = {}): Iterable<ImportedSpan> {
  const issues = documentIssues(json);
  if (issues.length > 0) throw new ApieImportError("document of Agno", issues);
  const document = readDocument(json);
  return { [Symbol.iterator]: () => new Walk(document, context).spans() };
}

interface OpenSession {
  id: string;
  kind: AgentSessionKind;
  facts: RunFacts;
  startUs: number;
  endUs: number;
  previousId: string | undefined;
}

class Walk {
  readonly #document: AgnoDocument;
  readonly #context: AgnoContext;
  readonly #resource: ResourceLike;
  readonly #handoffs = new Map<string, Handoff>();
  readonly #sessions = new Map<string, OpenSession>();
  /** Session of each run that started others, for those. */
  readonly #sessionOf = new Map<string, OpenSession>();
  readonly #steps = new Map<string, Surroundings["step"]>();
  readonly #supersededBy = new Map<string, string>();
  /** When the first run of each session began; runs may be listed in any order. */
  readonly #begins = new Map<string | undefined, number>();
  #onlySession: { readonly id: string | undefined } | undefined;

  constructor(document: AgnoDocument, context: AgnoContext) {
    this.#document = document;
    this.#context = context;
    this.#resource = resourceOf(context.resource ?? { "service.name": SYSTEM });
    for (const found of document.runs.values()) {
      const { id, main } = found;
      const replaced = text(main?.run.regenerated_from);
      if (replaced !== undefined) this.#supersededBy.set(replaced, id);
      const [run, events] = [main?.run ?? {}, eventsOf(document, found)];
      const session = sessionIdOf(run, events);
      const began = Math.min(
        this.#begins.get(session) ?? Number.POSITIVE_INFINITY,
        saidStart(run, events) ?? Number.POSITIVE_INFINITY,
      );
      this.#begins.set(session, began);
    }
  }

  *spans(): Generator<ImportedSpan> {
    for (const found of inOrder(this.#document.tops)) yield* this.#run(found);
    if (this.#context.sessionsEnded === true)
      for (const session of this.#sessions.values()) yield this.#sessionSpan(session, "session_end");
  }

  *#run(found: FoundRun): Generator<ImportedSpan> {
    const session = this.#session(found);
    const isTop = this.#document.runs.get(found.parentId ?? "") === undefined;
    const built = buildRun(found, {
      document: this.#document,
      context: this.#context,
      resource: this.#resource,
      handoffs: this.#handoffs,
      session,
      previousId: isTop ? session?.previousId : undefined,
      supersededBy: this.#supersededBy.get(found.id),
      step: this.#steps.get(found.id),
    });
    if (isTop && session !== undefined) session.previousId = found.id;
    let isFirst = true;
    for (const span of built.spans) {
      if (isFirst && session !== undefined) yield* this.#seen(session, span);
      isFirst = false;
      yield span;
    }
    this.#handoffs.delete(found.id);
    this.#steps.delete(found.id);
    this.#expect(found, built);
  }

  /** What this run knows of those it started, which come next. */
  #expect(found: FoundRun, built: BuiltRun): void {
    for (const child of found.children) {
      const step = built.stepOf(child.main?.run ?? eventsOf(this.#document, child)[0]?.event ?? {});
      if (step !== undefined) this.#steps.set(child.id, step);
    }
  }

  /** A session begins with the first run of it that is told. */
  *#seen(session: OpenSession, run: ImportedSpan): Generator<ImportedSpan> {
    const isNew = session.endUs === 0;
    // Whoever is told of it has it before the first of its runs, whichever that is.
    if (isNew)
      session.startUs = Math.min(
        microsecondsOf(run.startTime),
        this.#begins.get(session.id) ?? Number.POSITIVE_INFINITY,
        this.#begins.get(undefined) ?? Number.POSITIVE_INFINITY,
      );
    session.endUs = Math.max(session.endUs, microsecondsOf(run.endTime));
    if (isNew) yield this.#sessionSpan(session, "session_start");
  }

  #session(found: FoundRun): OpenSession | undefined {
    const facts = factsOf(found.main?.run ?? {}, eventsOf(this.#document, found), found.main !== undefined);
    const ofParent = found.parentId === undefined ? undefined : this.#sessionOf.get(found.parentId);
    const id = facts.sessionId ?? ofParent?.id ?? this.#context.sessionId ?? this.#sessionOfAll();
    if (id === undefined) return undefined;
    const known = this.#sessions.get(id);
    const session = known ?? {
      id,
      kind: sessionKindOf(this.#context.sessionType ?? facts.kind),
      facts,
      startUs: 0,
      endUs: 0,
      previousId: undefined,
    };
    this.#sessions.set(id, session);
    if (found.children.length > 0) this.#sessionOf.set(found.id, session);
    return session;
  }

  /** Runs of one answer that do not name their session are of the one that others of it name, if that is one. */
  #sessionOfAll(): string | undefined {
    if (this.#onlySession === undefined) {
      const named = new Set<string>();
      for (const found of this.#document.runs.values()) {
        const sessionId = sessionIdOf(found.main?.run ?? {}, eventsOf(this.#document, found));
        if (sessionId !== undefined) named.add(sessionId);
        if (named.size > 1) break;
      }
      const [only] = named;
      this.#onlySession = { id: named.size === 1 ? only : undefined };
    }
    return this.#onlySession.id;
  }

  #sessionSpan(
    { id, kind, facts, startUs, endUs }: OpenSession,
    operation: "session_start" | "session_end",
  ): ImportedSpan {
    const { agentKey, agentName } = facts;
    return sessionSpan({
      system: SYSTEM,
      sessionId: id,
      kind,
      agentKey,
      agentName,
      operation,
      at: operation === "session_end" ? endUs : startUs,
      resource: this.#resource,
    });
  }
}
