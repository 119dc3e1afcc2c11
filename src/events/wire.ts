/**
 * Events on the wire (snake_case) and in SDK form (camelCase): the same members, spelled in two ways. `metadata`,
 * `payload_summary` and `decision` are the same inside in both.
 */
import { setOwn } from "./own.ts";

/** An event as it is posted to `/v1/events`. What the members mean stands at `ApieEvent`. */
export interface WireEvent {
  type: string;
  agent_key: string;
  agent_id?: string | undefined;
  agent_version_id?: string | undefined;
  run_id?: string | undefined;
  session_id?: string | undefined;
  event_id?: string | undefined;
  sequence_number?: number | undefined;
  session_sequence_number?: number | undefined;
  timestamp?: string | undefined;
  environment?: string | undefined;
  step_key?: string | undefined;
  step_name?: string | undefined;
  step_index?: number | undefined;
  payload_summary?: Record<string, unknown> | undefined;
  parent_event_id?: string | undefined;
  caused_by_event_id?: string | undefined;
  trigger_kind?: string | undefined;
  event_category?: "workflow" | "llm" | "mcp" | "handoff" | undefined;
  metadata?: Record<string, unknown> | undefined;
  tool?: { name: string; provider?: string | undefined; risk_level?: string | undefined } | undefined;
  action?: { type: string; name: string; risk_level?: string | undefined } | undefined;
  resource?:
    | {
        type: string;
        external_id?: string | undefined;
        provider?: string | undefined;
        environment?: string | undefined;
      }
    | undefined;
  decision?: WireDecision | undefined;
  approval?:
    | { approval_id?: string | undefined; status: string; resolved_by?: string | undefined }
    | undefined;
  error?: { message: string; stack?: string | undefined } | undefined;
}

/** The one object whose members are camelCase on the wire. */
export interface WireDecision {
  policyDecision: string;
  effectiveDecision: string;
  enforcementAction?: string | undefined;
  mode?: string | undefined;
  reason?: string | undefined;
}

/** An event as the SDK's builders give and its hooks get it. */
export interface ApieEvent {
  /** One of the 23 types, or a name of your own. */
  type: string;
  /** Key of the agent that did it. */
  agentKey: string;
  /** Apie's ids, given by registration. */
  agentId?: string | undefined;
  agentVersionId?: string | undefined;
  runId?: string | undefined;
  sessionId?: string | undefined;
  /** UUID; a retry has that of the first attempt. */
  eventId?: string | undefined;
  /** Place in the run, from 1. */
  sequenceNumber?: number | undefined;
  /** Place in the session, from 1. */
  sessionSequenceNumber?: number | undefined;
  /** When it happened: ISO 8601 with a zone. */
  timestamp?: string | undefined;
  /** E.g. `production`. */
  environment?: string | undefined;
  /** Stable id, label and order (from 0) of the workflow step it belongs to. */
  stepKey?: string | undefined;
  stepName?: string | undefined;
  stepIndex?: number | undefined;
  /** A small object, safe to show; for model calls with `usage: { input, output, total }` in tokens. */
  payloadSummary?: Record<string, unknown> | undefined;
  /** The event that opened the work this one is part of. */
  parentEventId?: string | undefined;
  /** The event that led to this one. */
  causedByEventId?: string | undefined;
  triggerKind?: string | undefined;
  /** Set for the workflow family, by its types. */
  eventCategory?: "workflow" | "llm" | "mcp" | "handoff" | undefined;
  metadata?: Record<string, unknown> | undefined;
  /** `riskLevel`: `low`, `medium`, `high` or `critical`. */
  tool?: { name: string; provider?: string | undefined; riskLevel?: string | undefined } | undefined;
  /** `type`: `read`, `create`, `update`, `delete`, `execute`, `communicate`, `merge`, or a word of your own. */
  action?: { type: string; name: string; riskLevel?: string | undefined } | undefined;
  /** `type`: `work_item`, `code_repository`, … `externalId` is the id the provider knows it by. */
  resource?:
    | {
        type: string;
        externalId?: string | undefined;
        provider?: string | undefined;
        environment?: string | undefined;
      }
    | undefined;
  decision?: WireDecision | undefined;
  /** `status`: `pending`, `approved`, `rejected`, `expired`, `cancelled` or `timeout`. */
  approval?: { approvalId?: string | undefined; status: string; resolvedBy?: string | undefined } | undefined;
  error?: { message: string; stack?: string | undefined } | undefined;
}

/** Members that say which event it is and where it belongs. */
export const IDENTITY = [
  "type",
  "agent_key",
  "agent_id",
  "agent_version_id",
  "run_id",
  "session_id",
  "event_id",
  "sequence_number",
  "session_sequence_number",
  "timestamp",
  "event_category",
] as const satisfies readonly (keyof WireEvent)[];

export const toSnake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
export const toCamel = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Nested objects whose members are renamed too; those of the others are data. */
export const RENAMED_INSIDE: ReadonlySet<string> = new Set(["tool", "action", "resource", "approval"]);

function rename(
  event: Readonly<Record<string, unknown>>,
  spell: (name: string) => string,
): Record<string, unknown> {
  const renamed: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(event)) {
    if (value === undefined || value === null) continue;
    const inside = RENAMED_INSIDE.has(key) && typeof value === "object" && !Array.isArray(value);
    setOwn(renamed, spell(key), inside ? rename(value as Record<string, unknown>, spell) : value);
  }
  return renamed;
}

/**
 * The wire form of an event in either spelling. Members that are `undefined` or `null` are left out; nothing is checked, and
 * values are shared with the event, not copied.
 */
export function toWire(event: object): WireEvent {
  return rename(event as Record<string, unknown>, toSnake) as unknown as WireEvent;
}

/** The SDK form of an event in either spelling: the reverse of `toWire`. */
export function fromWire(event: object): ApieEvent {
  return rename(event as Record<string, unknown>, toCamel) as unknown as ApieEvent;
}
