/** Checks one event and says about each wrong member, by the name it was given under, what would be right. */
import { z } from "zod";
import { nearest } from "../config/index.ts";
import { jsonLosses, reasonOf } from "./json-loss.ts";
import { customEventSchema, ENVELOPE, wireEventSchemas } from "./schema.ts";
import { EVENT_TYPES, isEventType } from "./types.ts";
import { RENAMED_INSIDE, toCamel, toSnake, toWire } from "./wire.ts";

export interface EventIssue {
  /** Dot path in the spelling of the event that was given, e.g. `resource.externalId`; empty for the event as a whole. */
  path: string;
  message: string;
}

type Path = readonly PropertyKey[];

/**
 * Never throws.
 * @returns every problem of one event, in either spelling; empty when it is well formed.
 */
export function checkEvent(event: unknown): EventIssue[] {
  if (typeof event !== "object" || event === null) return [{ path: "", message: "expected an event object" }];
  try {
    if (Array.isArray(event)) return [{ path: "", message: "expected one event, not a list" }];
    return problemsOf(event as Given);
  } catch (error) {
    // A getter or a Proxy that throws.
    return [{ path: "", message: `cannot be read: ${reasonOf(error)}` }];
  }
}

type Given = Readonly<Record<string, unknown>>;

function problemsOf(event: Given): EventIssue[] {
  const wire = toWire(event);
  const type: unknown = wire.type;
  const schema = isEventType(type) ? wireEventSchemas[type] : customEventSchema;
  const result = schema.safeParse(wire, { reportInput: true });
  const issues = result.success ? [] : result.error.issues.flatMap((issue) => describe(event, issue));
  const losses = jsonLosses(wire).map(({ path, message }) => ({ path: spelled(event, path), message }));
  const named = new Set(issues.map(({ path }) => path));
  return [
    ...issues,
    ...losses.filter(({ path }) => !named.has(path)),
    ...twice(event),
    ...unknownAgentType(type),
  ];
}

function describe(event: Given, issue: z.core.$ZodIssue): EventIssue[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: spelled(event, [...issue.path, key]),
      message: unknownField(event, issue.path, key),
    }));
  }
  const isMissing = issue.input === undefined && issue.path.length > 0;
  return [
    { path: spelled(event, issue.path), message: isMissing ? `required: ${issue.message}` : issue.message },
  ];
}

function unknownField(event: Given, path: Path, key: string): string {
  const like = nearest(key, fieldsAt(path));
  return like === undefined
    ? "unknown field: what has no field of its own belongs into metadata"
    : `unknown field; did you mean ${spelled(event, [...path, like])}?`;
}

function fieldsAt([first]: Path): string[] {
  if (first === undefined) return Object.keys(ENVELOPE);
  const field: z.ZodType | undefined = (ENVELOPE as Record<string, z.ZodType>)[String(first)];
  const inner = field instanceof z.ZodOptional ? field.unwrap() : field;
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

const isSdkSpelling = (event: Given): boolean => "agentKey" in event || !("agent_key" in event);

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Given)[name] ?? undefined;
}

/** A path into the wire form as the event spells it; where the event lacks the member, in its usual spelling. */
function spelled(event: Given, path: Path): string {
  const usual = isSdkSpelling(event) ? toCamel : (name: string): string => name;
  const names: string[] = [];
  let at: unknown = event;
  for (const [depth, segment] of path.entries()) {
    const wire = String(segment);
    const isRenamed = depth === 0 || (depth === 1 && RENAMED_INSIDE.has(String(path[0])));
    const spellings = isRenamed ? [usual(wire), wire, toCamel(wire)] : [wire];
    const name = spellings.find((spelling) => memberOf(at, spelling) !== undefined) ?? spellings[0] ?? wire;
    names.push(name);
    at = memberOf(at, name);
  }
  return names.join(".");
}

/** `runId` and `run_id` in one event: which of them is meant cannot be known. */
function twice(event: Given): EventIssue[] {
  const issues: EventIssue[] = [];
  const seen = new Map<string, string>();
  for (const [key, value] of Object.entries(event)) {
    if (value === undefined || value === null) continue;
    const other = seen.get(toSnake(key));
    if (other === undefined) seen.set(toSnake(key), key);
    else issues.push({ path: key, message: `given twice: also as ${other}` });
  }
  return issues;
}

/** Names under `agent.` are the protocol's: one that is not known is a slip of the pen. */
function unknownAgentType(type: unknown): EventIssue[] {
  if (typeof type !== "string" || isEventType(type) || !type.startsWith("agent.")) return [];
  const like = nearest(type, EVENT_TYPES);
  const hint = like === undefined ? `one of ${EVENT_TYPES.join(", ")}.` : `did you mean ${like}?`;
  const message = `unknown event type; ${hint} A name of your own must not begin with "agent."`;
  return [{ path: "type", message }];
}
