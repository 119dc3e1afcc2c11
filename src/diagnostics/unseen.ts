/** Why a span processor does not see agent work, and what helps. */
export const UNSEEN = {
  provider_missing:
    "no OpenTelemetry SDK is registered, so nothing is recorded: register one, or call startApie() of apie-otel/start",
  processor_missing:
    "the spans of this client do not reach its span processor: add apie.spanProcessor to the span processors of the provider in use",
  processor_ignored:
    "no span ever reached the span processor: the tracer provider that is registered does not have it. OpenTelemetry keeps the first provider that is registered and ignores others: add the processor to that one",
  not_sampled:
    "the sampler drops spans, so Apie cannot see the agent work in them: wrap it, sampler: recordAgentSpans(yourSampler)",
  suppressed:
    "tracing is suppressed where agent work runs, or the provider records nothing: Apie cannot see it",
} as const;

export type Unseen = keyof typeof UNSEEN;
