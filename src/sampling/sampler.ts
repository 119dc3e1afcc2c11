/** `Sampler` of any supported SDK line, restated so that none is imported. */

/** `SamplingDecision` of the SDK. */
export const NOT_RECORD = 0;
export const RECORD = 1;
export const RECORD_AND_SAMPLED = 2;

export interface SamplingResultLike {
  decision: number;
  attributes?: unknown;
  traceState?: unknown;
}

export interface SamplerLike {
  shouldSample(
    context: never,
    traceId: string,
    spanName: string,
    spanKind: never,
    attributes: never,
    links: never,
  ): SamplingResultLike;
  toString(): string;
}
