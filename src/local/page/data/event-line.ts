/**
 * An event as a line: what one line of a replay or a table shows and is filtered by. The server makes them for this page
 * (`view=lines` of its lists of events), and takes their type from here.
 */

/** Members that the event says nothing of are absent. */
export interface EventLine {
  readonly event_id: string;
  /** Order of arrival. */
  readonly seq: number;
  /** Place in the replay: by `replay_us`, then `session_order`, then `seq`. */
  readonly replay_us: number;
  readonly session_order?: number;
  readonly run_order?: number;
  readonly occurred_us: number;
  readonly type: string;
  readonly agent_key: string;
  readonly run_id?: string;
  readonly session_id?: string;
  readonly step?: string;
  readonly tool?: string;
  readonly tool_provider?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly resource_id?: string;
  readonly environment?: string;
  /** Span the event was made from, in hex. */
  readonly trace_id?: string;
  readonly span_id?: string;
  readonly duration_ms?: number;
  readonly model?: string;
  readonly tokens_in?: number;
  readonly tokens_out?: number;
  /** What the policies said, and what was done for it. */
  readonly decision?: string;
  readonly enforcement?: string;
  readonly approval_id?: string;
  readonly approval_status?: string;
  readonly resolved_by?: string;
  readonly error?: string;
  readonly reason?: string;
  readonly outcome?: string;
  readonly handoff_id?: string;
  readonly source?: string;
  readonly target?: string;
  readonly target_run_id?: string;
  readonly mcp_server?: string;
}
