/** The replay of a session as a timeline: time, agent, step, event, detail; a run further in the deeper it was delegated. */
import { detailOf, durationOf, joined, shortType, styleOf, text } from "./detail.ts";
import type { EventRecord, RunRecord } from "./records.ts";
import { parentRunOf, type Replay } from "./replay.ts";
import { type Cell, counted, paint, printable, type Style, table } from "./text.ts";

const MAX_SUMMARY = 160;
const MAX_NAME = 60;

interface Row {
  readonly timeMs: number;
  readonly runId: string | null;
  readonly step: string | undefined;
  readonly what: string;
  readonly detail: string;
  readonly style: Style | undefined;
}

const rowOf = (event: EventRecord): Row => ({
  timeMs: Date.parse(event.timestamp),
  runId: event.run_id,
  step: event.step_name,
  what: shortType(event.type),
  detail: detailOf(event),
  style: styleOf(event.type),
});

/** Apie stamps runs when it hears of them; when they were is in their metadata. */
const trueTime = (metadata: RunRecord["metadata"], name: "started_at" | "ended_at"): number =>
  Date.parse(text(metadata?.[name]) ?? "");

const beginOf = (run: RunRecord): Row => ({
  timeMs: trueTime(run.metadata, "started_at"),
  runId: run.id,
  step: run.step_name ?? undefined,
  what: "▸ run",
  detail: run.input_summary === null ? "" : `"${printable(run.input_summary, MAX_SUMMARY)}"`,
  style: "bold",
});

const endOf = (run: RunRecord): Row => ({
  timeMs: trueTime(run.completion_metadata, "ended_at"),
  runId: run.id,
  step: run.step_name ?? undefined,
  what: `◂ ${run.status}`,
  detail: printable(
    joined(" · ", run.completion_metadata?.outputSummary, durationOf(run.completion_metadata ?? {})) ?? "",
    MAX_SUMMARY,
  ),
  style: run.status === "failed" ? ["bold", "red"] : "bold",
});

/** Puts the beginning of a run before its first event, and before what others did after it began. */
function addBeginning(rows: Row[], begin: Row): void {
  const before = rows.findLastIndex(({ timeMs }) => !(timeMs > begin.timeMs));
  rows.splice(before + 1, 0, begin);
}

/** Events in their order, each run between its beginning and its end. */
function rowsOf({ runs, events }: Replay): Row[] {
  const rows: Row[] = [];
  const known = new Map(runs.map((run) => [run.id, run]));
  const last = new Map(events.map((event) => [event.run_id, event]));
  const begun = new Set<string>();
  for (const event of events) {
    const run = known.get(event.run_id ?? "");
    if (run !== undefined && !begun.has(run.id)) {
      begun.add(run.id);
      addBeginning(rows, beginOf(run));
    }
    rows.push(rowOf(event));
    if (run !== undefined && last.get(run.id) === event) rows.push(endOf(run));
  }
  // Runs in which nothing happened.
  for (const run of runs) if (!begun.has(run.id)) rows.push(beginOf(run), endOf(run));
  return rows;
}

/** How deep each run was delegated. Runs that name each other as parent are as deep as the first that was asked. */
function depthsOf(runs: readonly RunRecord[]): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  const depthOf = (run: RunRecord): number => {
    const known = depths.get(run.id);
    if (known !== undefined) return known;
    depths.set(run.id, 0);
    const parent = parentRunOf(run, runs);
    const depth = parent === undefined ? 0 : depthOf(parent) + 1;
    depths.set(run.id, depth);
    return depth;
  };
  for (const run of runs) depthOf(run);
  return depths;
}

const nameOf = (run: RunRecord | undefined): string =>
  printable(text(run?.metadata?.agent_name) ?? run?.agent_key ?? "", MAX_NAME);

function titleOf({ session, runs, events }: Replay, colour: boolean): string {
  const counts = `${counted(runs.length, "run")}, ${counted(events.length, "event")}`;
  const heading = (title: string, rest: string): string =>
    `\n${paint(colour, "bold", title)}  ${paint(colour, "dim", rest)}\n`;
  if (session === undefined) return heading("Runs outside of sessions", counts);
  const summary = joined(" · ", session.input_summary, session.output_summary);
  const title = heading(`Session ${session.id}`, `${session.kind} · ${session.status} · ${counts}`);
  return summary === undefined ? title : `${title}  ${printable(summary, MAX_SUMMARY * 2)}\n`;
}

/**
 * A session as text: a line for each event, and for the beginning and end of each run, with seconds since the first.
 *
 * @param options.colour for a terminal; default: none.
 */
export function renderTimeline(replay: Replay, { colour = false }: { colour?: boolean } = {}): string {
  const runs = new Map(replay.runs.map((run) => [run.id, run]));
  const depths = depthsOf(replay.runs);
  const rows = rowsOf(replay);
  const startMs = rows.reduce(
    (first, { timeMs }) => (Number.isNaN(timeMs) ? first : Math.min(first, timeMs)),
    Number.POSITIVE_INFINITY,
  );
  const hasSteps = rows.some(({ step }) => step !== undefined);
  const lines = rows.map(({ timeMs, runId, step, what, detail, style }): Cell[] => {
    const run = runs.get(runId ?? "");
    const indent = "  ".repeat(depths.get(runId ?? "") ?? 0);
    const offset = Number.isNaN(timeMs) ? "" : `+${((timeMs - startMs) / 1_000).toFixed(3)} s`;
    return [
      { text: offset.padStart(9), style: "dim" },
      { text: `${indent}${nameOf(run)}`, style: "cyan" },
      ...(hasSteps ? [{ text: printable(step ?? "", MAX_NAME), style: "magenta" } satisfies Cell] : []),
      { text: /^[▸◂]/.test(what) ? what : `  ${what}`, style },
      { text: detail, style: style ?? "dim" },
    ];
  });
  return `${titleOf(replay, colour)}\n${table(lines, colour)}\n`;
}
