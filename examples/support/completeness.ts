/** What must hold of every replay, whatever the application did: running an example is a check. */
import type { Replay } from "apie-otel/local";
import type { Trace } from "./replay.ts";

/** Numbers 1 to n, each once and in order. */
function isCounted(numbers: readonly (number | undefined)[]): boolean {
  return numbers.every((number, index) => number === index + 1);
}

function runProblems({ session, runs, events }: Replay): string[] {
  const problems: string[] = [];
  for (const run of runs) {
    const name = `run ${run.id} (${run.agent_key})`;
    if (run.status === "running") problems.push(`${name} was never completed`);
    const numbers = events.filter(({ run_id }) => run_id === run.id).map((event) => event.sequence_number);
    if (!isCounted(numbers)) problems.push(`${name} has events missing: there are ${numbers.join(", ")}`);
  }
  const known = new Set(runs.map(({ id }) => id));
  const strays = events.filter(({ run_id }) => run_id !== null && !known.has(run_id));
  for (const { event_id, run_id } of strays)
    problems.push(`event ${event_id} names the unknown run ${run_id}`);
  if (session?.status === "running") problems.push(`session ${session.id} was never completed`);
  return problems;
}

/** Each run's trace came whole, and so did all it is linked with. */
export function traceProblems(replays: readonly Replay[], traces: readonly Trace[]): string[] {
  const problems: string[] = [];
  const byId = new Map(traces.map((trace) => [trace.id, trace]));
  for (const run of replays.flatMap(({ runs }) => runs)) {
    const trace = byId.get(run.trace_id ?? "");
    const root = trace?.spans.find(({ span_id }) => span_id === run.span_id);
    if (root === undefined)
      problems.push(`run ${run.id} (${run.agent_key}): its span did not come over OTLP`);
  }
  for (const { id, spans } of traces) {
    const ids = new Set(spans.map(({ span_id }) => span_id));
    for (const { name, parent_span_id: parent, links } of spans) {
      if (parent !== null && !ids.has(parent))
        problems.push(`trace ${id}: the parent of "${name}" did not come`);
      for (const { trace_id: linked } of links) {
        if (!byId.has(linked))
          problems.push(`trace ${id}: "${name}" is linked to ${linked}, which did not come`);
      }
    }
  }
  return problems;
}

export function replayProblems(replays: readonly Replay[]): string[] {
  return replays.length === 0 ? ["nothing arrived"] : replays.flatMap(runProblems);
}
