/** A server whose guardrails answer what a test wants, and a client that asks it. */
import type { ApieOptions } from "../../src/index.ts";
import { type ApiSetup, apiSetup } from "../api/support/api.ts";
import type { Behaviour, RecordingApie } from "../support/recording-apie.ts";

export const EVALUATE = "/v1/guardrails/evaluate";

const ACTION = { type: "execute", name: "deploy" };
const RESOURCE = {
  type: "deployment_event",
  provider: "cicd",
  environment: "production",
  externalId: "web-7",
};
export const DEPLOY = { tool: { name: "deploy", provider: "cicd" }, action: ACTION, resource: RESOURCE };

export function decided(policy: string, more: Record<string, unknown> = {}): Behaviour {
  return {
    body: {
      policy_decision: policy,
      effective_decision: policy,
      mode: "enforce",
      reason: "Production is closed",
      decision_id: "dec_1",
      receipt_id: "rcp_1",
      matched_guardrails: [{ key: "prod-deploys" }],
      ...(policy === "require_approval" ? { approval_request: { id: "appr_1" } } : {}),
      ...more,
    },
  };
}

export interface Guarded extends ApiSetup {
  /** Problems told through `onError`. */
  told: string[];
}

export async function guarded(options: ApieOptions = {}): Promise<Guarded> {
  const told: string[] = [];
  const made = await apiSetup({
    mode: "enforce",
    onError: (error) => void told.push(error.code),
    ...options,
  });
  return { ...made, told };
}

/** Answers of the approval calls, one after the other; the last one again and again. */
export function approvalAnswers(server: RecordingApie, ...statuses: string[]): void {
  let next = 0;
  server.rule((request) => {
    if (!request.path.startsWith("/v1/approvals/")) return undefined;
    const status = statuses[Math.min(next, statuses.length - 1)];
    next += 1;
    return { body: request.path.includes("/wait") ? { status } : { approval: { status } } };
  });
}
