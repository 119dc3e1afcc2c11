/** For the command line: what the package offers as `apie-otel/local`, and what only programs of ours need. */
export { counted, detailOf, paint, printable, type Style, shortType, styleOf } from "./client/index.ts";
export { Refusal as OtlpRefusal } from "./http/refusal.ts";
export { isLoopbackHost } from "./options.ts";
export { decodeRequest } from "./otlp/encoding.ts";
export { readSpans } from "./otlp/read-spans.ts";
export type { Attributes, AttributeValue, SpanRecord as OtlpSpan, SpanSource } from "./otlp/span-record.ts";
export { SPAN_KINDS, STATUS_CODES } from "./otlp/span-record.ts";
export * from "./public.ts";
