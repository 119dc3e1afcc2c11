/** What handles that leave the process are made of: W3C trace context, and ids that are waited for only so long. */
import { isSpanContextValid, type SpanContext } from "@opentelemetry/api";
import { detachedTimer } from "../apie-api/index.ts";
import type { Work } from "./work.ts";

/** Longest wait for Apie's id: a user waits for what is behind it. */
export const ANSWER_DEADLINE_MS = 2_000;

/** Version ff is invalid; of versions to come the first four fields are read (https://www.w3.org/TR/trace-context/). */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-|$)/;

export const traceparentOf = ({ span }: Work): string | undefined => traceparent(span.spanContext());

export function traceparent(spanContext: SpanContext | undefined): string | undefined {
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return undefined;
  const { traceId, spanId, traceFlags } = spanContext;
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, "0")}`;
}

/** Of text that comes from a store or another process. */
export function parseTraceparent(text: unknown): SpanContext | undefined {
  const parts = typeof text === "string" ? TRACEPARENT.exec(text) : null;
  if (parts === null) return undefined;
  const [, traceId = "", spanId = "", flags = "00"] = parts;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 0xff, isRemote: true };
}

/** The answer, or `undefined` when it does not come in time. Keeps the process alive: the application waits. */
export async function answered<T>(answer: Promise<T> | undefined, withinMs: number): Promise<T | undefined> {
  if (answer === undefined) return undefined;
  return new Promise((resolve) => {
    const deadline = detachedTimer(withinMs, () => resolve(undefined), { keepAlive: true });
    void answer.then((value) => {
      deadline.cancel();
      resolve(value);
    });
  });
}
