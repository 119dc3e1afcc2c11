/** What an enforced guardrail throws into the agent's code: the only errors of this package that stop work. */
import { ApieError } from "./errors.ts";
import type { ApprovalOutcome, GuardDecision } from "./guard.ts";

/** A guardrail forbids the work, which was not begun. Code `guardrail_blocked`. */
export class GuardrailBlockedError extends ApieError {
  override readonly name = "GuardrailBlockedError";
  /** What was decided, and by which policies. */
  readonly decision: GuardDecision;

  constructor(subject: string, decision: GuardDecision) {
    super("guardrail_blocked", `${subject} is blocked: ${decision.reason ?? "by policy"}`);
    this.decision = decision;
  }
}

/** Nobody allowed the work, which was not begun. Code `approval_rejected`, `approval_expired`, `approval_timeout`, … */
export class ApprovalDeniedError extends ApieError {
  override readonly name = "ApprovalDeniedError";
  readonly approvalId: string;
  readonly approvalStatus: Exclude<ApprovalOutcome, "approved">;

  constructor(subject: string, approvalId: string, status: Exclude<ApprovalOutcome, "approved">) {
    super(`approval_${status}`, `${subject} is not approved: ${WORDS[status]} (approval ${approvalId})`);
    this.approvalId = approvalId;
    this.approvalStatus = status;
  }
}

/** A human has to allow the work, which was not begun, and is not waited for. Code `approval_pending`. */
export class ApprovalPendingError extends ApieError {
  override readonly name = "ApprovalPendingError";
  readonly approvalId: string;

  constructor(subject: string, approvalId: string) {
    super("approval_pending", `${subject} waits for an approval (approval ${approvalId})`);
    this.approvalId = approvalId;
  }
}

const WORDS: Readonly<Record<Exclude<ApprovalOutcome, "approved">, string>> = {
  rejected: "it was rejected",
  expired: "the request expired",
  cancelled: "the request was cancelled",
  timeout: "nobody decided in time",
};
