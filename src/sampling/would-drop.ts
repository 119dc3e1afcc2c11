/** Whether a sampler hides agent work from span processors: it is asked, as a provider would ask it. */
import { type Context, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { NOT_RECORD, type SamplerLike, type SamplingResultLike } from "./sampler.ts";

export interface WouldDrop {
  /** Of the spans that begin a trace, some or all. */
  readonly roots: boolean;
  /** Spans below a parent that is not sampled: of a caller that sent `traceparent` with flags 00, or in the process. */
  readonly unsampledParents: boolean;
}

const TRACES = 32;
const SPAN_ID = "00f067aa0ba902b7";

/**
 * Asks for spans as agent libraries start them: of kind INTERNAL, without attributes. A ratio is found by asking for traces
 * all over the range it looks at. A sampler that counts what it is asked, such as one that limits a rate, counts these.
 */
export function wouldDrop(sampler: SamplerLike): WouldDrop {
  const drops = (context: Context, traceId: string): boolean => ask(sampler, context, traceId) === NOT_RECORD;
  const below = (traceId: string, isRemote: boolean): Context =>
    trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: SPAN_ID, traceFlags: 0, isRemote });
  return {
    roots: traceIds().some((traceId) => drops(ROOT_CONTEXT, traceId)),
    unsampledParents: traceIds().some((id) =>
      [true, false].some((isRemote) => drops(below(id, isRemote), id)),
    ),
  };
}

/**
 * Samplers of the OpenTelemetry SDK, and ours around them, by what they call themselves: they only look, so asking them
 * changes nothing of what they say later.
 */
export function isPureSampler(sampler: SamplerLike): boolean {
  return String(sampler)
    .split(/[{}=,\s]+/)
    .every((word) => PURE.has(word) || /^[\d.e-]*$/.test(word));
}

const PURE: ReadonlySet<string> = new Set([
  "AlwaysOnSampler",
  "AlwaysOffSampler",
  "TraceIdRatioBased",
  "AlwaysRecordSampler",
  "RecordAgentSpans",
  "ParentBased",
  "root",
  "remoteParentSampled",
  "remoteParentNotSampled",
  "localParentSampled",
  "localParentNotSampled",
]);

function ask(sampler: SamplerLike, ...[context, traceId]: [Context, string]): number {
  const { shouldSample } = sampler as unknown as { shouldSample(...args: unknown[]): SamplingResultLike };
  return shouldSample.call(sampler, context, traceId, "agent", SpanKind.INTERNAL, {}, []).decision;
}

/** Spread over the first 32 bits, and over the last 56: where samplers look. */
function traceIds(): string[] {
  const part = (step: number, digits: number): string =>
    Math.floor((step / (TRACES - 1)) * (16 ** digits - 1))
      .toString(16)
      .padStart(digits, "0");
  const steps = Array.from({ length: TRACES }, (_, step) => step);
  return steps.flatMap((step) => [
    `${part(step, 8)}${"0".repeat(23)}1`,
    `${"0".repeat(17)}1${part(step, 12)}00`,
  ]);
}
