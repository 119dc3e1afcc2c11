/** Validation of events without asking anybody. */
import { checkEvent, type EventIssue } from "./check.ts";

/** What was found about one event. */
export interface EventVerdict {
  /** Place in the list that was given. */
  index: number;
  /** The event's type, as far as it is a text. */
  type: string | undefined;
  valid: boolean;
  issues: readonly EventIssue[];
}

export interface LocalValidation {
  /** Whether all events are. */
  valid: boolean;
  results: readonly EventVerdict[];
}

/**
 * Checks events by the rules of the protocol: known types and members, required members, types of values, and that all of it
 * can be written as JSON. Asks nobody and never throws.
 *
 * @param events one event or a list, in the SDK's or the wire's spelling.
 * @example
 * const { valid, results } = validateEvents({ type: "agent.tol.called", agentKey: "support" });
 * // valid: false; results[0].issues: [{ path: "type", message: "unknown event type; did you mean agent.tool.called? …" }]
 */
export function validateEvents(events: unknown): LocalValidation {
  const list: readonly unknown[] = isList(events) ? events : [events];
  const results = list.map((event, index): EventVerdict => {
    const issues = checkEvent(event);
    return { index, type: typeOf(event), valid: issues.length === 0, issues };
  });
  return { valid: results.every((result) => result.valid), results };
}

function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    // A revoked Proxy.
    return false;
  }
}

function typeOf(event: unknown): string | undefined {
  try {
    const type = (event as { type?: unknown } | null | undefined)?.type;
    return typeof type === "string" ? type : undefined;
  } catch {
    return undefined;
  }
}
