/** The last steps before an event is stored or sent: the user's hook, redaction, the size limit, JSON. */
import type { HookEvent } from "../config/index.ts";
import { writtenAtOnce } from "./at-once.ts";
import { fits, limitSize } from "./limit.ts";
import { toPlainObject } from "./plain.ts";
import { HEX_OR_TIME, REDACTED, type Redactor } from "./redaction/index.ts";
import { customEventSchema } from "./schema.ts";
import { fromWire, IDENTITY, toWire, type WireEvent } from "./wire.ts";

export interface FinishOptions {
  redactor: Redactor;
  /** The user's hook: gives the event to use, or nothing to drop it. */
  redact?: ((event: HookEvent) => HookEvent | undefined) | undefined;
  /** Largest event, in bytes of its JSON. */
  maxBytes: number;
  /** Called when the hook throws or gives no event; what it should have looked at is then left out. @param given to the hook. */
  onHookError: (error: unknown, given: object) => void;
}

/** An event as it will be sent, but for the ids of Apie. */
export interface FinishedEvent {
  eventId: string | undefined;
  json: string;
}

/**
 * Names that the application chose to tell things apart by: runs, steps and agents must be found by the same name wherever it
 * is told, so that only what is a secret by its form is replaced.
 */
const NAMES: ReadonlySet<string> = new Set([
  "type",
  "agent_key",
  "environment",
  "step_key",
  "trigger_kind",
  "parent_event_id",
  "caused_by_event_id",
]);
/** Words, ids, numbers and times of ours, which no rule may damage. */
const OURS: ReadonlySet<string> = new Set([...IDENTITY, "step_index"].filter((name) => !NAMES.has(name)));
const OUR_OTEL: ReadonlySet<string> = new Set([
  "trace_id",
  "span_id",
  "parent_span_id",
  "start",
  "end",
  "duration_ms",
  "dropped_attributes",
]);

/** Members that hold data of any shape. */
const FREE_OBJECTS: ReadonlySet<string> = new Set(["metadata", "payload_summary"]);

/** What the hook gives is bounded far above what we gave it. In characters: by what may be sent. */
const HOOK_LIMITS = { depth: 24, items: 2_000, values: 100_000 };

/**
 * @param bound members to add as they are: JSON, each with a comma before it.
 * @returns `undefined` when the hook dropped the event.
 */
export function finishEvent(event: WireEvent, options: FinishOptions, bound = ""): FinishedEvent | undefined {
  const given = hooked(event, options);
  if (given === undefined) return undefined;
  const { redactor, maxBytes } = options;
  const eventId = given.event_id;
  const json =
    redactor.json === undefined
      ? undefined
      : writtenAtOnce(given, headOf(given, redactor), redactor.json, bound);
  if (json !== undefined && fits(json, maxBytes)) return { eventId, json };
  const limited = limitSize(redactWireEvent(given, redactor), maxBytes - bound.length);
  return { eventId, json: `${limited.slice(0, -1)}${bound}}` };
}

/** Beginnings of events, which are as few as there are types and agents. */
const heads = new Map<string, Map<string, string>>();
const MAX_HEADS = 1_024;

function headOf({ type, agent_key }: WireEvent, redactor: Redactor): string {
  const known = heads.get(type)?.get(agent_key);
  if (known !== undefined) return known;
  const head = `{"type":${JSON.stringify(redactor.secrets(type))},"agent_key":${JSON.stringify(redactor.secrets(agent_key))}`;
  let ofType = heads.get(type);
  if (ofType === undefined || ofType.size >= MAX_HEADS) {
    if (heads.size >= MAX_HEADS) heads.clear();
    ofType = new Map();
    heads.set(type, ofType);
  }
  ofType.set(agent_key, head);
  return head;
}

/** A redacted copy; what says where the event belongs stays. */
export function redactWireEvent(event: WireEvent, redactor: Redactor): WireEvent {
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(event)) {
    const value: unknown = event[name as keyof WireEvent];
    if (value === undefined) continue;
    if (OURS.has(name)) copy[name] = value;
    // An agent is known by its key, so the user's own patterns leave it alone.
    else if (NAMES.has(name)) copy[name] = redactor.secrets(String(value));
    else copy[name] = redactedMember(name, value, redactor);
  }
  return copy as unknown as WireEvent;
}

/** What cannot be walked to its end is left out, never let through. */
function redactedMember(name: string, value: unknown, redactor: Redactor): unknown {
  try {
    return keepOurs(name, value, redactor.value(value, name));
  } catch {
    return FREE_OBJECTS.has(name) ? { notice: REDACTED } : undefined;
  }
}

type Members = Record<string, unknown>;

/** Puts back what inside of free objects is ours: where the span is to be found, and how many tokens there were. */
function keepOurs(name: string, value: unknown, redacted: unknown): unknown {
  const inside = name === "metadata" ? "otel" : name === "payload_summary" ? "usage" : undefined;
  const ours = inside === undefined ? undefined : (value as Members)[inside];
  if (inside === undefined || typeof ours !== "object" || ours === null) return redacted;
  const kept = Object.entries(ours).filter(([member, of]) =>
    inside === "otel" ? OUR_OTEL.has(member) && isIdOrNumber(of) : typeof of === "number",
  );
  const copy = redacted as Members;
  const around = typeof copy[inside] === "object" ? (copy[inside] as Members) : {};
  return { ...copy, [inside]: { ...around, ...Object.fromEntries(kept) } };
}

const isIdOrNumber = (value: unknown): boolean =>
  typeof value === "number" || (typeof value === "string" && HEX_OR_TIME.test(value));

/** The user's hook, and what it needs. */
export type Hook = Pick<FinishOptions, "redact" | "maxBytes" | "onHookError">;

/** What the user's hook makes of an event: `undefined` where it drops it, and an empty one where it fails. */
export function hooked(event: WireEvent, hook: Hook): WireEvent | undefined {
  return hook.redact === undefined ? event : runHook(event, hook.redact, hook);
}

function runHook(
  event: WireEvent,
  hook: (event: HookEvent) => HookEvent | undefined,
  { maxBytes, onHookError }: Pick<FinishOptions, "maxBytes" | "onHookError">,
): WireEvent | undefined {
  try {
    const returned: unknown = hook(structuredClone(fromWire(event)) as unknown as HookEvent);
    if (returned === undefined || returned === null) return undefined;
    const wire = toWire(eventOf(returned, maxBytes));
    const { cleaned, problem } = withoutWrongMembers({ ...wire, ...identityOf(event) });
    if (problem !== undefined)
      onHookError(new TypeError(`redact gave an event with ${problem}; left out`), event);
    return cleaned;
  } catch (error) {
    onHookError(error, event);
    return withheld(event);
  }
}

/** @throws {TypeError} when the hook did not give an event. */
function eventOf(returned: unknown, maxBytes: number): object {
  if (typeof (returned as { then?: unknown }).then === "function") {
    // Nobody waits for it, so that it fails must not end the process.
    Promise.resolve(returned as PromiseLike<unknown>).catch(() => undefined);
    throw new TypeError("redact must return an event, and cannot be async");
  }
  const plain = toPlainObject(returned, { ...HOOK_LIMITS, text: maxBytes, characters: maxBytes });
  if (plain === undefined) throw new TypeError(`redact must return an event, not ${typeof returned}`);
  return plain;
}

/** What the hook cannot change, absent members included: ids of Apie are bound later. */
function identityOf(event: WireEvent): Partial<WireEvent> {
  return Object.fromEntries(IDENTITY.map((name) => [name, event[name]]));
}

/** The protocol has no room for members of the hook's making, and refuses an event for one of a wrong type. */
function withoutWrongMembers(event: WireEvent): { cleaned: WireEvent; problem: string | undefined } {
  const result = customEventSchema.safeParse(event);
  if (result.success) return { cleaned: event, problem: undefined };
  const wrong = new Set(
    result.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys : [String(issue.path[0])],
    ),
  );
  for (const name of IDENTITY) wrong.delete(name);
  if (wrong.size === 0) return { cleaned: event, problem: undefined };
  const kept = Object.entries(event).filter(([name]) => !wrong.has(name));
  return {
    cleaned: Object.fromEntries(kept) as unknown as WireEvent,
    problem: `wrong or unknown members: ${[...wrong].join(", ")}`,
  };
}

/** Words of the protocol, which say nothing of anybody. */
const WORDS: ReadonlySet<unknown> = new Set([
  ...["read", "create", "update", "delete", "execute", "communicate", "merge"],
  ...["low", "medium", "high", "critical"],
  ...["allow", "warn", "block", "require_approval", "proceed", "wait_for_approval", "monitor", "enforce"],
  ...["pending", "approved", "rejected", "expired", "cancelled", "timeout"],
]);

/** The hook failed, so no text goes out that it could have changed; what the type requires stays in shape. */
function withheld(event: WireEvent): WireEvent {
  const { metadata, payload_summary, step_name, step_index, parent_event_id, caused_by_event_id } = event;
  const source = metadata?.capture_source;
  const shapes = (["tool", "action", "resource", "decision", "approval", "error"] as const).map((name) => [
    name,
    shapeOf(event[name]),
  ]);
  return {
    ...identityOf(event),
    ...(step_name === undefined ? {} : { step_name: REDACTED }),
    ...Object.fromEntries(
      Object.entries({ step_index, parent_event_id, caused_by_event_id }).filter(([, id]) =>
        isIdOrNumber(id),
      ),
    ),
    ...Object.fromEntries(shapes),
    metadata: { redact_failed: true, ...(source === undefined ? {} : { capture_source: source }) },
    ...(payload_summary === undefined ? {} : { payload_summary: { notice: REDACTED } }),
  } as WireEvent;
}

/** The same members, and of their texts only words of the protocol. */
function shapeOf(members: object | undefined): object | undefined {
  if (members === undefined) return undefined;
  const shape = Object.entries(members).map(([name, value]) => [
    name,
    value === undefined || WORDS.has(value) ? value : REDACTED,
  ]);
  return Object.fromEntries(shape);
}
