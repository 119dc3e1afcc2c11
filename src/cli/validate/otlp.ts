/** OTLP requests as spans; what is malformed is named by its path. */
import { decodeRequest, OtlpRefusal, readSpans } from "../../local/index.ts";
import type { SpanLike } from "../../model/span.ts";
import type { Input, Unreadable } from "./input.ts";
import { spanLike } from "./spans.ts";

export interface ReadSpans {
  readonly spans: readonly SpanLike[];
  readonly malformed: readonly Unreadable[];
}

export function spansIn({ encoding, requests, unreadable }: Extract<Input, { kind: "otlp" }>): ReadSpans {
  const spans: SpanLike[] = [];
  const malformed: Unreadable[] = [...unreadable];
  for (const { at, value } of requests) {
    try {
      const { batches, warning } = readSpans(decodeRequest(encoding, value));
      if (warning !== undefined) malformed.push({ at, message: warning });
      // Not spread into a call: there may be hundreds of thousands.
      for (const batch of batches) for (const span of batch.spans) spans.push(spanLike(span, batch.source));
    } catch (error) {
      if (!(error instanceof OtlpRefusal)) throw error;
      malformed.push({ at, message: error.message });
    }
  }
  return { spans, malformed };
}
