/**
 * Events as lines: what one line of a replay or a table shows and is filtered by, a quarter of the whole event's size. The page
 * reads ten thousand of them at once, and one event whole when somebody opens it.
 */
import { type Members, members, numberOf as number, textOf } from "../members.ts";
import type { EventLine } from "../page/data/event-line.ts";
import type { StoredEvent } from "../store/events.ts";
import { microsecondsOf } from "../wire/events.ts";

const MAX_TEXT = 200;

function text(...candidates: unknown[]): string | undefined {
  const found = textOf(...candidates);
  return found !== undefined && found.length > MAX_TEXT ? `${found.slice(0, MAX_TEXT - 1)}…` : found;
}

/** What only some types say. */
function toldBy(event: Members): Partial<EventLine> {
  const payload = members(event.payload_summary);
  const facts = members(event.metadata);
  const usage = members(payload.usage);
  const decision = members(event.decision);
  const approval = members(event.approval);
  return {
    duration_ms: number(payload.duration_ms, facts.duration_ms, members(facts.otel).duration_ms),
    model: text(payload.model),
    tokens_in: number(usage.input),
    tokens_out: number(usage.output),
    decision: text(decision.policyDecision, decision.policy_decision),
    enforcement: text(decision.enforcementAction, decision.enforcement_action),
    approval_id: text(approval.approval_id),
    approval_status: text(approval.status),
    resolved_by: text(approval.resolved_by),
    error: text(members(event.error).message),
    reason: text(decision.reason, facts.reason),
    outcome: text(facts.outcome),
    handoff_id: text(facts.handoff_id),
    source: text(facts.source_name, payload.source),
    target: text(facts.target_name, payload.target),
    target_run_id: text(facts.target_run_id),
    mcp_server: text(payload.server),
  } as Partial<EventLine>;
}

export function lineOf(stored: StoredEvent): EventLine {
  const event: Members = stored;
  const tool = members(event.tool);
  const action = members(event.action);
  const resource = members(event.resource);
  const otel = members(members(event.metadata).otel);
  const line = {
    event_id: stored.event_id,
    seq: stored.seq,
    replay_us: stored.replay_us,
    session_order: number(event.session_sequence_number),
    run_order: number(event.sequence_number),
    occurred_us: microsecondsOf(stored.timestamp) ?? stored.replay_us,
    type: String(event.type),
    agent_key: String(event.agent_key),
    run_id: stored.run_id ?? undefined,
    session_id: stored.session_id ?? undefined,
    step: text(event.step_name, event.step_key),
    tool: text(tool.name, members(event.payload_summary).tool),
    tool_provider: text(tool.provider),
    action: text(action.type),
    resource: text(resource.type),
    resource_id: text(resource.external_id),
    environment: text(resource.environment, event.environment),
    trace_id: text(otel.trace_id),
    span_id: text(otel.span_id),
    ...toldBy(event),
  };
  return line as EventLine;
}
