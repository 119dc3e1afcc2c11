/** How commands end: the codes, and one plain message for what the user can mend, a stack for what is our fault. */
import { CommanderError } from "commander";
import { PACKAGE_NAME } from "../config/index.ts";
import { ApieConfigError, ApieError } from "../model/errors.ts";
import { printable } from "../model/printable.ts";

/** Exit codes of all commands; `docs/command-line.md` says what each command means by them. */
export const EXIT = {
  ok: 0,
  /** It ran, and the answer is no: something is wrong, was not found, or does not answer. */
  failed: 1,
  /** It was called wrongly, or what it was to read cannot be read. */
  usage: 2,
} as const;

/** What the user has to call, or to give, otherwise. */
export class UsageError extends ApieError {
  override readonly name = "UsageError";

  constructor(message: string, cause?: unknown) {
    super("usage", message, { cause });
  }
}

export const EXIT_HELP =
  "Exit codes: 0 done, 1 failed, 2 called wrongly or nothing readable given. All commands: docs/command-line.md";

/** Prints the error to stderr, unless that was done; answers the exit code. */
export function reportFailure(error: unknown): number {
  // What was wrong with the call has been printed; help and version were asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const text =
    error instanceof ApieError ? error.message : error instanceof Error ? error.stack : String(error);
  // Some of it are words of servers, and names in what was read.
  const lines = (text ?? "").split("\n").map((line) => printable(line));
  process.stderr.write(`${PACKAGE_NAME}: ${lines.join("\n")}\n`);
  return error instanceof UsageError || error instanceof ApieConfigError ? EXIT.usage : EXIT.failed;
}
