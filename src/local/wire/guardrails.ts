/** Bodies of guardrail evaluation and of boundary reports. */
import { z } from "zod";
import { id, mode, name, object, text, texts } from "./fields.ts";

export const EVALUATE = z.object({
  agent_key: name,
  run_id: id,
  mode,
  risk_level: text,
  // Passed through as given by callers, so further keys (a camelCase riskLevel) are usual.
  action: z.looseObject({ type: name, name: text }),
  resource: z.looseObject({ type: name, provider: text, environment: text, external_id: text }),
  tool: z.looseObject({ name, provider: text, riskLevel: text }).nullish(),
  metadata: object.nullish(),
});

export type EvaluateBody = z.output<typeof EVALUATE>;

export const ENABLE_TEMPLATE = z.object({});

const instant = z.iso.datetime({ offset: true, error: "must be an ISO 8601 date and time with its zone" });

const REPORT_TYPES = [
  "agent_boundary_report",
  "release_readiness_report",
  "incident_report",
  "customer_evidence_pack",
] as const;

export const CREATE_REPORT = z.object({
  title: text,
  report_type: z.enum(REPORT_TYPES).nullish(),
  window: z.enum(["24h", "7d", "30d"]).nullish(),
  time_window: z.object({ from: instant, to: instant }).nullish(),
  filters: z.object({ environments: texts, agent_version_id: text }).nullish(),
  sections: texts,
});

export type CreateReportBody = z.output<typeof CREATE_REPORT>;
