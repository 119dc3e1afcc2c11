/**
 * Functions of the user's. What one throws, now or (an async one) later, is told once, with secrets replaced, and costs only
 * what it would have given.
 */
import type { Reporter } from "../diagnostics/index.ts";
import type { Redactor } from "../events/index.ts";
import { reasonOf } from "../model/errors.ts";

export type HookName = "a convention" | "onDrop" | "queueIdempotencyKey" | "redact" | "waitUntil";

export class Hooks {
  readonly #reporter: Reporter;
  readonly #redactor: Redactor;

  constructor(reporter: Reporter, redactor: Redactor) {
    this.#reporter = reporter;
    this.#redactor = redactor;
  }

  /** @returns what the hook gave, `undefined` when it threw. */
  call(hook: HookName, run: () => unknown): unknown {
    try {
      const given = run();
      if (isThenable(given)) {
        Promise.resolve(given).catch((error: unknown) => this.failed(hook, error));
      }
      return given;
    } catch (error) {
      this.failed(hook, error);
      return undefined;
    }
  }

  failed(hook: HookName, error: unknown): void {
    this.#reporter.once(`${hook}_failed`, `${hook} failed: ${this.#redactor.text(reasonOf(error))}`);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
