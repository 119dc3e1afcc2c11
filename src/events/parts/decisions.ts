/** What guardrails and people decided. */
import { type EventFacts, type EventParts, wordOf } from "./facts.ts";
import { actionPart, resourcePart } from "./target.ts";

const DECISIONS = ["allow", "warn", "block", "require_approval"] as const;
const ENFORCEMENTS = ["proceed", "warn", "block", "wait_for_approval"] as const;
const MODES = ["monitor", "enforce"] as const;
const RESOLUTIONS = ["approved", "rejected", "expired", "cancelled", "timeout"] as const;

export function guardrail(facts: EventFacts): EventParts {
  const { guardrail: decided } = facts.activity;
  // A decision that is not known lets pass, as in the vendor's SDK.
  const policyDecision = wordOf(DECISIONS, decided?.policyDecision) ?? "allow";
  const decision = {
    policyDecision,
    effectiveDecision: wordOf(DECISIONS, decided?.effectiveDecision) ?? policyDecision,
    enforcementAction: wordOf(ENFORCEMENTS, decided?.enforcementAction),
    mode: wordOf(MODES, decided?.mode),
    reason: decided?.reason,
  };
  return {
    action: actionPart({ ...facts, name: decided?.name ?? facts.name }),
    resource: resourcePart(facts),
    environment: facts.activity.resource?.environment,
    decision,
    metadata: {
      ...facts.activity.metadata,
      ...decision,
      guardrail: decided?.name,
      target: decided?.target,
      triggered: decided?.triggered,
      decision_id: decided?.decisionId,
      receipt_id: decided?.receiptId,
      matched: decided?.matched,
    },
  };
}

export function approvalRequested(facts: EventFacts): EventParts {
  const { approval: asked, action, resource, metadata } = facts.activity;
  const hasTarget = action !== undefined || resource !== undefined;
  return {
    ...(hasTarget ? { action: actionPart(facts), resource: resourcePart(facts) } : {}),
    approval: { approval_id: asked?.id, status: "pending" },
    metadata: { ...metadata, approval_id: asked?.id, reason: asked?.reason },
  };
}

export function approvalResolved({ activity, captureContent }: EventFacts): EventParts {
  const { approval: asked, metadata } = activity;
  // An answer in another's words is an answer all the same; the word is kept beside.
  const fallback = asked?.status === undefined ? "timeout" : "cancelled";
  return {
    approval: {
      approval_id: asked?.id,
      status: wordOf(RESOLUTIONS, asked?.status) ?? fallback,
      resolved_by: captureContent ? asked?.resolvedBy : undefined,
    },
    metadata: { ...metadata, approval_id: asked?.id, status: asked?.status, reason: asked?.reason },
  };
}
