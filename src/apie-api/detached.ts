/**
 * Runs our own timers, sockets and requests outside of the application's async context: they must not be traced, must not
 * carry its `traceparent`, and must not keep its async state alive.
 */
import { AsyncResource } from "node:async_hooks";
import { context, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";

/** The key every OpenTelemetry JS instrumentation asks before it makes a span (`suppressTracing` of @opentelemetry/core). */
const SUPPRESS_TRACING = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

const untraced = ROOT_CONTEXT.setValue(SUPPRESS_TRACING, true);

// Created while this module loads, so it holds the async context of the program's start.
const outside = new AsyncResource("apie-otel");

export function detached<T>(run: () => T): T {
  return outside.runInAsyncScope(() => context.with(untraced, run));
}

export interface Timer {
  cancel(): void;
}

/**
 * A timer that does not inherit the caller's context.
 * @param options.keepAlive keep the process alive until it has run: for what the application waits for. Default `false`.
 */
export function detachedTimer(
  delayMs: number,
  run: () => void,
  options: { keepAlive?: boolean } = {},
): Timer {
  const timer = detached(() => setTimeout(run, delayMs));
  if (options.keepAlive !== true) timer.unref();
  return { cancel: () => clearTimeout(timer) };
}

/** For work that goes on after the event loop was given back. */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
