/** Spans that arrived ended, and the two things there are to tell of each. */
import type { Activity, ErrorFacts } from "../../model/activity.ts";
import { plainBytes } from "../../model/plain-bytes.ts";
import type { SpanEnd, SpanStart } from "../../tracking/index.ts";

export interface EndedSpan {
  start: SpanStart;
  end: SpanEnd;
  activity: Activity | undefined;
  isRoot: boolean;
  /** Its memory, estimated. */
  bytes: number;
  /** It never arrived itself. */
  standsIn?: boolean;
}

export interface WalkStep {
  phase: "start" | "end";
  span: EndedSpan;
}

/** Memory of a span that says little; measured, not exact. */
const SPAN_BYTES = 800;

/** Memory of a span of which this is read, estimated. */
export function spanBytes(activity: Activity | undefined, failure: ErrorFacts | undefined): number {
  if (activity === undefined) return SPAN_BYTES + bytesOf(failure);
  const { content, metadata, payloadSummary, error } = activity;
  return SPAN_BYTES + bytesOf(content) + bytesOf(metadata) + bytesOf(payloadSummary) + bytesOf(error);
}

const bytesOf = (facts: object | undefined): number => (facts === undefined ? 0 : plainBytes(facts));
