import { context, type Link, type Span, type SpanOptions, type Tracer } from "@opentelemetry/api";
import { BasicTracerProvider, type ReadableSpan, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { ObservedSpan } from "../../src/semconv/index.ts";
import { SCHEMA_URL, SCHEMA_VERSION } from "../../src/semconv/index.ts";

/** Spans as a processor of the real SDK saw them, at their start and at their end. */
class SpanRecorder implements SpanProcessor {
  readonly ended: (ObservedSpan & { schemaUrl: string | undefined })[] = [];
  readonly #atStart = new WeakMap<object, Record<string, unknown>>();

  onStart(span: ReadableSpan): void {
    this.#atStart.set(span, { ...span.attributes });
  }

  onEnd(span: ReadableSpan): void {
    this.ended.push({
      name: span.name,
      kind: span.kind,
      attributesAtStart: this.#atStart.get(span) ?? {},
      attributesAtEnd: { ...span.attributes },
      links: span.links,
      status: span.status,
      schemaUrl: span.instrumentationScope.schemaUrl,
    });
  }

  async forceFlush(): Promise<void> {
    // Nothing is held back.
  }

  async shutdown(): Promise<void> {
    // Nothing to release.
  }
}

/** Writes one span with the real SDK and gives what a processor saw of it. */
export function record(
  name: string,
  options: SpanOptions & { links?: Link[] },
  write: (span: Span) => void = () => undefined,
): SpanRecorder["ended"][number] {
  const recorder = new SpanRecorder();
  const provider = new BasicTracerProvider({ spanProcessors: [recorder] });
  const tracer: Tracer = provider.getTracer("test", SCHEMA_VERSION, { schemaUrl: SCHEMA_URL });
  const span = tracer.startSpan(name, { ...options, root: true }, context.active());
  write(span);
  span.end();
  const [ended] = recorder.ended;
  if (ended === undefined) throw new Error("the SDK did not hand over the span");
  return ended;
}
