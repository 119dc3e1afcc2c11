/**
 * A sampler around the user's own. What is exported over OTLP stays what the user's sampler decided; spans it would drop
 * are recorded without the sampled flag when they may be agent work, so that span processors see them and exporters do not.
 */
import { type Context, isSpanContextValid, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import type { AttributesLike, LinkLike, SpanContextLike } from "../model/span.ts";
import { ATTR_AGENT_LINK_TYPE, ATTR_AGENT_OPERATION_NAME } from "../semconv/index.ts";
import { FollowingTraces } from "./following.ts";
import {
  NOT_RECORD,
  RECORD,
  RECORD_AND_SAMPLED,
  type SamplerLike,
  type SamplingResultLike,
} from "./sampler.ts";

/** Roots that follow what they are linked to instead of being decided anew. */
const FOLLOWING: ReadonlySet<unknown> = new Set(["run", "session", "session_start", "session_end"]);
const FOLLOWED_LINKS = ["session", "caused_by"] as const;

const NOISE_PREFIXES = ["http.", "url.", "db.", "rpc.", "messaging.", "network."];

/** A sampler sees no instrumentation scope and most agent libraries start spans bare, so only what is surely noise is left out. */
function isNoise(kind: number, attributes: AttributesLike): boolean {
  if (kind === SpanKind.SERVER || kind === SpanKind.CONSUMER) return true;
  for (const key in attributes) if (NOISE_PREFIXES.some((prefix) => key.startsWith(prefix))) return true;
  return false;
}

function followed(attributes: AttributesLike, links: readonly LinkLike[]): SpanContextLike | undefined {
  if (!FOLLOWING.has(attributes[ATTR_AGENT_OPERATION_NAME])) return undefined;
  for (const type of FOLLOWED_LINKS) {
    const link = links.find((candidate) => candidate.attributes?.[ATTR_AGENT_LINK_TYPE] === type);
    if (link !== undefined) return link.context;
  }
  return undefined;
}

const isSampled = ({ traceFlags = 0 }: SpanContextLike): boolean => (traceFlags & TraceFlags.SAMPLED) !== 0;

/**
 * Wraps a sampler so that every agent run reaches Apie whatever is sampled.
 *
 * - A session or run root takes the decision of the span it is linked to (its session, else what caused it), and the spans of
 *   its trace follow; without such a link the wrapped sampler decides.
 * - A span the wrapped sampler drops is recorded, unsampled, unless it is noise at its start: kind SERVER or CONSUMER, or
 *   `http. url. db. rpc. messaging. network.` attributes.
 *
 * Cost: spans that would not exist are made and kept until they end; nothing of them is exported over OTLP.
 *
 * @example sampler: recordAgentSpans(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.01) }))
 */
export function recordAgentSpans<S extends SamplerLike>(sampler: S): S {
  const inner = sampler as unknown as {
    shouldSample(...args: unknown[]): SamplingResultLike;
  };
  const following = new FollowingTraces();
  const wrapper = {
    shouldSample(
      context: Context,
      traceId: string,
      spanName: string,
      spanKind: number,
      attributes: AttributesLike = {},
      links: readonly LinkLike[] = [],
    ): SamplingResultLike {
      const parent = parentIn(context);
      const leader = parent === undefined ? followed(attributes, links) : undefined;
      if (leader !== undefined) {
        following.add(traceId);
        return { decision: isSampled(leader) ? RECORD_AND_SAMPLED : RECORD };
      }
      const result = inner.shouldSample(context, traceId, spanName, spanKind, attributes, links);
      const decision =
        parent !== undefined && following.has(traceId) ? asParent(parent, result.decision) : result.decision;
      const kept = decision === NOT_RECORD && !isNoise(spanKind, attributes) ? RECORD : decision;
      return kept === result.decision ? result : { ...result, decision: kept };
    },
    toString: () => `RecordAgentSpans{${String(sampler)}}`,
  };
  return wrapper as unknown as S;
}

/** The wrapped sampler may go by the trace id, which is not the one it decided about. */
function asParent(parent: SpanContextLike, decision: number): number {
  if (isSampled(parent)) return RECORD_AND_SAMPLED;
  return decision === RECORD_AND_SAMPLED ? NOT_RECORD : decision;
}

function parentIn(context: Context): SpanContextLike | undefined {
  const parent = trace.getSpanContext(context);
  return parent !== undefined && isSpanContextValid(parent) ? parent : undefined;
}
