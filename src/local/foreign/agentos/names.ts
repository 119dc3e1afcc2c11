/** What AgentOS calls things, and the form it writes values in (github.com/agno-agi/agno, 2.9). */
import { type Members, members, textOf } from "../../members.ts";
import { agentNameOf, isPaused, type RecordedRun } from "../recorded.ts";

export type RunKind = "agent" | "team" | "workflow";
export type Json = Record<string, unknown>;

const KINDS: ReadonlySet<unknown> = new Set(["agent", "team", "workflow"]);

/** Imported runs say what they were; any other is an agent's. */
export function kindOf(opening: Members): RunKind {
  return KINDS.has(opening.run_kind) ? (opening.run_kind as RunKind) : "agent";
}

const US = 1_000_000;

/** Events and messages have whole seconds since the epoch. */
export const wholeSeconds = (us: number): number => Math.floor(us / US);
/** Tool calls and durations have fractions. */
export const seconds = (us: number): number => us / US;
/** Runs of the schemas have ISO 8601 in UTC, without a fraction where there is none. */
export const isoTime = (us: number): string =>
  new Date(Math.floor(us / 1_000)).toISOString().replace(".000Z", "Z");

/** Text as it is, anything else as JSON. */
export const asText = (value: unknown): string | undefined =>
  value === undefined || value === null
    ? undefined
    : typeof value === "string"
      ? value
      : JSON.stringify(value);

export function statusOf(run: RecordedRun): string {
  const { row, opening, ending } = run;
  const isCancelled = row.status === "cancelled" || ending.run_status === "cancelled";
  if (isCancelled) return "CANCELLED";
  if (row.status === "failed") return "ERROR";
  if (row.status === "completed")
    return (ending.superseded ?? opening.superseded) === true ? "REGENERATED" : "COMPLETED";
  return isPaused(run) ? "PAUSED" : "RUNNING";
}

/** Text, or an object where the answer is one (AgentOS serves no other). */
export function contentOf({ output, error }: RecordedRun): string | Members | undefined {
  const said = output ?? error?.message;
  if (typeof said === "object" && said !== null && !Array.isArray(said)) return members(said);
  return asText(said);
}

/** Members that say whose an event, or a raw run, is. */
export function ownerOf(run: RecordedRun, kind: RunKind): Json {
  return { [`${kind}_id`]: run.row.agent_key, ...known({ [`${kind}_name`]: agentNameOf(run) }) };
}

/** Names of events that are said of a run as a whole, and of work in it: those of a team have a first word of their own. */
export const stageName = (kind: RunKind, stage: string): string =>
  `${{ agent: "Run", team: "TeamRun", workflow: "Workflow" }[kind]}${stage}`;
export const workName = (kind: RunKind, name: string): string => (kind === "team" ? `Team${name}` : name);

/** Without what is not known. */
export function known(said: Json): Json {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

/** A model's name and its provider's, as models are named in events and metrics. */
export const modelOf = (payload: Members): Json =>
  known({ model: textOf(payload.model), model_provider: textOf(payload.provider) });
