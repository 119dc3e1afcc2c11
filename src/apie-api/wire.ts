/** Bodies and answers of the Apie HTTP API, snake_case as on the wire. Absent values are left out, never null. */

export interface IdentifyBody {
  agent: {
    key: string;
    name: string;
    purpose?: string | undefined;
    owner_email?: string | undefined;
    team?: string | undefined;
    description?: string | undefined;
  };
  runtime: {
    environment?: string | undefined;
    framework?: string | undefined;
    language: string;
    sdk_version: string;
  };
  model?: { provider?: string | undefined; name?: string | undefined } | undefined;
  mode: string;
  tools?: readonly Record<string, unknown>[] | undefined;
  prompt_hash?: string | undefined;
  hostname: string;
  version?: Record<string, string> | undefined;
  source?: Record<string, string> | undefined;
}

export interface Registration {
  agentId?: string | undefined;
  agentVersionId?: string | undefined;
  workspaceId?: string | undefined;
  configHash?: string | undefined;
  created?: boolean | undefined;
  versionCreated?: boolean | undefined;
  dashboardUrl?: string | undefined;
  recommendedNextStep?: string | undefined;
}

export interface RunBody {
  agent_key?: string | undefined;
  agent_id?: string | undefined;
  agent_version_id?: string | undefined;
  parent_run_id?: string | undefined;
  trigger_event_id?: string | undefined;
  step_key?: string | undefined;
  step_name?: string | undefined;
  step_index?: number | undefined;
  role?: string | undefined;
  environment?: string | undefined;
  input_summary?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
}

export interface SessionBody {
  kind?: string | undefined;
  orchestrator_agent_key?: string | undefined;
  orchestrator_agent_id?: string | undefined;
  environment?: string | undefined;
  input_summary?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
}

export interface CompleteBody {
  status: string;
  output_summary?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
}

export interface HandoffBody {
  source_run_id?: string | undefined;
  source_agent_id?: string | undefined;
  target_run_id?: string | undefined;
  target_agent_id?: string | undefined;
  trigger_event_id?: string | undefined;
  reason?: string | undefined;
  input_summary?: string | undefined;
  payload_summary?: Record<string, unknown> | undefined;
  status: string;
}

/** A run or a session as Apie answers its creation. */
export interface Created {
  id: string;
  sessionId?: string | undefined;
  status?: string | undefined;
  startedAt?: string | undefined;
}

/** What an answer says of one event of the batch. */
export interface EventVerdict {
  /**
   * `again`: not taken this time, and may be later. `unknown`: some of those that are called so were refused, and the answer
   * does not say which.
   */
  outcome: "taken" | "refused" | "again" | "unknown";
  /** One line, of what was not taken. */
  message?: string | undefined;
  /** Where one was given for this event alone. */
  status?: number | undefined;
}

export interface EventsAnswer {
  warnings: readonly string[];
  /** One for each event sent, in their order. */
  events: readonly EventVerdict[];
}

export interface ValidateAnswer {
  accepted?: number | undefined;
  previews: readonly { validationStatus: string; warnings: readonly string[] }[];
}

export interface Health {
  /** `ok` or `error`. */
  status?: string | undefined;
  /** `connected` or `disconnected`. */
  database?: string | undefined;
  /** The server's clock, as an HTTP date. */
  date?: string | undefined;
}

export interface EvaluateBody {
  agent_key: string;
  run_id?: string | undefined;
  mode: string;
  risk_level?: string | undefined;
  action: Record<string, unknown>;
  resource: Record<string, unknown>;
  tool?: Record<string, unknown> | undefined;
  metadata?: Record<string, unknown> | undefined;
}
