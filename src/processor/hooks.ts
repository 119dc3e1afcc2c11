/**
 * Functions of the user's. What one throws, now or (an async one) later, is told once, with secrets replaced, and costs only
 * what it would have given.
 */
import type { Reporter } from "../diagnostics/index.ts";
import { type Redactor, told } from "../events/index.ts";

export type HookName =
  | "a convention"
  | "describe"
  | "onDrop"
  | "queueIdempotencyKey"
  | "redact"
  | "the meter provider"
  | "waitUntil";

export class Hooks {
  readonly #reporter: Reporter;
  readonly #redactor: Redactor;

  constructor(reporter: Reporter, redactor: Redactor) {
    this.#reporter = reporter;
    this.#redactor = redactor;
  }

  /** @param given to the hook. @returns what the hook gave, `undefined` when it threw. */
  call(hook: HookName, given: unknown, run: () => unknown): unknown {
    try {
      const answer = run();
      if (isThenable(answer)) {
        Promise.resolve(answer).catch((error: unknown) => this.failed(hook, error, given));
      }
      return answer;
    } catch (error) {
      this.failed(hook, error, given);
      return undefined;
    }
  }

  /** @param given to the hook: its error may quote that. */
  failed(hook: HookName, error: unknown, given?: unknown): void {
    this.#reporter.once(`${hook}_failed`, () => `${hook} failed: ${told(error, given, this.#redactor)}`);
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
