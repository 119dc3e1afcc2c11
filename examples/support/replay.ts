/** All that a local Apie knows: sessions and runs, and the traces they lead to. */
import { type LocalReader, type Replay, readReplay, type SpanRecord } from "apie-otel/local";

/** All there is: the sessions from the first on, then the runs outside of any. */
export async function readReplays(api: LocalReader): Promise<Replay[]> {
  const sessions = (await api.sessions()).reverse();
  const inSessions: Replay[] = await Promise.all(sessions.map(({ id }) => readReplay(api, id)));
  const alone = (await api.runs()).filter(({ session_id }) => session_id === null).reverse();
  if (alone.length === 0) return inSessions;
  const events = (await Promise.all(alone.map(({ id }) => api.eventsOfRun(id)))).flat();
  return [...inSessions, { session: undefined, runs: alone, events }];
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
export async function readTraces(api: LocalReader, replays: readonly Replay[]): Promise<Trace[]> {
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
