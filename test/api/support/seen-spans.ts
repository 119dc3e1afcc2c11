/** Every span of a provider, as a span processor saw it at its start and at its end. */
import type { Context } from "@opentelemetry/api";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { checkSpan, type ObservedSpan, SCHEMA_URL } from "../../../src/semconv/index.ts";

export interface SeenSpan {
  name: string;
  operation: unknown;
  attributes: Record<string, unknown>;
  attributesAtStart: Record<string, unknown>;
  span: ReadableSpan;
  traceId: string;
  spanId: string;
  parentId: string | undefined;
  /** What each link means, and the span it leads to. */
  links: { type: unknown; spanId: string; traceId: string }[];
}

export class SeenSpans implements SpanProcessor {
  readonly started: { name: string; context: Context }[] = [];
  readonly #ended: SeenSpan[] = [];
  readonly #atStart = new WeakMap<object, Record<string, unknown>>();

  onStart(span: ReadableSpan, context: Context): void {
    this.started.push({ name: span.name, context });
    this.#atStart.set(span, { ...span.attributes });
  }

  onEnd(span: ReadableSpan): void {
    const { traceId, spanId } = span.spanContext();
    this.#ended.push({
      name: span.name,
      operation: span.attributes["agent.operation.name"],
      attributes: { ...span.attributes },
      attributesAtStart: this.#atStart.get(span) ?? {},
      span,
      traceId,
      spanId,
      parentId: span.parentSpanContext?.spanId,
      links: span.links.map((link) => ({
        type: link.attributes?.["agent.link.type"],
        spanId: link.context.spanId,
        traceId: link.context.traceId,
      })),
    });
  }

  async forceFlush(): Promise<void> {
    // Nothing is held back.
  }

  async shutdown(): Promise<void> {
    // Nothing to release.
  }

  /** Ended spans, in the order they ended. */
  get all(): readonly SeenSpan[] {
    return this.#ended;
  }

  /** Ended spans of our convention. */
  get ours(): SeenSpan[] {
    return this.#ended.filter((span) => span.operation !== undefined);
  }

  named(name: string): SeenSpan[] {
    return this.#ended.filter((span) => span.name === name);
  }

  /** The one span of that name. */
  one(name: string): SeenSpan {
    const [found, ...more] = this.named(name);
    if (found === undefined || more.length > 0) {
      const names = this.#ended.map((span) => span.name).join(", ");
      throw new Error(
        `expected one span "${name}", got ${more.length + (found === undefined ? 0 : 1)}: ${names}`,
      );
    }
    return found;
  }

  get operations(): unknown[] {
    return this.ours.map((span) => span.operation);
  }

  /** Where spans of ours depart from the convention, in words; empty when none does. */
  findings(inside?: ObservedSpan["inside"]): string[] {
    return this.ours.flatMap((seen) => {
      const { span } = seen;
      const observed: ObservedSpan = {
        name: span.name,
        kind: span.kind,
        attributesAtStart: seen.attributesAtStart,
        attributesAtEnd: seen.attributes,
        links: span.links,
        status: span.status,
        ...(inside === undefined ? {} : { inside }),
      };
      const found = checkSpan(observed).map(({ code, message }) => `${span.name}: ${code}: ${message}`);
      const { schemaUrl } = span.instrumentationScope;
      return schemaUrl === SCHEMA_URL ? found : [...found, `${span.name}: schema URL ${schemaUrl}`];
    });
  }
}
