/** The spans of one run of ag.dev. */
import type { ResourceLike } from "../../model/span.ts";
import {
  type AgentSessionKind,
  ATTR_AGENT_LLM_STACK,
  ATTR_AGENT_METADATA,
  ATTR_AGENT_REVISION_ID,
  ATTR_AGENT_REVISION_STATUS,
  ATTR_AGENT_RUN_INPUT_VALUE,
  ATTR_AGENT_RUN_OUTPUT_TYPE,
  ATTR_AGENT_RUN_OUTPUT_VALUE,
  ATTR_AGENT_RUN_QUEUE_TIME,
  ATTR_AGENT_RUN_SOURCES,
  ATTR_AGENT_RUN_STATUS,
  ATTR_AGENT_RUN_TOOL_CALL_COUNT,
  ATTR_AGENT_SESSION_KIND,
  ATTR_AGENT_SOURCE_SHAPE,
  ATTR_AGENT_SOURCE_STATUS,
  ATTR_AGENT_SOURCE_TIME_RESOLUTION,
  ATTR_GEN_AI_OUTPUT_TYPE,
} from "../../semconv/index.ts";
import { sessionContext } from "../ids.ts";
import { content, type Json, object, text } from "../json.ts";
import { RunTrace } from "../run-trace.ts";
import { tellSources } from "../sources.ts";
import { type Attributes, type ImportedSpan, linkTo } from "../span.ts";
import { MICROSECONDS } from "../timeline.ts";
import { type AgDevDocument, revisionIdIn, withoutEvents } from "./document.ts";
import { type Moment, momentsOf, settledIn } from "./moments.ts";
import type { AgDevContext } from "./options.ts";
import { statusOf } from "./status.ts";
import { SYSTEM } from "./system.ts";
import { hasFraction, timeOf } from "./times.ts";
import { toolKinds } from "./tools.ts";
import { Work } from "./work.ts";

export interface Identity {
  agentKey: string;
  agentName: string | undefined;
  session: { id: string; kind: AgentSessionKind } | undefined;
  resource: ResourceLike;
}

export function* runSpans(
  document: AgDevDocument,
  identity: Identity,
  context: AgDevContext,
): Generator<ImportedSpan> {
  const { run } = document;
  const { agentKey, agentName, session, resource } = identity;
  const status = statusOf(run);
  const createdUs = timeOf(run.createdAt);
  const resolution = { [ATTR_AGENT_SOURCE_TIME_RESOLUTION]: hasFraction(run.createdAt) ? "ms" : "s" };
  const moments = momentsOf(document.events, createdUs ?? 0);
  const startUs = createdUs ?? moments[0]?.startUs ?? 0;
  const told = status.goesOn ? settledIn(moments) : moments;
  const trace = new RunTrace({
    system: SYSTEM,
    runId: String(run.id),
    agentKey,
    agentName,
    sessionId: session?.id,
    resource,
  });
  const work = new Work({
    document,
    status,
    trace,
    agent: agentName ?? agentKey,
    toolKind: toolKinds(document, context),
  });
  work.tell(told);
  trace.settleOpen(status.goesOn, status.failure);
  const endUs = status.goesOn ? undefined : endOf(run, moments);
  const sources = tellSources(trace, object(run.resultData)?.sources, endUs, resolution);
  bear(document, trace, moments.slice(told.length));

  yield* trace.spans({
    startUs,
    endUs,
    attributes: {
      ...resolution,
      [ATTR_AGENT_SOURCE_SHAPE]: document.shape,
      [ATTR_AGENT_SOURCE_STATUS]: text(run.status),
      [ATTR_AGENT_RUN_STATUS]: status.status,
      [ATTR_AGENT_SESSION_KIND]: session?.kind,
      [ATTR_AGENT_RUN_INPUT_VALUE]: content(run.input),
      ...resultAttributes(run),
      ...revisionAttributes(document),
      ...queueAttributes(createdUs, moments),
      [ATTR_AGENT_RUN_SOURCES]: sources,
      [ATTR_AGENT_RUN_TOOL_CALL_COUNT]: document.shape === "bundle" ? work.toolCalls : undefined,
      [ATTR_AGENT_METADATA]: metadataOf(document, createdUs, moments),
    },
    links: session === undefined ? [] : [linkTo(sessionContext(SYSTEM, session.id), "session")],
    failure: status.failure,
  });
}

/** A run ends when it says so, else when the last was heard of it. */
function endOf(run: Json, moments: readonly Moment[]): number | undefined {
  const said = timeOf(run.completedAt);
  if (said !== undefined) return said;
  const heard = [timeOf(run.updatedAt), ...moments.map(({ endUs }) => endUs)].filter(
    (time) => time !== undefined,
  );
  return heard.length === 0 ? undefined : heard.reduce((a, b) => Math.max(a, b));
}

/** All that no span below bears, on the root span. */
function bear(document: AgDevDocument, trace: RunTrace, untold: readonly Moment[]): void {
  trace.record.push(["", withoutEvents(document)]);
  for (const { pointer, event, copies } of untold)
    for (const part of [{ pointer, event }, ...copies]) trace.record.push([part.pointer, part.event]);
}

const TYPES: ReadonlyMap<unknown, "text" | "json"> = new Map([
  ["document", "text"],
  ["json", "json"],
]);

/** A document is text with sources beside it; anything else is the result itself. */
function resultAttributes({ resultType, resultData }: Json): Attributes {
  const type = TYPES.get(resultType);
  const result = type === "text" ? (object(resultData)?.result ?? resultData) : resultData;
  return {
    [ATTR_AGENT_RUN_OUTPUT_VALUE]: content(result),
    [ATTR_AGENT_RUN_OUTPUT_TYPE]: type,
    [ATTR_GEN_AI_OUTPUT_TYPE]: type,
  };
}

function revisionAttributes({ run, revision }: AgDevDocument): Attributes {
  const { isPublished } = revision ?? {};
  return {
    [ATTR_AGENT_REVISION_ID]: text(revision?.id) ?? revisionIdIn(run),
    [ATTR_AGENT_REVISION_STATUS]:
      typeof isPublished === "boolean" ? (isPublished ? "published" : "draft") : undefined,
    [ATTR_AGENT_LLM_STACK]: text(object(revision?.config)?.modelStackId),
  };
}

/** Seconds the run waited for its turn. */
function queueTime(createdUs: number | undefined, [first]: readonly Moment[]): number | undefined {
  if (createdUs === undefined || first === undefined || first.startUs < createdUs) return undefined;
  return (first.startUs - createdUs) / MICROSECONDS;
}

const queueAttributes = (createdUs: number | undefined, moments: readonly Moment[]): Attributes => ({
  [ATTR_AGENT_RUN_QUEUE_TIME]: queueTime(createdUs, moments),
});

/** What Apie has no field for. */
function metadataOf(
  document: AgDevDocument,
  createdUs: number | undefined,
  moments: readonly Moment[],
): string | undefined {
  const { revision, events, eventsTotal } = document;
  const queued = queueTime(createdUs, moments);
  const isPart = eventsTotal !== undefined && eventsTotal > events.length;
  const said = {
    model_stack: text(object(revision?.config)?.modelStackId),
    revision_status: revisionAttributes(document)[ATTR_AGENT_REVISION_STATUS],
    queue_ms: queued === undefined ? undefined : Math.round(queued * 1_000),
    // A page that was never fetched is seen as what it is.
    events_given: isPart ? events.length : undefined,
    events_total: isPart ? eventsTotal : undefined,
  };
  const known = Object.values(said).some((value) => value !== undefined);
  return known ? JSON.stringify(said) : undefined;
}
