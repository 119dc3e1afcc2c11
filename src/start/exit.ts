/** Ends telemetry when the process ends, without taking the application's place. */
import { PACKAGE_NAME } from "../config/index.ts";
import type { FlushReport } from "../delivery/index.ts";
import { Reporter } from "../diagnostics/index.ts";
import { ApieError } from "../model/errors.ts";
import type { Started } from "./start-apie.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * What the end gave up, in a sentence; nothing when all had arrived, or waits on disk. What was lost before, as by a redactor that
 * keeps events back, is not the end's.
 */
function lossOf({ reasons: { shutdown: lost = 0 }, lastError }: FlushReport): string | undefined {
  if (lost === 0) return undefined;
  const why = lastError === undefined ? "" : ` (${lastError})`;
  return `the process ended before all of it had reached Apie${why}; lost: ${lost} (events, beginnings and ends of runs and sessions)`;
}

/**
 * - When the event loop runs dry, telemetry is shut down; then the process ends.
 * - A signal that nobody else listens to shuts telemetry down, then ends the process as it would have. A second one does not
 *   wait.
 * - A signal the application listens to is the application's: it may still finish requests, or call `process.exit`. What is
 *   known is sent at once, and telemetry goes on.
 *
 * What is lost by the end is told as `onError` says.
 */
export function stopOnExit(telemetry: Started): void {
  const reporter = new Reporter(telemetry.apie.spanProcessor.config.onError);
  // Nobody else gets the report of this shutdown.
  const end = async (): Promise<void> => {
    const loss = lossOf(await telemetry.shutdown());
    if (loss !== undefined) reporter.problem(new ApieError("lost_at_exit", loss));
  };
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= attempt(end);
    return stopping;
  };
  process.once("beforeExit", () => void stop());
  for (const signal of SIGNALS) {
    // First in line, so that listeners which are called once still stand behind it.
    process.prependOnceListener(signal, () => {
      if (process.listenerCount(signal) > 0) void attempt(() => telemetry.flush());
      else void stop().then(() => process.kill(process.pid, signal));
    });
  }
}

/** There is nobody left to catch what `onError: "throw"` throws. */
async function attempt(end: () => Promise<unknown>): Promise<void> {
  try {
    await end();
  } catch (error) {
    console.error(`[${PACKAGE_NAME}] ${error instanceof Error ? error.message : String(error)}`);
  }
}
