/** The replay of a session as a timeline: time, agent, step, event, detail; a run further in the deeper it was delegated. */
import type { EventRecord, RunRecord } from "./read-api.ts";
import { parentOf, type Replay } from "./replay.ts";
import { type Cell, counted, heading, table } from "./terminal.ts";

type Members = Readonly<Record<string, unknown>>;
type Style = Cell["style"];

const MAX_DETAIL = 78;

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

function usageOf({ usage }: Members): string | undefined {
  if (typeof usage !== "object" || usage === null) return undefined;
  const { input, output, cache_read: cached } = usage as Members;
  return `${input ?? 0}${cached ? ` (${cached} cached)` : ""} → ${output ?? 0} tokens`;
}

function durationOf(...sources: Members[]): string | undefined {
  const duration = sources.map(({ duration_ms }) => duration_ms).find((value) => typeof value === "number");
  if (duration === undefined) return undefined;
  return duration < 10 ? `${duration.toFixed(1)} ms` : `${Math.round(duration)} ms`;
}

const joined = (separator: string, ...parts: unknown[]): string | undefined =>
  parts.map(text).filter(Boolean).join(separator) || undefined;

/** Whatever an event of any type can say, from what it is about to how it went. */
function detailOf({ type, payload_summary, metadata, ...event }: EventRecord): string {
  const payload = payload_summary ?? {};
  const facts = metadata ?? {};
  const isHandoff = type.startsWith("agent.handoff.");
  const said = [
    payload.model,
    joined(" / ", payload.server, payload.tool),
    isHandoff
      ? joined(" → ", facts.source_name ?? payload.source, facts.target_name ?? payload.target)
      : undefined,
    event.tool?.name ?? event.action?.name,
    event.resource?.type === "unknown"
      ? undefined
      : joined(" ", event.resource?.type, event.resource?.external_id),
    joined(" → ", event.decision?.policyDecision, event.decision?.effectiveDecision),
    joined(" ", event.approval?.approval_id, event.approval?.status),
    facts.reason,
    facts.outcome,
    usageOf(payload),
    payload.finish_reason,
    event.error?.message,
    durationOf(payload, facts),
  ];
  const detail = [...new Set(said.map(text).filter((part) => part !== undefined))].join(" · ");
  return detail.length > MAX_DETAIL ? `${detail.slice(0, MAX_DETAIL - 1)}…` : detail;
}

const styleOf = (type: string): Style => (/failed$|error$/.test(type) ? "red" : undefined);

interface Row {
  readonly timeMs: number;
  readonly runId: string | null;
  readonly step: string | undefined;
  readonly what: string;
  readonly detail: string;
  readonly style: Style;
}

const rowOf = (event: EventRecord): Row => ({
  timeMs: Date.parse(event.timestamp),
  runId: event.run_id,
  step: event.step_name,
  what: event.type.replace(/^agent\./, ""),
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
  detail: run.input_summary === null ? "" : `"${run.input_summary}"`,
  style: "bold",
});

const endOf = (run: RunRecord): Row => ({
  timeMs: trueTime(run.completion_metadata, "ended_at"),
  runId: run.id,
  step: run.step_name ?? undefined,
  what: `◂ ${run.status}`,
  detail:
    joined(" · ", run.completion_metadata?.outputSummary, durationOf(run.completion_metadata ?? {})) ?? "",
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

function depthOf(run: RunRecord, runs: readonly RunRecord[]): number {
  const parent = parentOf(run, runs);
  return parent === undefined ? 0 : depthOf(parent, runs) + 1;
}

const nameOf = (run: RunRecord | undefined): string =>
  text(run?.metadata?.agent_name) ?? run?.agent_key ?? "";

function titleOf({ session, runs, events }: Replay): string {
  const counts = `${counted(runs.length, "run")}, ${counted(events.length, "event")}`;
  if (session === undefined) return heading("Runs outside of sessions", counts);
  const summary = joined(" · ", session.input_summary, session.output_summary);
  const title = heading(`Session ${session.id}`, `${session.kind} · ${session.status} · ${counts}`);
  return summary === undefined ? title : `${title}  ${summary}\n`;
}

export function timeline(replay: Replay): string {
  const runs = new Map(replay.runs.map((run) => [run.id, run]));
  const rows = rowsOf(replay);
  const startMs = Math.min(...rows.map(({ timeMs }) => timeMs).filter((time) => !Number.isNaN(time)));
  const hasSteps = rows.some(({ step }) => step !== undefined);
  const lines = rows.map(({ timeMs, runId, step, what, detail, style }): Cell[] => {
    const run = runs.get(runId ?? "");
    const indent = "  ".repeat(run === undefined ? 0 : depthOf(run, replay.runs));
    const offset = Number.isNaN(timeMs) ? "" : `+${((timeMs - startMs) / 1_000).toFixed(3)} s`;
    return [
      { text: offset.padStart(9), style: "dim" },
      { text: `${indent}${nameOf(run)}`, style: "cyan" },
      ...(hasSteps ? [{ text: step ?? "", style: "magenta" } satisfies Cell] : []),
      { text: /^[▸◂]/.test(what) ? what : `  ${what}`, style },
      { text: detail, style: style ?? "dim" },
    ];
  });
  return `${titleOf(replay)}\n${table(lines)}\n`;
}
