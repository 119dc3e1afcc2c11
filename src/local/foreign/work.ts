/** What was done in a run, from its events: each piece of work with what told of its beginning and of its end. */
import { entryOf, type Members, members, numberOf, textOf } from "../members.ts";
import type { StoredEvent } from "../store/events.ts";
import { microsecondsOf } from "../wire/events.ts";

export type WorkKind = "model" | "tool" | "mcp" | "step" | "approval";
/** A tool call is told three times: asked for, made, and how it ended. */
type Phase = "begin" | "made" | "end";

export interface Work {
  readonly kind: WorkKind;
  readonly name: string;
  readonly spanId: string | undefined;
  readonly parentSpanId: string | undefined;
  begin: StoredEvent | undefined;
  made: StoredEvent | undefined;
  end: StoredEvent | undefined;
}

/** An event, and the work it tells of; of everything else it is all there is. */
export interface Told {
  readonly event: StoredEvent;
  readonly work: Work | undefined;
  /** The work was not heard of before. */
  readonly isFirst: boolean;
}

const PHASES: Readonly<Record<string, readonly [WorkKind, Phase]>> = {
  "agent.llm.called": ["model", "begin"],
  "agent.llm.completed": ["model", "end"],
  "agent.llm.failed": ["model", "end"],
  "agent.action.requested": ["tool", "begin"],
  "agent.tool.called": ["tool", "made"],
  "agent.action.completed": ["tool", "end"],
  "agent.action.failed": ["tool", "end"],
  "agent.mcp.called": ["mcp", "begin"],
  "agent.mcp.completed": ["mcp", "end"],
  "agent.mcp.failed": ["mcp", "end"],
  "agent.workflow.step.started": ["step", "begin"],
  "agent.workflow.step.completed": ["step", "end"],
  "agent.workflow.step.failed": ["step", "end"],
  "agent.approval.requested": ["approval", "begin"],
  "agent.approval.resolved": ["approval", "end"],
};

/** Work of one name that is under way at one time, as far as it is paired by that name. */
const MAX_OPEN = 256;

/** Members of an event that there may be. */
export const factsOf = (event: StoredEvent | undefined): Members => event ?? {};

const otelOf = (event: Members): Members => members(members(event.metadata).otel);

/** What the beginning and the end of the work have in common, if they have: a span, the id of a call, of an approval. */
function idOf(kind: WorkKind, event: Members): string | undefined {
  if (kind === "approval") return textOf(members(event.approval).approval_id);
  return textOf(otelOf(event).span_id, members(event.metadata).call_id);
}

function nameOf(kind: WorkKind, event: Members): string {
  const { tool, action, payload_summary, step_key, step_name } = event;
  const payload = members(payload_summary);
  const name = {
    model: () => textOf(payload.model),
    tool: () => textOf(members(tool).name, members(action).name),
    mcp: () => textOf(payload.tool, payload.server),
    step: () => textOf(step_key, step_name),
    approval: () => textOf(members(action).name),
  }[kind]();
  return name ?? kind;
}

/** Events in their order, each with its work. */
export function readWork(events: readonly StoredEvent[]): { told: Told[]; works: Work[] } {
  const works: Work[] = [];
  const byId = new Map<string, Work>();
  const byName = new Map<string, Work[]>();

  const found = (kind: WorkKind, phase: Phase, id: string | undefined, name: string): Work | undefined => {
    const known = byId.get(`${kind} ${id}`);
    if (known !== undefined) return known[phase] === undefined ? known : undefined;
    if (phase === "begin") return undefined;
    return byName
      .get(`${kind} ${name}`)
      ?.find((work) => work[phase] === undefined && (phase === "end" || work.end === undefined));
  };

  const begun = (kind: WorkKind, id: string | undefined, name: string, event: Members): Work => {
    const { span_id, parent_span_id } = otelOf(event);
    const work: Work = {
      kind,
      name,
      spanId: textOf(span_id),
      parentSpanId: textOf(parent_span_id),
      begin: undefined,
      made: undefined,
      end: undefined,
    };
    works.push(work);
    if (id !== undefined) byId.set(`${kind} ${id}`, work);
    const alike = byName.get(`${kind} ${name}`) ?? [];
    byName.set(`${kind} ${name}`, alike);
    alike.push(work);
    if (alike.length > MAX_OPEN) alike.shift();
    return work;
  };

  const told = events.map((event): Told => {
    const [kind, phase] = entryOf(PHASES, String(factsOf(event).type)) ?? [];
    if (kind === undefined || phase === undefined) return { event, work: undefined, isFirst: false };
    const id = idOf(kind, event);
    const name = nameOf(kind, event);
    const known = found(kind, phase, id, name);
    const work = known ?? begun(kind, id, name, event);
    work[phase] = event;
    return { event, work, isFirst: known === undefined };
  });
  return { told, works };
}

/** Actions that somebody else has to do before the run goes on. */
const ASKED_OF_PEOPLE: ReadonlySet<unknown> = new Set(["user_input", "user_feedback", "external_execution"]);

export const waitOf = ({ kind, begin, end }: Work): string | undefined => {
  if (kind === "approval") return "confirmation";
  const { type } = members(factsOf(begin).action ?? factsOf(end).action);
  return kind === "tool" && ASKED_OF_PEOPLE.has(type) ? String(type) : undefined;
};

export const isWait = (work: Work): boolean => waitOf(work) !== undefined;

/** A call of a tool, and no other action: it was made, or is under way. */
export function isToolCall(work: Work): boolean {
  const { kind, begin, made, end } = work;
  if (kind !== "tool" || isWait(work)) return false;
  return made !== undefined || (end === undefined && textOf(members(factsOf(begin).tool).name) !== undefined);
}

export function hasFailed({ made, end }: Work): boolean {
  const { outcome } = members(factsOf(made).metadata);
  return outcome === "failed" || String(factsOf(end).type ?? "").endsWith(".failed");
}

/** When the event happened, in microseconds since the epoch. */
export const timeOf = (event: StoredEvent): number => microsecondsOf(event.timestamp) ?? event.replay_us;

const spanTime = (event: StoredEvent | undefined, name: "start" | "end"): number | undefined => {
  const said = textOf(otelOf(factsOf(event))[name]);
  return said === undefined ? undefined : microsecondsOf(said);
};

/** When the work began and ended, in microseconds; the end is `undefined` while it goes on. */
export function timesOf({ begin, made, end }: Work): { startUs: number; endUs: number | undefined } {
  const last = end ?? made;
  const endUs = last === undefined ? undefined : (spanTime(last, "end") ?? timeOf(last));
  const lastedMs = numberOf(
    members(factsOf(last).payload_summary).duration_ms,
    members(factsOf(last).metadata).duration_ms,
  );
  const before = endUs === undefined || lastedMs === undefined ? Number.NaN : endUs - lastedMs * 1_000;
  // Clients may tell any number: beyond these there are no dates.
  const byDuration = Number.isSafeInteger(Math.round(before)) ? Math.round(before) : undefined;
  const startUs =
    spanTime(begin ?? last, "start") ?? (begin === undefined ? undefined : timeOf(begin)) ?? byDuration;
  return { startUs: startUs ?? endUs ?? 0, endUs };
}
