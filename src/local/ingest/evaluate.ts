/** `POST /v1/guardrails/evaluate` and the templates. */
import { decide } from "../guardrails/decide.ts";
import { subjectOf } from "../guardrails/policy.ts";
import { TEMPLATES } from "../guardrails/templates.ts";
import { readObject, withWarnings } from "../http/body.ts";
import { pathParameter } from "../http/query.ts";
import { Refusal } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import { newId } from "../ids.ts";
import type { Services } from "../services.ts";
import type { Store } from "../store/index.ts";
import { orNull } from "../wire/fields.ts";
import { ENABLE_TEMPLATE, EVALUATE, type EvaluateBody } from "../wire/guardrails.ts";

const addMs = (instant: string, ms: number): string => new Date(Date.parse(instant) + ms).toISOString();

/** Whether the agent has said, by capability or definition, that it uses the tool. */
function isDeclared(store: Store, agentId: string, tool: EvaluateBody["tool"]): boolean {
  if (!tool) return false;
  const isIt = (declared: { name: string; provider: string | null }): boolean =>
    declared.name === tool.name &&
    (declared.provider === null || declared.provider === (tool.provider ?? null));
  return (
    store.declarations.capabilities(agentId).some((capability) => isIt(capability.tool)) ||
    store.declarations.tools(agentId).some(isIt)
  );
}

async function evaluate(c: AppContext, services: Services): Promise<Response> {
  const { body, warnings } = await readObject(c, services, EVALUATE);
  const now = services.timestamp();
  const { store } = services;
  const { decision, newAgent } = store.transaction(() => {
    const { agent, created } = store.agents.touch(body.agent_key, now);
    const subject = subjectOf(body, isDeclared(store, agent.id, body.tool));
    const verdict = decide(store.policies.enabled(), subject, body.mode);
    const run_id = orNull(body.run_id);
    const waits = verdict.enforcement_action === "wait_for_approval";
    const decision = store.guardrails.decide(
      {
        agent_id: agent.id,
        run_id,
        mode: body.mode,
        ...verdict,
        approval_id: waits ? newId("appr") : null,
        request: body,
      },
      now,
    );
    if (decision.approval_id !== null) {
      store.guardrails.requestApproval(
        {
          id: decision.approval_id,
          agent_id: agent.id,
          run_id,
          session_id: run_id === null ? null : (store.runs.byId(run_id)?.session_id ?? null),
          reason: decision.reason,
          request: { action: body.action, resource: body.resource, tool: body.tool ?? null },
          decision_id: decision.id,
          expires_at: addMs(now, services.settings.approvalTtlMs),
        },
        now,
      );
    }
    return { decision, newAgent: created ? agent.id : undefined };
  });
  services.changes.publish([
    ...(newAgent === undefined ? [] : [{ kind: "agent", id: newAgent } as const]),
    { kind: "decision", id: decision.id, run_id: decision.run_id },
    ...(decision.approval_id === null
      ? []
      : [{ kind: "approval", id: decision.approval_id, run_id: decision.run_id } as const]),
  ]);
  const answer = {
    policy_decision: decision.policy_decision,
    effective_decision: decision.effective_decision,
    enforcement_action: decision.enforcement_action,
    mode: decision.mode,
    reason: decision.reason,
    decision_id: decision.id,
    receipt_id: decision.receipt_id,
    approval_request: decision.approval_id === null ? null : { id: decision.approval_id },
    matched_guardrails: decision.matched.map((key) => ({ key })),
  };
  return c.json(withWarnings(answer, warnings));
}

async function enableTemplate(c: AppContext, services: Services): Promise<Response> {
  const key = pathParameter(c, "key");
  const { warnings } = await readObject(c, services, ENABLE_TEMPLATE);
  const policy = TEMPLATES.find((candidate) => candidate.key === key);
  if (policy === undefined) {
    const keys = TEMPLATES.map((one) => one.key).join(", ");
    throw new Refusal(404, "not_found", `There is no guardrail template ${key}; there are ${keys}`);
  }
  const { store } = services;
  const now = services.timestamp();
  const template = store.transaction(() => {
    const enabled = store.guardrails.enableTemplate(key, now);
    // One that somebody put in its place stays.
    if (store.policies.find(key) === undefined) store.policies.put(policy, "template", true, now);
    return enabled;
  });
  services.changes.publish([{ kind: "policy", id: key }]);
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
