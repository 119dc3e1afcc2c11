/** What a local Apie knows of one session: its runs and their events. */
import type { EventRecord, ReadApi, RunRecord, SessionRecord, SpanRecord } from "./read-api.ts";

export interface Replay {
  /** Absent for the runs that are in no session. */
  readonly session: SessionRecord | undefined;
  /** In the order they were opened. */
  readonly runs: readonly RunRecord[];
  readonly events: readonly EventRecord[];
}

/** All there is: the sessions from the first on, then the runs outside of any. */
export async function readReplays(api: ReadApi): Promise<Replay[]> {
  const sessions = (await api.sessions()).reverse();
  const inSessions = await Promise.all(
    sessions.map(async (session) => ({
      session,
      runs: await api.runsOf(session.id),
      events: await api.eventsOf(session.id),
    })),
  );
  const alone = (await api.runs()).filter(({ session_id }) => session_id === null).reverse();
  if (alone.length === 0) return inSessions;
  const events = (await Promise.all(alone.map(({ id }) => api.eventsOfRun(id)))).flat();
  return [...inSessions, { session: undefined, runs: alone, events }];
}

/**
 * The run that delegated. A run in another process, begun before its parent was known to Apie, names it in its metadata by
 * the id it had there.
 */
export function parentOf(run: RunRecord, runs: readonly RunRecord[]): RunRecord | undefined {
  const { parent_run_id: parentId, metadata } = run;
  return runs.find(
    ({ id, metadata: other }) =>
      id === parentId || (metadata?.parent_run !== undefined && other?.run_id === metadata.parent_run),
  );
}

export interface Trace {
  readonly id: string;
  /** Span without a parent in the trace. */
  readonly root: SpanRecord;
  readonly spans: readonly SpanRecord[];
}

function toTrace(id: string, spans: readonly SpanRecord[]): Trace | undefined {
  const ids = new Set(spans.map(({ span_id }) => span_id));
  const root = spans.find(({ parent_span_id }) => parent_span_id === null || !ids.has(parent_span_id));
  return root === undefined ? undefined : { id, root, spans };
}

const otelOf = (metadata: Record<string, unknown> | null | undefined) =>
  (metadata?.otel ?? {}) as { readonly trace_id?: string };

/** The traces of sessions and runs, and all that their links lead to. */
export async function readTraces(api: ReadApi, replays: readonly Replay[]): Promise<Trace[]> {
  const named = replays.flatMap(({ session, runs }) => [
    otelOf(session?.metadata).trace_id,
    ...runs.map(({ trace_id }) => trace_id),
  ]);
  const ids = new Set(named.filter((id) => typeof id === "string"));
  const traces: Trace[] = [];
  // A set gives what is added while it is walked, too.
  for (const id of ids) {
    const trace = toTrace(id, await api.spansOf(id));
    if (trace === undefined) continue;
    traces.push(trace);
    for (const { links } of trace.spans) for (const link of links) ids.add(link.trace_id);
  }
  const startOf = ({ root }: Trace): bigint => BigInt(root.start_time_unix_nano);
  return traces.sort((a, b) => Number(startOf(a) - startOf(b)));
}
