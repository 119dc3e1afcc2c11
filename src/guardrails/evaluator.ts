/** Asks Apie for one decision, within a budget of time that holds whatever Apie, or a transport of the user's, does. */
import {
  type Answer,
  type ApieClient,
  detachedTimer,
  type EvaluateBody,
  joined,
  toError,
} from "../apie-api/index.ts";
import { ApieError } from "../model/errors.ts";
import type { GuardDecision, GuardMode } from "../model/guard.ts";
import { readDecision } from "./answer.ts";
import type { Breaker, EvaluationPass } from "./breaker.ts";

export type Evaluation =
  | { kind: "decided"; decision: GuardDecision }
  /** No decision was to be had; `error.code` says why. */
  | { kind: "failed"; error: ApieError }
  /** The caller's signal. */
  | { kind: "aborted"; reason: unknown };

export interface EvaluatorOptions {
  client: ApieClient;
  breaker: Breaker;
  /** Longest wait for one decision, second attempt included, in ms. */
  timeoutMs: number;
}

/**
 * A connection that breaks is tried once more at once: a server may close a kept-alive one at any moment. At worst Apie keeps
 * a record of both.
 */
const MAX_ATTEMPTS = 2;
const NOT_BROKEN = new Set(["ETIMEDOUT", "ABORT_ERR"]);
const CALL = "guardrail evaluation";

export class Evaluator {
  readonly #options: EvaluatorOptions;

  constructor(options: EvaluatorOptions) {
    this.#options = options;
  }

  async ask(body: EvaluateBody, mode: GuardMode, signal?: AbortSignal): Promise<Evaluation> {
    if (isAborted(signal)) return { kind: "aborted", reason: signal?.reason };
    const { breaker } = this.#options;
    const pass = breaker.tryPass();
    if (pass === undefined) {
      const why = breaker.reason ?? "no answer";
      return failed(
        new ApieError("guard_unavailable", `${CALL}: not asked, since Apie does not answer: ${why}`),
      );
    }
    const answer = await this.#answerInTime(body, signal);
    if (isAborted(signal)) {
      breaker.unused(pass);
      return { kind: "aborted", reason: signal?.reason };
    }
    return this.#read(answer, mode, pass);
  }

  #read(answer: Answer<unknown>, mode: GuardMode, pass: EvaluationPass): Evaluation {
    const { breaker } = this.#options;
    if (answer.kind === "ok") {
      breaker.answered();
      const decision = readDecision(answer.value, mode);
      return decision === undefined
        ? failed(new ApieError("bad_answer", `${CALL}: the answer holds no decision that is known`))
        : { kind: "decided", decision };
    }
    if (answer.kind === "invalid") breaker.answered();
    else breaker.failed(pass, answer.message, answer.kind === "denied");
    return failed(toError(answer, CALL));
  }

  /** Never rejects, and never takes longer than the budget. */
  async #answerInTime(body: EvaluateBody, signal: AbortSignal | undefined): Promise<Answer<unknown>> {
    const { timeoutMs } = this.#options;
    const deadline = performance.now() + timeoutMs;
    const given = joined(signal);
    return new Promise<Answer<unknown>>((resolve) => {
      const timer = detachedTimer(timeoutMs, () => settle(tooLate(timeoutMs)), { keepAlive: true });
      const settle = (answer: Answer<unknown>): void => {
        timer.cancel();
        given.release();
        resolve(answer);
      };
      given.signal.addEventListener("abort", () => settle(tooLate(timeoutMs)), { once: true });
      this.#attempts(body, given.signal, deadline).then(settle, (cause: unknown) =>
        settle({ kind: "retry", ambiguous: true, message: `failed: ${String(cause)}` }),
      );
    });
  }

  async #attempts(body: EvaluateBody, signal: AbortSignal, deadline: number): Promise<Answer<unknown>> {
    for (let attempt = 1; ; attempt += 1) {
      const left = Math.max(1, Math.ceil(deadline - performance.now()));
      const answer = await this.#options.client.evaluate(body, { timeoutMs: left, signal });
      const isBroken =
        answer.kind === "retry" && answer.status === undefined && !NOT_BROKEN.has(answer.cause ?? "");
      const mayRetry = isBroken && attempt < MAX_ATTEMPTS && performance.now() < deadline;
      if (!mayRetry || signal.aborted) return answer;
    }
  }
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

const failed = (error: ApieError): Evaluation => ({ kind: "failed", error });

const tooLate = (timeoutMs: number): Answer<unknown> => ({
  kind: "retry",
  ambiguous: true,
  message: `no answer within ${timeoutMs} ms`,
  cause: "ETIMEDOUT",
});
