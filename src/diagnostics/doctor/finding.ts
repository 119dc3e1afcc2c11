/** What a check found, in words, with what to do about it. */

/**
 * - `ok`: looked at, and as it should be.
 * - `info`: worth knowing, or could not be told from here.
 * - `warning`: works, and something is missing or will be lost.
 * - `error`: agent work does not arrive somewhere it is meant to.
 */
export type FindingLevel = "ok" | "info" | "warning" | "error";

export interface Finding {
  /** Stable word of the check, as in docs/diagnostics.md. */
  readonly check: string;
  readonly level: FindingLevel;
  /** What is the case. Holds no key and no content. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string | undefined;
}

/** A finding whose check is known to the caller. */
export type Found = Omit<Finding, "check">;

export const ok = (message: string): Found => ({ level: "ok", message });
export const info = (message: string, remedy?: string): Found => ({ level: "info", message, remedy });
export const warning = (message: string, remedy: string): Found => ({ level: "warning", message, remedy });
export const error = (message: string, remedy: string): Found => ({ level: "error", message, remedy });
