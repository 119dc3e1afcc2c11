/**
 * Spans as a SpanProcessor sees them, restated structurally so that no OpenTelemetry SDK package is imported:
 * one build reads the spans of SDK 1.30, 2.x and 3.x.
 */

/** Seconds since the epoch and nanoseconds of that second. */
export type HrTime = readonly [number, number];

export interface SpanContextLike {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags?: number | undefined;
  readonly isRemote?: boolean | undefined;
}

export type AttributesLike = Readonly<Record<string, unknown>>;

export interface LinkLike {
  readonly context: SpanContextLike;
  readonly attributes?: AttributesLike | undefined;
}

export interface SpanEventLike {
  readonly name: string;
  readonly time?: HrTime | undefined;
  readonly attributes?: AttributesLike | undefined;
}

export interface ScopeLike {
  readonly name: string;
  readonly version?: string | undefined;
  readonly schemaUrl?: string | undefined;
}

export interface ResourceLike {
  readonly attributes: AttributesLike;
  readonly asyncAttributesPending?: boolean | undefined;
}

/** What every supported SDK offers on the object it hands to `onStart` and `onEnd`. */
export interface SpanLike {
  readonly name: string;
  /** `SpanKind` of the OTel API: INTERNAL 0, SERVER 1, CLIENT 2, PRODUCER 3, CONSUMER 4. */
  readonly kind?: number | undefined;
  spanContext(): SpanContextLike;
  /** SDK 2.x and 3.x. */
  readonly parentSpanContext?: SpanContextLike | undefined;
  /** SDK 1.x. */
  readonly parentSpanId?: string | undefined;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly ended?: boolean | undefined;
  /** `SpanStatusCode` of the OTel API: UNSET 0, OK 1, ERROR 2. */
  readonly status: { readonly code: number; readonly message?: string | undefined };
  readonly attributes: AttributesLike;
  readonly links: readonly LinkLike[];
  readonly events: readonly SpanEventLike[];
  readonly resource?: ResourceLike | undefined;
  /** SDK 2.x and 3.x. */
  readonly instrumentationScope?: ScopeLike | undefined;
  /** SDK 1.x. */
  readonly instrumentationLibrary?: ScopeLike | undefined;
  readonly droppedAttributesCount?: number | undefined;
}

/** The part of the OTel API's `Context` that is read. */
export interface ContextLike {
  getValue(key: symbol): unknown;
}

/** A span processor of any supported SDK line, for forwarding. */
export interface SpanProcessorLike {
  onStart(span: never, parentContext: never): void;
  onEnd(span: never): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}
