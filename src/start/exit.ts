/** Ends telemetry when the process ends, without taking the application's place. */
import { PACKAGE_NAME } from "../config/index.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

export interface Stoppable {
  flush(): Promise<unknown>;
  shutdown(): Promise<unknown>;
}

/**
 * - When the event loop runs dry, telemetry is shut down; then the process ends.
 * - A signal that nobody else listens to shuts telemetry down, then ends the process as it would have. A second one does not
 *   wait.
 * - A signal the application listens to is the application's: it may still finish requests, or call `process.exit`. What is
 *   known is sent at once, and telemetry goes on.
 */
export function stopOnExit(telemetry: Stoppable): void {
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= attempt(() => telemetry.shutdown());
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
