/** How commands end badly: one plain message for what the user can mend, a stack for what is our fault. */
import { PACKAGE_NAME } from "../config/index.ts";
import { ApieError } from "../model/errors.ts";

/** Prints the error to stderr; answers the exit code. */
export function reportFailure(error: unknown): number {
  const text =
    error instanceof ApieError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${PACKAGE_NAME}: ${text}\n`);
  return 1;
}
