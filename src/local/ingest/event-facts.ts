/** What of an event is searched, ordered or counted by. */
import { type Counters, noCounts } from "../store/counters.ts";
import { microsecondsOf, type WireEvent } from "../wire/events.ts";

export interface EventFacts {
  readonly occurred_us: number;
  readonly tool_name: string | null;
  readonly tool_provider: string | null;
  readonly action_type: string | null;
  readonly resource_type: string | null;
  readonly environment: string | null;
}

export function factsOf(event: WireEvent, receivedAt: string): EventFacts {
  return {
    occurred_us: microsecondsOf(event.timestamp ?? receivedAt) ?? 0,
    tool_name: event.tool?.name ?? null,
    tool_provider: event.tool?.provider ?? null,
    action_type: event.action?.type ?? null,
    resource_type: event.resource?.type ?? null,
    environment: event.resource?.environment ?? event.environment ?? null,
  };
}

const count = (value: unknown): number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;

/** Tokens are counted on model calls only, as `payload_summary.usage` of our bridge tells them. */
export function countsOf(event: WireEvent): Counters {
  const usage = event.type.startsWith("agent.llm.") ? event.payload_summary?.usage : undefined;
  const { input, output } = (typeof usage === "object" && usage !== null ? usage : {}) as Record<
    string,
    unknown
  >;
  return {
    ...noCounts(),
    event_count: 1,
    error_count: event.type === "agent.error" ? 1 : 0,
    failure_count: event.type.endsWith(".failed") ? 1 : 0,
    tokens_in: count(input),
    tokens_out: count(output),
  };
}
