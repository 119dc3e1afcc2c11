/** Whether a sampler hides agent work, found by asking it. */
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import { expect, test } from "vitest";
import { recordAgentSpans } from "../../src/index.ts";
import { isPureSampler, wouldDrop } from "../../src/sampling/index.ts";

const on = new AlwaysOnSampler();
const off = new AlwaysOffSampler();
const ratio = (share: number) => new TraceIdRatioBasedSampler(share);
const parentBased = (root: Sampler, more = {}) => new ParentBasedSampler({ root, ...more });
const wrapped = recordAgentSpans;

test.each<[string, Sampler, roots: boolean, unsampledParents: boolean]>([
  ["always_on", on, false, false],
  ["always_off", off, true, true],
  ["a ratio of 0.01", ratio(0.01), true, true],
  ["a ratio of 0.99", ratio(0.99), true, true],
  ["a ratio of 1", ratio(1), false, false],
  ["parentbased_always_on", parentBased(on), false, true],
  ["parentbased_always_off", parentBased(off), true, true],
  ["parentbased_traceidratio", parentBased(ratio(0.5)), true, true],
  ["local parents only", parentBased(on, { remoteParentNotSampled: on }), false, true],
  ["wrapped always_off", wrapped(off), false, false],
  ["wrapped parentbased_traceidratio", wrapped(parentBased(ratio(0.01))), false, false],
  ["only the root of a parent-based one wrapped", parentBased(wrapped(off)), false, true],
])("%s", (_name, sampler, roots, unsampledParents) => {
  expect(wouldDrop(sampler)).toEqual({ roots, unsampledParents });
  expect(isPureSampler(sampler)).toBe(true);
});

test("a sampler of one's own is asked as it is, and not taken for one that only looks", () => {
  const mine: Sampler & { asked: number } = {
    asked: 0,
    shouldSample(): { decision: SamplingDecision } {
      this.asked += 1;
      return { decision: this.asked > 1 ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD };
    },
    toString: () => "RateLimiting{1}",
  };
  for (const sampler of [mine, parentBased(mine), wrapped(mine)]) expect(isPureSampler(sampler)).toBe(false);
  expect(mine.asked).toBe(0);
  expect(wouldDrop(mine).roots).toBe(true);
});
