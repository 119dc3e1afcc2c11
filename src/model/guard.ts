/** Guardrails in the words all parts speak of: what is asked, what was decided, what waits for a human. */
import type { ActionFacts, ResourceFacts, ToolFacts } from "./activity.ts";

export type GuardMode = "monitor" | "enforce";
export type PolicyDecision = "allow" | "warn" | "block" | "require_approval";
export type EnforcementAction = "proceed" | "warn" | "block" | "wait_for_approval";
export type ApprovalOutcome = "approved" | "rejected" | "expired" | "cancelled" | "timeout";

/** What is about to be done. Texts are redacted already. */
export interface GuardQuestion {
  readonly agentKey: string;
  /** Apie's id of the run, once known. */
  readonly runId: string | undefined;
  readonly action: ActionFacts;
  readonly resource: ResourceFacts;
  readonly tool: ToolFacts | undefined;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
}

/** What became of one evaluation. `enforcementAction` is what the client does, whatever the rest says. */
export interface GuardDecision {
  /** What the policy says; `undefined` when the evaluation failed. */
  readonly policyDecision: PolicyDecision | undefined;
  /** What applies after mode and failure rules. */
  readonly effectiveDecision: PolicyDecision;
  readonly enforcementAction: EnforcementAction;
  /** The mode that applied; Apie may answer another than the client's. */
  readonly mode: GuardMode;
  readonly reason: string | undefined;
  readonly decisionId: string | undefined;
  readonly receiptId: string | undefined;
  /** Where a human is to be asked. */
  readonly approvalId: string | undefined;
  /** Keys of the policies that matched. */
  readonly matchedGuardrails: readonly string[];
  /** Why the evaluation failed, as a stable word such as `timeout`; `guardFailureMode` decided then. */
  readonly failure: string | undefined;
}

export interface ApprovalState {
  readonly status: ApprovalOutcome | "pending";
  /** Content: shown only with content capture on. */
  readonly resolvedBy: string | undefined;
}

/** The part of the guardrails that the API's calls need. */
export interface GuardPort {
  /** The client's own mode. */
  readonly mode: GuardMode;
  /** Whether tool calls are evaluated unless they say otherwise. */
  readonly isOnByDefault: boolean;
  /**
   * Resolves within the budget of one guard, whatever Apie does.
   * @throws in enforce mode only: the failure itself where `guardFailureMode` is `throw`, the signal's reason when aborted.
   */
  evaluate(question: GuardQuestion, signal?: AbortSignal): Promise<GuardDecision>;
  /** Resolves with what a human decided, or with `timeout`, or with `cancelled` when aborted. Never rejects. */
  waitForApproval(approvalId: string, options?: ApprovalWait): Promise<ApprovalState>;
}

export interface ApprovalWait {
  /** Longest wait in ms. Default `approvalTimeoutMs`. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}
