/** Reads what `POST /v1/guardrails/evaluate` answers. An answer that cannot be understood is a failed evaluation, never a yes. */
import type { EnforcementAction, GuardDecision, GuardMode, PolicyDecision } from "../model/guard.ts";

const ENFORCEMENT: Readonly<Record<PolicyDecision, EnforcementAction>> = {
  allow: "proceed",
  warn: "warn",
  block: "block",
  require_approval: "wait_for_approval",
};

export const enforcementOf = (decision: PolicyDecision): EnforcementAction => ENFORCEMENT[decision];

/** Decisions that only observe let pass what they would have stopped. */
export const observed = (decision: PolicyDecision): PolicyDecision =>
  decision === "block" || decision === "require_approval" ? "allow" : decision;

const isDecision = (word: unknown): word is PolicyDecision =>
  typeof word === "string" && Object.hasOwn(ENFORCEMENT, word);

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};
const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
/** A number is an id as well: without one the approval could not be waited for. */
const idOf = (value: unknown): string | undefined =>
  typeof value === "number" ? String(value) : textOf(value);

/**
 * @param asked the client's mode; Apie may answer another.
 * @returns `undefined` when the answer holds no decision, or one in words that are not known.
 */
export function readDecision(body: unknown, asked: GuardMode): GuardDecision | undefined {
  const fields = fieldsOf(body);
  const policy = fields.policy_decision ?? fields.decision;
  const mode = fields.mode === "monitor" || fields.mode === "enforce" ? fields.mode : asked;
  const said = fields.effective_decision ?? undefined;

  if (said !== undefined && !isDecision(said)) return undefined;
  if (policy !== undefined && policy !== null && !isDecision(policy)) return undefined;
  const policyDecision = isDecision(policy) ? policy : said;
  if (policyDecision === undefined) return undefined;
  const effective = said ?? (mode === "monitor" ? observed(policyDecision) : policyDecision);
  return {
    policyDecision,
    effectiveDecision: effective,
    enforcementAction: ENFORCEMENT[effective],
    mode,
    reason: textOf(fields.reason),
    decisionId: textOf(fields.decision_id),
    receiptId: textOf(fields.receipt_id),
    approvalId: idOf(fieldsOf(fields.approval_request).id) ?? idOf(fields.approval_id),
    matchedGuardrails: matchedIn(fields.matched_guardrails),
    failure: undefined,
  };
}

const MAX_MATCHED = 32;

/** Objects with a `key`, or the keys themselves. */
function matchedIn(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .map((item: unknown) => textOf(item) ?? textOf(fieldsOf(item).key) ?? textOf(fieldsOf(item).name))
    .filter((key) => key !== undefined)
    .slice(0, MAX_MATCHED);
}
