/** How problems of our own are told. Nothing here ever reaches the code of the agent. */
import { diag } from "@opentelemetry/api";
import { type ApieConfig, PACKAGE_NAME, type ReportedError } from "../config/index.ts";
import { ApieError } from "../model/errors.ts";

export type OnError = ApieConfig["onError"];

export class Reporter {
  readonly #onError: OnError;
  readonly #told = new Set<string>();

  constructor(onError: OnError) {
    this.#onError = onError;
  }

  /** Whether `flush()` and `shutdown()` are to reject when something was lost. */
  get throws(): boolean {
    return this.#onError === "throw";
  }

  /** Tells OpenTelemetry's diagnostics, and the user in the way `onError` says. */
  problem(error: ApieError): void {
    attempt(() => diag.warn(`${PACKAGE_NAME}: ${error.message}`));
    const onError = this.#onError;
    if (typeof onError === "function") callHook(onError, error);
    else if (onError !== "silent") attempt(() => console.warn(`[${PACKAGE_NAME}] ${error.message}`));
  }

  /** A problem that would otherwise be told thousands of times. */
  once(code: string, message: string | (() => string)): void {
    if (this.#told.has(code)) return;
    this.#told.add(code);
    this.problem(new ApieError(code, typeof message === "string" ? message : message()));
  }
}

/** A hook may throw, and may be async and fail later: neither may end the process. */
function callHook(onError: (error: ReportedError) => unknown, error: ApieError): void {
  const failed = (cause: unknown): void =>
    attempt(() => diag.error(`${PACKAGE_NAME}: onError failed`, cause));
  try {
    const returned = onError(error);
    if (typeof (returned as { then?: unknown } | null | undefined)?.then === "function") {
      Promise.resolve(returned).catch(failed);
    }
  } catch (cause) {
    failed(cause);
  }
}

/** The logger is the application's and may throw too; there is nobody left to tell. */
function attempt(tell: () => void): void {
  try {
    tell();
  } catch {
    // Told in vain.
  }
}
