/** A real OpenTelemetry SDK for one test: provider, context manager, propagator, and the spans it would have exported. */
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";

export interface OtelOptions {
  processors?: readonly unknown[];
  sampler?: Sampler;
  /** Default `true`. */
  contextManager?: boolean;
  resource?: Record<string, string>;
}

export interface Otel {
  provider: BasicTracerProvider;
  /** Ended, sampled spans, as an exporter gets them. */
  spans(): ReadableSpan[];
  span(name: string): ReadableSpan;
  close(): Promise<void>;
}

/** Registers a provider globally until `close`. */
export function startOtel(options: OtelOptions = {}): Otel {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": "test", ...options.resource }),
    spanProcessors: [...((options.processors ?? []) as SpanProcessor[]), new SimpleSpanProcessor(memory)],
    ...(options.sampler === undefined ? {} : { sampler: options.sampler }),
  });
  trace.setGlobalTracerProvider(provider);
  if (options.contextManager !== false) {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  return {
    provider,
    spans: () => memory.getFinishedSpans(),
    span(name) {
      const found = memory.getFinishedSpans().find((span) => span.name === name);
      if (found === undefined) {
        throw new Error(
          `no span "${name}" among ${memory
            .getFinishedSpans()
            .map((span) => span.name)
            .join(", ")}`,
        );
      }
      return found;
    },
    async close() {
      trace.disable();
      context.disable();
      propagation.disable();
      await provider.shutdown();
    },
  };
}
