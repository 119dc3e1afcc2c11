/**
 * Ids of imported spans: hashes of what the source calls things, so that a second import, here or elsewhere, makes the same
 * spans and not others.
 */
import { createHash } from "node:crypto";
import type { SpanContextLike } from "../model/span.ts";

const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;
const SAMPLED = 1;

/** An id may not be all zeros (W3C Trace Context §3.2.2.3): then it is that of a text beside. */
function digits(text: string, length: number): string {
  const hex = createHash("sha256").update(text).digest("hex").slice(0, length);
  return /^0+$/.test(hex) ? digits(`${text}|`, length) : hex;
}

/** Each run, and each session, has a trace of its own. */
function traceIdOf(system: string, of: "trace" | "session", id: string): string {
  return digits(`${system}|${of}|${id}`, TRACE_DIGITS);
}

/** @param key what the span is within its run: `run`, `llm:0`, `tool:<call id>`, … */
export function spanIdOf(system: string, ownerId: string, key: string): string {
  return digits(`${system}|span|${ownerId}|${key}`, SPAN_DIGITS);
}

/** Where a span of a run is, whether the run is imported or not. */
export function runContext(system: string, runId: string, key = "run"): SpanContextLike {
  return {
    traceId: traceIdOf(system, "trace", runId),
    spanId: spanIdOf(system, runId, key),
    traceFlags: SAMPLED,
  };
}

export function sessionContext(system: string, sessionId: string, key = "session_start"): SpanContextLike {
  return {
    traceId: traceIdOf(system, "session", `${sessionId}|${key}`),
    spanId: spanIdOf(system, sessionId, key),
    traceFlags: SAMPLED,
  };
}
