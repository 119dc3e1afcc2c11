/** What the read API answers, as far as the page looks (`GET /api` lists all of it). A test holds it to the server's own types. */

import type { EventLine } from "./event-line.ts";

export type Members = Readonly<Record<string, unknown>>;

export interface PageOf<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

export interface Counts {
  readonly events: number;
  readonly errors: number;
  readonly failures: number;
  readonly tokens: { readonly input: number; readonly output: number };
}

export interface Session {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly environment: string | null;
  readonly orchestrator_agent_key: string | null;
  readonly input_summary: string | null;
  readonly output_summary: string | null;
  readonly started_at: string;
  readonly completed_at: string | null;
  readonly duration_ms: number | null;
  readonly metadata: unknown;
  readonly completion_metadata: unknown;
  readonly agents: readonly string[];
  readonly counts: Counts & { readonly runs: number; readonly running: number; readonly failed: number };
}

/** A run that only events speak of. */
export interface UnopenedRun {
  readonly run_id: string;
  readonly agent_key: string;
  readonly events: number;
  readonly first_received_at: string;
  readonly last_received_at: string;
}

export interface SessionAnswer {
  readonly session: Session;
  readonly unopened_runs: readonly UnopenedRun[];
}

export interface Run {
  readonly id: string;
  readonly session_id: string | null;
  readonly parent_run_id: string | null;
  readonly agent_key: string;
  readonly role: string | null;
  readonly step_name: string | null;
  readonly environment: string | null;
  readonly status: string;
  readonly input_summary: string | null;
  readonly metadata: unknown;
  readonly completion_metadata: unknown;
  readonly started_at: string;
  readonly completed_at: string | null;
  readonly duration_ms: number | null;
  readonly trace_id: string | null;
  readonly span_id: string | null;
  readonly counts: Counts;
}

export interface RunAnswer {
  /** Null for a run that only events speak of. */
  readonly run: Run | null;
  readonly unopened?: UnopenedRun | undefined;
}

export interface Handoff {
  readonly id: string;
  readonly source_run_id: string | null;
  readonly target_run_id: string | null;
  readonly trigger_event_id: string | null;
  readonly reason: string | null;
  readonly status: string;
  readonly created_at: string;
}

export interface EventsAnswer extends PageOf<EventLine> {
  readonly last_cursor: string | null;
}

export interface EventAnswer {
  readonly event: Members;
  /** The event's JSON exactly as it was sent. */
  readonly raw: unknown;
}

export interface SpanLink {
  readonly trace_id: string;
  readonly span_id: string;
  readonly attributes: Members;
}

export interface Span {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string | null;
  readonly name: string;
  readonly kind: string;
  readonly status: { readonly code: string; readonly message: string };
  readonly start_time_unix_nano: string;
  readonly end_time_unix_nano: string;
  readonly attributes: Members;
  readonly events: readonly {
    readonly name: string;
    readonly time_unix_nano: string;
    readonly attributes: Members;
  }[];
  readonly links: readonly SpanLink[];
  readonly resource: { readonly attributes: Members };
  readonly scope: { readonly name: string; readonly version: string };
}

export interface Agent {
  readonly id: string;
  readonly key: string;
  readonly name: string | null;
  readonly purpose: string | null;
  readonly owner_email: string | null;
  readonly team: string | null;
  readonly description: string | null;
  readonly mode: string | null;
  readonly identified: boolean;
  readonly first_seen_at: string;
  readonly last_seen_at: string;
}

export interface AgentVersion {
  readonly id: string;
  readonly config_hash: string;
  readonly config: unknown;
  readonly created_at: string;
  readonly last_identified_at: string;
}

export interface DeclaredTool {
  readonly tool: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly environments: readonly string[];
}

export interface ObservedUse {
  readonly tool: string | null;
  readonly provider: string | null;
  readonly action: string | null;
  readonly resource: string | null;
  readonly environment: string | null;
  readonly events: number;
  readonly calls: number;
  readonly first_seen_at: string;
  readonly last_seen_at: string;
}

export interface Boundary {
  readonly declared: readonly DeclaredTool[];
  readonly observed: readonly ObservedUse[];
  readonly drift: {
    readonly undeclared_tools: readonly { readonly tool: string; readonly events: number }[];
    readonly undeclared_actions: readonly { readonly tool: string; readonly action: string }[];
    readonly undeclared_resources: readonly { readonly tool: string; readonly resource: string }[];
    readonly undeclared_environments: readonly { readonly tool: string; readonly environment: string }[];
    readonly unused_tools: readonly string[];
  };
}

export interface AgentAnswer {
  readonly agent: Agent;
  readonly versions: readonly AgentVersion[];
  readonly boundary: Boundary;
}

export interface Policy {
  readonly key: string;
  readonly name: string;
  readonly decision: string;
  readonly reason: string | null;
  readonly match: {
    readonly tools: readonly string[];
    readonly actions: readonly string[];
    readonly resources: readonly string[];
    readonly environments: readonly string[];
    readonly risk_levels: readonly string[];
    readonly agents: readonly string[];
    readonly undeclared_tool: boolean;
  };
}

export interface StoredPolicy extends Policy {
  readonly source: "template" | "custom";
  readonly enabled: boolean;
}

export interface PoliciesAnswer {
  readonly items: readonly StoredPolicy[];
  /** Documented ones that are not enabled. */
  readonly templates: readonly Policy[];
}

export interface Decision {
  readonly id: string;
  readonly agent_id: string;
  readonly run_id: string | null;
  readonly mode: string;
  readonly policy_decision: string;
  readonly effective_decision: string;
  readonly enforcement_action: string;
  readonly reason: string | null;
  readonly matched: readonly string[];
  readonly approval_id: string | null;
  readonly request: unknown;
  readonly decided_at: string;
}

export interface Approval {
  readonly id: string;
  readonly agent_id: string;
  readonly run_id: string | null;
  readonly session_id: string | null;
  readonly status: string;
  readonly reason: string | null;
  readonly request: unknown;
  readonly decision_id?: string | null;
  readonly expires_at?: string | null;
  readonly requested_at: string;
  readonly resolved_at: string | null;
  readonly resolved_by: string | null;
}

/** One message of `GET /api/stream`. */
export interface Change {
  readonly kind: string;
  readonly id: string;
  readonly session_id?: string | null;
  readonly run_id?: string | null;
  readonly trace_id?: string;
}
