/** What lies below the root of a run or session follows that root, which took over the decision of what it is linked to. */
import { type Attributes, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  type Sampler,
  SamplingDecision,
} from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { recordAgentSpans } from "../../src/index.ts";

const { NOT_RECORD, RECORD, RECORD_AND_SAMPLED } = SamplingDecision;
const TRACE = "1".repeat(32);
const NOISY = { "url.full": "http://x/" };
const on = new AlwaysOnSampler();
const off = new AlwaysOffSampler();

const contextOf = (traceId: string, sampled: boolean) => ({
  traceId,
  spanId: "3".repeat(16),
  traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
});

/** What is decided about the root of a run that a span of another trace caused. */
function root(sampler: Sampler, traceId: string, leader: boolean): SamplingDecision {
  const cause = {
    context: contextOf("2".repeat(32), leader),
    attributes: { "agent.link.type": "caused_by" },
  };
  const attributes = { "agent.operation.name": "run" };
  return sampler.shouldSample(ROOT_CONTEXT, traceId, "root", SpanKind.INTERNAL, attributes, [cause]).decision;
}

/** And about a span below one of that trace. */
function child(
  sampler: Sampler,
  traceId: string,
  sampled: boolean,
  attributes: Attributes = {},
): SamplingDecision {
  const parent = trace.setSpanContext(ROOT_CONTEXT, contextOf(traceId, sampled));
  return sampler.shouldSample(parent, traceId, "x", SpanKind.CLIENT, attributes, []).decision;
}

describe("the spans of a trace whose root followed a link", () => {
  test.each([
    ["sampled", true, off, RECORD_AND_SAMPLED, RECORD_AND_SAMPLED],
    ["not sampled", false, on, RECORD, NOT_RECORD],
  ])("follow it: %s, whatever the sampler says of its id", (_how, sampled, inner, expected, ofNoise) => {
    const sampler = recordAgentSpans(inner);
    expect(root(sampler, TRACE, sampled)).toBe(expected);
    expect(child(sampler, TRACE, sampled)).toBe(expected);
    expect(child(sampler, TRACE, sampled, NOISY)).toBe(ofNoise);
    // Another trace is the sampler's own business.
    expect(child(sampler, "4".repeat(32), sampled)).toBe(inner === on ? RECORD_AND_SAMPLED : RECORD);
  });

  test("keep what the sampler adds, and its wish to record", () => {
    const attributes = { "sampling.rule": "mine" };
    const inner: Sampler = { shouldSample: () => ({ decision: RECORD, attributes }), toString: () => "Mine" };
    const sampler = recordAgentSpans(inner);
    root(sampler, TRACE, true);
    const parent = trace.setSpanContext(ROOT_CONTEXT, contextOf(TRACE, true));
    expect(sampler.shouldSample(parent, TRACE, "x", SpanKind.CLIENT, NOISY, [])).toEqual({
      decision: RECORD_AND_SAMPLED,
      attributes,
    });
    expect(child(sampler, TRACE, false, NOISY)).toBe(RECORD);
  });

  test("are forgotten when there were too many since", () => {
    const sampler = recordAgentSpans(off);
    const idOf = (nth: number) => nth.toString(16).padStart(32, "0");
    for (let nth = 1; nth <= 10_001; nth += 1) root(sampler, idOf(nth), true);
    expect(child(sampler, idOf(1), true)).toBe(RECORD);
    expect(child(sampler, idOf(2), true)).toBe(RECORD_AND_SAMPLED);
    expect(child(sampler, idOf(10_001), true)).toBe(RECORD_AND_SAMPLED);
  });
});
