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

interface InTime {
  answer: Answer<unknown>;
  /** How long the request waited for a free connection. */
  queuedMs: number;
}

/**
 * A connection that breaks is tried once more at once: a server may close a kept-alive one at any moment. At worst Apie keeps
 * a record of both.
 */
const MAX_ATTEMPTS = 2;
const NOT_BROKEN = new Set(["ETIMEDOUT", "ABORT_ERR"]);
const CALL = "guardrail evaluation";
/** An evaluation that spent more of its time than this waiting for a free connection did not have the time it needs. */
const QUEUED_SHARE = 0.25;

export class Evaluator {
  readonly #options: EvaluatorOptions;

  constructor(options: EvaluatorOptions) {
    this.#options = options;
  }

  async ask(body: EvaluateBody, mode: GuardMode, signal?: AbortSignal): Promise<Evaluation> {
    if (isAborted(signal)) return aborted(signal);
    const { breaker } = this.#options;
    const pass = breaker.tryPass();
    if (pass === undefined) {
      const why = breaker.reason ?? "no answer";
      return failed(
        new ApieError("guard_unavailable", `${CALL}: not asked, since Apie does not answer: ${why}`),
      );
    }
    const { answer, queuedMs } = await this.#answerInTime(body, signal);
    if (isAborted(signal)) {
      breaker.unused(pass);
      return aborted(signal);
    }
    // That every connection was taken, and time ran out over it, says nothing of Apie.
    const isLate = answer.kind === "retry" && answer.cause === "ETIMEDOUT";
    if (isLate && queuedMs > this.#options.timeoutMs * QUEUED_SHARE) {
      breaker.unused(pass);
      return failed(toError(answer, CALL));
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
  async #answerInTime(body: EvaluateBody, signal: AbortSignal | undefined): Promise<InTime> {
    const { timeoutMs } = this.#options;
    const asked = performance.now();
    const given = joined(signal);
    let queuedMs: number | undefined;
    const begun = (ms: number): void => {
      queuedMs ??= ms;
    };
    return new Promise<InTime>((resolve) => {
      const settle = (answer: Answer<unknown>): void => {
        timer.cancel();
        given.release();
        resolve({ answer, queuedMs: queuedMs ?? performance.now() - asked });
      };
      const late = (): void => settle(tooLate(timeoutMs, queuedMs !== undefined));
      const timer = detachedTimer(timeoutMs, late, { keepAlive: true });
      given.signal.addEventListener("abort", late, { once: true });
      this.#attempts(body, given.signal, asked + timeoutMs, begun).then(settle, (cause: unknown) =>
        settle({ kind: "retry", ambiguous: true, message: `failed: ${String(cause)}` }),
      );
    });
  }

  async #attempts(
    body: EvaluateBody,
    signal: AbortSignal,
    deadline: number,
    onBegun: (queuedMs: number) => void,
  ): Promise<Answer<unknown>> {
    for (let attempt = 1; ; attempt += 1) {
      const left = Math.max(1, Math.ceil(deadline - performance.now()));
      const answer = await this.#options.client.evaluate(body, { timeoutMs: left, signal, onBegun });
      const isBroken =
        answer.kind === "retry" && answer.status === undefined && !NOT_BROKEN.has(answer.cause ?? "");
      const mayRetry = isBroken && attempt < MAX_ATTEMPTS && performance.now() < deadline;
      if (!mayRetry || signal.aborted) return answer;
    }
  }
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

/** Polyfills may know no reason. */
const aborted = (signal: AbortSignal | undefined): Evaluation => ({
  kind: "aborted",
  reason: signal?.reason ?? new DOMException("This operation was aborted", "AbortError"),
});

const failed = (error: ApieError): Evaluation => ({ kind: "failed", error });

const tooLate = (timeoutMs: number, hasBegun: boolean): Answer<unknown> => ({
  kind: "retry",
  ambiguous: hasBegun,
  message: `no ${hasBegun ? "answer" : "free connection"} within ${timeoutMs} ms`,
  cause: "ETIMEDOUT",
});
