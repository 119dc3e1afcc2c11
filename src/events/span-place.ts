/** Where the span of an event is to be found, for `metadata.otel`. */
import { type RedactedJson, WritesItself } from "./redaction/index.ts";

/** What is said of a span. */
export interface PlacedSpan {
  readonly trace: { readonly id: string };
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly scopeName: string;
}

/** When it was, in ISO 8601 and ms. */
export interface SpanTimes {
  readonly start: string;
  readonly end?: string | undefined;
  readonly durationMs?: number | undefined;
}

export class SpanPlace extends WritesItself {
  readonly convention: string;
  readonly span_name: string;
  readonly scope: string | undefined;
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string | undefined;
  readonly start: string;
  readonly end: string | undefined;
  readonly duration_ms: number | undefined;
  readonly dropped_attributes: number | undefined;

  constructor(span: PlacedSpan, convention: string, times: SpanTimes, droppedAttributes: number | undefined) {
    super();
    this.convention = convention;
    this.span_name = span.name;
    this.scope = span.scopeName === "" ? undefined : span.scopeName;
    this.trace_id = span.trace.id;
    this.span_id = span.spanId;
    this.parent_span_id = span.parentId;
    this.start = times.start;
    this.end = times.end;
    this.duration_ms = times.durationMs;
    this.dropped_attributes = droppedAttributes;
  }

  /** Times are ours. */
  written(json: RedactedJson): string {
    const { end, duration_ms, dropped_attributes } = this;
    return (
      json.firstTexts("span_name", this.span_name, "convention", this.convention, "scope", this.scope) +
      json.member("trace_id", this.trace_id) +
      json.member("span_id", this.span_id) +
      json.member("parent_span_id", this.parent_span_id) +
      `,"start":"` +
      this.start +
      (end === undefined ? '"' : `","end":"${end}"`) +
      (duration_ms === undefined ? "" : `,"duration_ms":${duration_ms}`) +
      (dropped_attributes === undefined ? "}" : `,"dropped_attributes":${dropped_attributes}}`)
    );
  }
}
