export { readApproval } from "./approvals.ts";
export { type GuardrailOptions, Guardrails } from "./guardrails.ts";
