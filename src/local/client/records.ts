/** What the read API of a local Apie answers, as far as this package looks (`GET /api` lists all of it). */

export interface SessionRecord {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly input_summary: string | null;
  readonly output_summary: string | null;
  readonly metadata: Record<string, unknown> | null;
  readonly completion_metadata: Record<string, unknown> | null;
  readonly counts: {
    readonly runs: number;
    readonly running: number;
    readonly failed: number;
    readonly events: number;
  };
}

export interface RunRecord {
  readonly id: string;
  readonly session_id: string | null;
  readonly parent_run_id: string | null;
  readonly agent_key: string;
  readonly role: string | null;
  readonly step_name: string | null;
  readonly status: string;
  readonly input_summary: string | null;
  readonly metadata: Record<string, unknown> | null;
  readonly completion_metadata: Record<string, unknown> | null;
  readonly trace_id: string | null;
  readonly span_id: string | null;
}

export interface EventRecord {
  readonly event_id: string;
  /** Order of arrival. */
  readonly seq: number;
  readonly type: string;
  readonly run_id: string | null;
  readonly session_id: string | null;
  readonly agent_key: string;
  readonly sequence_number?: number;
  readonly session_sequence_number?: number;
  readonly timestamp: string;
  readonly step_name?: string;
  readonly payload_summary?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
  readonly tool?: { readonly name?: string; readonly provider?: string };
  readonly action?: { readonly type?: string; readonly name?: string };
  readonly resource?: { readonly type?: string; readonly external_id?: string };
  readonly decision?: { readonly policyDecision?: string; readonly effectiveDecision?: string };
  readonly approval?: { readonly approval_id?: string; readonly status?: string };
  readonly error?: { readonly message?: string };
}

export interface HandoffRecord {
  readonly id: string;
  readonly session_id: string;
  readonly status: string;
}

export interface PageOf<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}
