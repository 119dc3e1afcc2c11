/** Ends telemetry when the process ends, without taking the application's place. */

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Runs `stop` when the event loop runs dry, and on SIGTERM and SIGINT. A signal ends the process as it would have, unless
 * the application listens to it itself: then ending is the application's.
 */
export function stopOnExit(stop: () => Promise<unknown>): void {
  let stopping: Promise<unknown> | undefined;
  const once = (): Promise<unknown> => {
    stopping ??= stop().catch(() => undefined);
    return stopping;
  };
  process.once("beforeExit", () => void once());
  for (const signal of SIGNALS) {
    const listener = (): void => {
      void once().then(() => {
        if (process.listenerCount(signal) > 0) return;
        process.kill(process.pid, signal);
      });
    };
    process.once(signal, listener);
  }
}
