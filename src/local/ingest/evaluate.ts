/** `POST /v1/guardrails/evaluate` and the templates. `decide` is the one place where a decision is made. */
import { readObject, withWarnings } from "../http/body.ts";
import { pathParameter } from "../http/query.ts";
import { Refusal } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";
import type { NewDecision } from "../store/guardrails.ts";
import { orNull } from "../wire/fields.ts";
import { ENABLE_TEMPLATE, EVALUATE, type EvaluateBody } from "../wire/guardrails.ts";

/** Templates Apie documents; which of them a workspace has depends on the workspace. */
export const TEMPLATE_KEYS = [
  "prod-secrets",
  "prod-deploys",
  "prod-database",
  "prod-shell",
  "prod-merge",
  "require_approval_unknown_mcp_tools",
] as const;

type Verdict = Pick<NewDecision, "policy_decision" | "effective_decision" | "enforcement_action" | "reason">;

/** This server holds no policies yet: every action is allowed, and the reason says why. */
function decide(_request: EvaluateBody): Verdict {
  return {
    policy_decision: "allow",
    effective_decision: "allow",
    enforcement_action: "proceed",
    reason: "The local Apie evaluates no policies: every action is allowed",
  };
}

async function evaluate(c: AppContext, services: Services): Promise<Response> {
  const { body, warnings } = await readObject(c, EVALUATE, services.settings.maxBodyBytes);
  const now = services.timestamp();
  const { store } = services;
  const { decision, newAgent } = store.transaction(() => {
    const { agent, created } = store.agents.touch(body.agent_key, now);
    const request = {
      agent_id: agent.id,
      run_id: orNull(body.run_id),
      mode: body.mode,
      ...decide(body),
      request: body,
    };
    return { decision: store.guardrails.decide(request, now), newAgent: created ? agent.id : undefined };
  });
  services.changes.publish([
    ...(newAgent === undefined ? [] : [{ kind: "agent", id: newAgent } as const]),
    { kind: "decision", id: decision.id, run_id: decision.run_id },
  ]);
  const answer = {
    policy_decision: decision.policy_decision,
    effective_decision: decision.effective_decision,
    enforcement_action: decision.enforcement_action,
    mode: decision.mode,
    reason: decision.reason,
    decision_id: decision.id,
    receipt_id: null,
    approval_request: null,
    matched_guardrails: [],
  };
  return c.json(withWarnings(answer, warnings));
}

async function enableTemplate(c: AppContext, services: Services): Promise<Response> {
  const key = pathParameter(c, "key");
  const { warnings } = await readObject(c, ENABLE_TEMPLATE, services.settings.maxBodyBytes);
  if (!(TEMPLATE_KEYS as readonly string[]).includes(key)) {
    throw new Refusal(
      404,
      "not_found",
      `There is no guardrail template ${key}; there are ${TEMPLATE_KEYS.join(", ")}`,
    );
  }
  const template = services.store.transaction(() =>
    services.store.guardrails.enableTemplate(key, services.timestamp()),
  );
  return c.json(withWarnings({ ...template, status: "enabled" }, warnings));
}

export const guardrailRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/guardrails/evaluate",
    summary: "Decide on an action before it is taken; the decision is kept",
    handle: evaluate,
  },
  {
    method: "POST",
    path: "/v1/guardrails/templates/:key/enable",
    summary: "Enable a documented guardrail template; enabling it again changes nothing",
    handle: enableTemplate,
  },
];
