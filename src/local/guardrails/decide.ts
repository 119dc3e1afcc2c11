/** What the policies together say of one action: the strictest of those that match. */
import { DECISIONS, type Decision, matches, type Policy, type Subject } from "./policy.ts";

export interface Verdict {
  readonly policy_decision: Decision;
  readonly effective_decision: Decision;
  readonly enforcement_action: "proceed" | "warn" | "block" | "wait_for_approval";
  readonly reason: string | null;
  readonly matched: readonly string[];
}

const ENFORCEMENT = {
  allow: "proceed",
  warn: "warn",
  block: "block",
  require_approval: "wait_for_approval",
} as const satisfies Record<Decision, Verdict["enforcement_action"]>;

/** @param mode of the client: in monitor mode nothing is stopped. */
export function decide(policies: readonly Policy[], subject: Subject, mode: "monitor" | "enforce"): Verdict {
  const matching = policies
    .filter((policy) => matches(policy, subject))
    .sort((a, b) => DECISIONS.indexOf(b.decision) - DECISIONS.indexOf(a.decision));
  const [strictest] = matching;
  const policy = strictest?.decision ?? "allow";
  const isStopping = policy === "block" || policy === "require_approval";
  const effective = mode === "monitor" && isStopping ? "allow" : policy;
  return {
    policy_decision: policy,
    effective_decision: effective,
    enforcement_action: ENFORCEMENT[effective],
    reason: strictest === undefined ? "No policy matches" : (strictest.reason ?? strictest.name),
    matched: matching.map(({ key }) => key),
  };
}
