/** A policy as it is given: in the body of `POST /api/policies`, and in the options of `startLocalApie`. */
import { z } from "zod";
import { DECISIONS, type Policy } from "../guardrails/policy.ts";
import { name, text } from "./fields.ts";

const MAX_PATTERNS = 100;
const patterns = z.array(z.string().min(1, "must not be empty").max(256)).max(MAX_PATTERNS).nullish();

export const POLICY = z.object({
  key: z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9][\w.-]*$/, "must be letters, digits, - _ and . only"),
  name: text,
  decision: z.enum(DECISIONS),
  reason: text,
  match: z
    .object({
      tools: patterns,
      actions: patterns,
      resources: patterns,
      environments: patterns,
      risk_levels: patterns,
      agents: patterns,
      undeclared_tool: z.boolean().nullish(),
    })
    .nullish(),
  enabled: z.boolean().nullish(),
});

export type PolicyBody = z.input<typeof POLICY>;

export function policyOf({ key, name: title, decision, reason, match }: z.output<typeof POLICY>): Policy {
  return {
    key,
    name: title || key,
    decision,
    reason: reason || null,
    match: {
      tools: match?.tools ?? [],
      actions: match?.actions ?? [],
      resources: match?.resources ?? [],
      environments: match?.environments ?? [],
      risk_levels: match?.risk_levels ?? [],
      agents: match?.agents ?? [],
      undeclared_tool: match?.undeclared_tool ?? false,
    },
  };
}

export const RESOLVE = z.object({
  status: z.enum(["approved", "rejected", "cancelled"]),
  /** Who decided. */
  resolved_by: name.nullish(),
});
