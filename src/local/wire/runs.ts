/** Bodies of runs, sessions and hand-offs. */
import { z } from "zod";
import { id, index, name, object, text } from "./fields.ts";

export const SESSION_KINDS = ["single_agent", "multi_agent", "pipeline", "activation_proof"] as const;
const HANDOFF_STATUSES = ["requested", "accepted", "completed", "failed"] as const;

const STATUS = z.enum(["completed", "failed", "cancelled"]);

export const CREATE_RUN = z.object({
  agent_key: name,
  agent_id: id,
  agent_version_id: id,
  environment: text,
  input_summary: text,
  metadata: object.nullish(),
});

export const CREATE_SESSION_RUN = z.object({
  agent_key: id,
  agent_id: id,
  agent_version_id: id,
  parent_run_id: id,
  trigger_event_id: id,
  step_key: text,
  step_name: text,
  step_index: index,
  role: text,
  environment: text,
  input_summary: text,
  metadata: object.nullish(),
});

export const COMPLETE_RUN = z.object({ status: STATUS, metadata: object.nullish() });

export const CREATE_SESSION = z.object({
  kind: z.enum(SESSION_KINDS).nullish(),
  orchestrator_agent_key: id,
  orchestrator_agent_id: id,
  environment: text,
  input_summary: text,
  metadata: object.nullish(),
});

export const COMPLETE_SESSION = z.object({
  status: STATUS,
  output_summary: text,
  metadata: object.nullish(),
});

export const CREATE_HANDOFF = z.object({
  source_run_id: id,
  source_agent_id: id,
  target_run_id: id,
  target_agent_id: id,
  trigger_event_id: id,
  reason: text,
  input_summary: text,
  payload_summary: object.nullish(),
  status: z.enum(HANDOFF_STATUSES).nullish(),
});
