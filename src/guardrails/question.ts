/** The body of an evaluation, as Apie's clients send it: snake_case, but for `riskLevel` in `tool` (protocol: guardrails/evaluate). */
import type { EvaluateBody } from "../apie-api/index.ts";
import type { GuardMode, GuardQuestion } from "../model/guard.ts";

export function evaluateBody(question: GuardQuestion, mode: GuardMode): EvaluateBody {
  const { action, resource, tool, metadata } = question;
  return {
    agent_key: question.agentKey,
    run_id: question.runId,
    mode,
    risk_level: action.riskLevel ?? tool?.riskLevel,
    action: { type: action.type, name: action.name },
    resource: {
      type: resource.type,
      provider: resource.provider,
      environment: resource.environment,
      external_id: resource.id,
    },
    tool:
      tool === undefined
        ? undefined
        : { name: tool.name, provider: tool.provider, riskLevel: tool.riskLevel },
    metadata,
  };
}
