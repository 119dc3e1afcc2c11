/** Spans as the local Apie keeps and shows them: plain JSON, ids in hex, times exact in nanoseconds. */

/** Bytes are base64 text; integers beyond 2^53 and NaN or Infinity are text. */
export type AttributeValue =
  | string
  | number
  | boolean
  | null
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

export type Attributes = { readonly [key: string]: AttributeValue };

export const SPAN_KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;
export const STATUS_CODES = ["unset", "ok", "error"] as const;

export interface SpanEventRecord {
  readonly name: string;
  readonly time_unix_nano: string;
  readonly attributes: Attributes;
  readonly dropped_attributes_count: number;
}

export interface SpanLinkRecord {
  /** Hex; empty where the linked context was not valid. */
  readonly trace_id: string;
  readonly span_id: string;
  readonly trace_state: string | null;
  readonly flags: number;
  readonly attributes: Attributes;
  readonly dropped_attributes_count: number;
}

/** What of a span no column is needed for. */
export interface SpanBody {
  readonly kind: (typeof SPAN_KINDS)[number];
  readonly status: { readonly code: (typeof STATUS_CODES)[number]; readonly message: string };
  readonly attributes: Attributes;
  readonly events: readonly SpanEventRecord[];
  readonly links: readonly SpanLinkRecord[];
  readonly trace_state: string | null;
  /** W3C trace flags in bits 0–7; bits 8 and 9 say whether the parent is remote (OTLP `flags`). */
  readonly flags: number;
  readonly dropped_attributes_count: number;
  readonly dropped_events_count: number;
  readonly dropped_links_count: number;
}

export interface SpanRecord extends SpanBody {
  /** 32 hex digits. */
  readonly trace_id: string;
  /** 16 hex digits. */
  readonly span_id: string;
  readonly parent_span_id: string | null;
  readonly name: string;
  /** Nanoseconds since the epoch, in decimal. */
  readonly start_time_unix_nano: string;
  readonly end_time_unix_nano: string;
}

export interface SpanSource {
  readonly resource: { readonly attributes: Attributes; readonly schema_url: string };
  readonly scope: {
    readonly name: string;
    readonly version: string;
    readonly attributes: Attributes;
    readonly schema_url: string;
  };
}

/** The spans of one scope of one resource. */
export interface SpanBatch {
  readonly source: SpanSource;
  readonly spans: readonly SpanRecord[];
}
