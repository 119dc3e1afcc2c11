/** Decides, with Apie, whether work may begin. What a failing evaluation means is decided here and nowhere else. */
import type { ApieClient, EvaluateBody } from "../apie-api/index.ts";
import type { GuardFailureMode } from "../config/index.ts";
import type { Reporter } from "../diagnostics/index.ts";
import { ApieError } from "../model/errors.ts";
import type {
  ApprovalState,
  ApprovalWait,
  GuardDecision,
  GuardMode,
  GuardPort,
  GuardQuestion,
  PolicyDecision,
} from "../model/guard.ts";
import { enforcementOf, observed } from "./answer.ts";
import { Approvals } from "./approvals.ts";
import { Breaker } from "./breaker.ts";
import { Evaluator } from "./evaluator.ts";
import { evaluateBody } from "./question.ts";
import { Turnstile } from "./turnstile.ts";

export interface GuardrailOptions {
  client: ApieClient;
  reporter: Reporter;
  mode: GuardMode;
  /** Whether tool calls are evaluated unless they say otherwise. */
  isOnByDefault: boolean;
  guardFailureMode: GuardFailureMode;
  guardTimeoutMs: number;
  approvalTimeoutMs: number;
  /** Takes secrets out of what Apie says before it is shown. */
  shown: (text: string) => string;
}

/** Evaluations of monitor mode under way at once, and waiting for their turn. */
const OBSERVED_AT_ONCE = 16;
const OBSERVED_WAITING = 1_000;
/** Different decisions that are told; policies and actions are few. */
const MAX_TOLD = 1_000;

export class Guardrails implements GuardPort {
  readonly mode: GuardMode;
  readonly isOnByDefault: boolean;
  readonly #options: GuardrailOptions;
  readonly #evaluator: Evaluator;
  readonly #approvals: Approvals;
  readonly #turnstile = new Turnstile(OBSERVED_AT_ONCE, OBSERVED_WAITING);
  readonly #told = new Set<string>();

  constructor(options: GuardrailOptions) {
    const { client, reporter } = options;
    this.#options = options;
    this.mode = options.mode;
    this.isOnByDefault = options.isOnByDefault;
    this.#evaluator = new Evaluator({
      client,
      breaker: new Breaker(() => performance.now()),
      timeoutMs: options.guardTimeoutMs,
    });
    this.#approvals = new Approvals({ client, onProblem: (error) => reporter.problem(error) });
  }

  evaluate(question: GuardQuestion, signal?: AbortSignal): Promise<GuardDecision> {
    const body = evaluateBody(question, this.mode);
    return this.mode === "enforce" ? this.#enforce(question, body, signal) : this.#observe(question, body);
  }

  waitForApproval(approvalId: string, { timeoutMs, signal }: ApprovalWait = {}): Promise<ApprovalState> {
    return this.#approvals.wait(approvalId, {
      timeoutMs: timeoutMs ?? this.#options.approvalTimeoutMs,
      signal,
    });
  }

  async #enforce(
    question: GuardQuestion,
    body: EvaluateBody,
    signal: AbortSignal | undefined,
  ): Promise<GuardDecision> {
    const evaluation = await this.#evaluator.ask(body, "enforce", signal);
    if (evaluation.kind === "aborted") throw evaluation.reason;
    if (evaluation.kind === "failed") return this.#afterFailure(question, evaluation.error, undefined);
    const { decision } = evaluation;
    if (decision.enforcementAction === "wait_for_approval" && decision.approvalId === undefined) {
      const message = "guardrail evaluation: an approval is required and its id is missing";
      return this.#afterFailure(question, new ApieError("no_approval_id", message), decision);
    }
    if (decision.enforcementAction === "warn") this.#tell(question, decision, "warns of");
    return decision;
  }

  /** Whatever happens, the work goes on. */
  async #observe(question: GuardQuestion, body: EvaluateBody): Promise<GuardDecision> {
    const asked = this.#turnstile.enter(() => this.#evaluator.ask(body, "monitor"));
    const evaluation = await asked;
    if (evaluation?.kind !== "decided") {
      const error =
        evaluation?.kind === "failed"
          ? evaluation.error
          : new ApieError("guard_busy", "guardrail evaluation: left out, too many are under way");
      this.#options.reporter.once(`guard:${error.code}`, `${error.message}; the work went on (monitor mode)`);
      return failedDecision("monitor", "allow", error, undefined);
    }
    const { decision } = evaluation;
    const effective = observed(decision.effectiveDecision);
    if (effective !== decision.effectiveDecision) {
      this.#options.reporter.once(
        "guard_not_obeyed",
        `Apie answers "${decision.effectiveDecision}" to a client in monitor mode, which stops nothing; set mode: "enforce"`,
      );
    }
    const { policyDecision } = decision;
    if (policyDecision !== undefined && policyDecision !== "allow") {
      this.#tell(question, decision, WOULD[policyDecision]);
    }
    return { ...decision, effectiveDecision: effective, enforcementAction: enforcementOf(effective) };
  }

  /** In enforce mode. @throws the failure, where that is what `guardFailureMode` asks for. */
  #afterFailure(
    question: GuardQuestion,
    error: ApieError,
    decision: GuardDecision | undefined,
  ): GuardDecision {
    const { guardFailureMode, reporter } = this.#options;
    if (guardFailureMode === "throw") throw error;
    const effective = guardFailureMode === "fail_closed" ? "block" : "allow";
    const outcome = effective === "block" ? "was blocked" : "went on";
    reporter.once(
      `guard:${error.code}`,
      `${error.message}; ${subjectOf(question)} ${outcome} (guardFailureMode: ${guardFailureMode})`,
    );
    return failedDecision("enforce", effective, error, decision);
  }

  #tell(question: GuardQuestion, decision: GuardDecision, does: string): void {
    const by = decision.matchedGuardrails.join(", ") || "a policy";
    const why = decision.reason === undefined ? "" : `: ${decision.reason}`;
    const message = this.#options.shown(`${by} ${does} ${subjectOf(question)}${why}`);
    if (this.#told.has(message) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(message);
    this.#options.reporter.problem(new ApieError(`guardrail_${decision.policyDecision}`, message));
  }
}

const WOULD: Readonly<Record<Exclude<PolicyDecision, "allow">, string>> = {
  warn: "warns of",
  block: "would block",
  require_approval: "would require approval of",
};

/** What is guarded, in words for messages: of names that are redacted already. */
function subjectOf({ tool, action }: Pick<GuardQuestion, "tool" | "action">): string {
  return tool === undefined ? `action ${action.name ?? action.type ?? "unknown"}` : `tool ${tool.name}`;
}

function failedDecision(
  mode: GuardMode,
  effective: "allow" | "block",
  error: ApieError,
  known: GuardDecision | undefined,
): GuardDecision {
  return {
    policyDecision: known?.policyDecision,
    effectiveDecision: effective,
    enforcementAction: enforcementOf(effective),
    mode,
    reason: `the evaluation failed (${error.code})`,
    decisionId: known?.decisionId,
    receiptId: known?.receiptId,
    approvalId: undefined,
    matchedGuardrails: known?.matchedGuardrails ?? [],
    failure: error.code,
  };
}
