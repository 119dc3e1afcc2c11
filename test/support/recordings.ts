/** Spans recorded from published libraries, as a processor in the process sees them, and as OTLP. */
import { readFileSync } from "node:fs";
import { ROOT_CONTEXT } from "@opentelemetry/api";
import type { HrTime, SpanLike } from "../../src/model/span.ts";

type Attributes = Record<string, unknown>;

/** One span of a `*.readable.json` file. */
export interface RecordedSpan {
  startSeq: number;
  /** `null`: the library never ended it; then only name and start attributes were kept. */
  endSeq: number | null;
  name?: string;
  nameAtStart: string;
  attributesAtStart: Attributes;
  kind?: number;
  traceId?: string;
  spanId?: string;
  traceFlags?: number;
  parentSpanContext?: { traceId: string; spanId: string; isRemote?: boolean } | null;
  startTime?: string;
  endTime?: string;
  status?: { code: number; message?: string };
  attributes?: Attributes;
  links?: unknown[];
  events?: { name: string; time?: string; attributes?: Attributes }[];
  scope?: { name: string; version?: string };
  resource?: Attributes;
  dropped?: number[];
}

const NANOS = 1_000_000_000n;

export function hrTime(nanos: string | undefined): HrTime {
  const value = BigInt(nanos ?? "0");
  return [Number(value / NANOS), Number(value % NANOS)];
}

/** A span whose state is set from outside, as the SDK's own changes while the library works on it. */
class ReplayedSpan {
  name: string;
  attributes: Attributes;
  ended = false;
  endTime: HrTime = [0, 0];
  status: { code: number; message?: string } = { code: 0 };
  events: { name: string; time?: HrTime; attributes?: Attributes }[] = [];
  readonly links = [];
  readonly kind: number;
  readonly startTime: HrTime;
  readonly parentSpanContext: { traceId: string; spanId: string; isRemote?: boolean } | undefined;
  readonly instrumentationScope: { name: string; version?: string };
  readonly resource: { attributes: Attributes };
  droppedAttributesCount = 0;
  readonly #context: { traceId: string; spanId: string; traceFlags: number };

  constructor(recorded: Required<Pick<RecordedSpan, "traceId" | "spanId">> & RecordedSpan) {
    this.name = recorded.nameAtStart;
    this.attributes = { ...recorded.attributesAtStart };
    this.kind = recorded.kind ?? 0;
    this.startTime = hrTime(recorded.startTime);
    this.parentSpanContext = recorded.parentSpanContext ?? undefined;
    this.instrumentationScope = recorded.scope ?? { name: "" };
    this.resource = { attributes: recorded.resource ?? {} };
    this.#context = {
      traceId: recorded.traceId,
      spanId: recorded.spanId,
      traceFlags: recorded.traceFlags ?? 1,
    };
  }

  spanContext() {
    return this.#context;
  }

  finish(recorded: RecordedSpan): void {
    this.name = recorded.name ?? this.name;
    this.attributes = recorded.attributes ?? this.attributes;
    this.status = recorded.status ?? this.status;
    this.endTime = hrTime(recorded.endTime);
    this.events = (recorded.events ?? []).map((event) => ({
      name: event.name,
      time: hrTime(event.time),
      ...(event.attributes === undefined ? {} : { attributes: event.attributes }),
    }));
    this.droppedAttributesCount = recorded.dropped?.[0] ?? 0;
    this.ended = true;
  }
}

export interface ProcessorLike {
  onStart(span: SpanLike, context: unknown): void;
  onEnd(span: SpanLike): void;
}

export function readSpans(file: URL | string): RecordedSpan[] {
  return JSON.parse(readFileSync(file, "utf8")) as RecordedSpan[];
}

/**
 * What was not recorded of spans that never ended: an id (the parent id that ended spans name but which is not among them,
 * where there is one), the parent (the span open when it started), scope and trace (its siblings').
 */
function completed(spans: readonly RecordedSpan[]): (RecordedSpan & { traceId: string; spanId: string })[] {
  const ids = new Set(spans.map((span) => span.spanId));
  const missing = [
    ...new Set(
      spans
        .map((span) => span.parentSpanContext?.spanId)
        .filter((id): id is string => id !== undefined && !ids.has(id)),
    ),
  ];
  const ended = spans.filter((span) => span.endSeq !== null);
  const open: string[] = [];
  let unnamed = 0;
  const result: (RecordedSpan & { traceId: string; spanId: string })[] = [];
  const bySeq = [...spans].sort((a, b) => a.startSeq - b.startSeq);
  for (const span of bySeq) {
    if (span.spanId !== undefined && span.traceId !== undefined) {
      result.push({ ...span, spanId: span.spanId, traceId: span.traceId });
      continue;
    }
    // Recorded ended spans that were open at this moment are its candidates as parents; so are other never-ended ones.
    const around = result.filter(
      (other) => other.startSeq < span.startSeq && (other.endSeq === null || other.endSeq > span.startSeq),
    );
    const parent = around.at(-1);
    const like = parent ?? ended.find((other) => other.startSeq > span.startSeq) ?? ended[0];
    const claimed = missing.shift();
    unnamed += 1;
    const spanId = claimed ?? unnamed.toString(16).padStart(16, "0");
    const child = spans.find((other) => other.parentSpanContext?.spanId === claimed);
    const traceId = child?.traceId ?? like?.traceId ?? "f".repeat(32);
    result.push({
      ...span,
      traceId,
      spanId,
      parentSpanContext: parent === undefined ? null : { traceId: parent.traceId, spanId: parent.spanId },
      ...(like?.scope === undefined ? {} : { scope: like.scope }),
      ...(like?.startTime === undefined ? {} : { startTime: like.startTime }),
      ...(like?.resource === undefined ? {} : { resource: like.resource }),
    });
    open.push(spanId);
  }
  return result;
}

/** The spans that ended, as they were then. */
export function replayedAtEnd(spans: readonly RecordedSpan[]): SpanLike[] {
  return completed(spans)
    .filter((span) => span.endSeq !== null)
    .map((span) => {
      const replayed = new ReplayedSpan(span);
      replayed.finish(span);
      return replayed as unknown as SpanLike;
    });
}

/**
 * What libraries set right after the start of a span, when `onStart` has been called: by OpenInference's tracer, and by
 * Langfuse's and its processor.
 */
const SET_AFTER_START: Readonly<Record<string, readonly string[]>> = {
  "@arizeai/openinference": ["openinference.span.kind"],
  langfuse: ["langfuse.observation.type", "session.id", "user.id"],
};

function setAfterStart({ scope, attributes = {}, attributesAtStart }: RecordedSpan): Attributes {
  const keys = Object.entries(SET_AFTER_START)
    .filter(([prefix]) => scope?.name.startsWith(prefix) === true)
    .flatMap(([, keys]) => keys)
    .filter((key) => key in attributes && !(key in attributesAtStart));
  return Object.fromEntries(keys.map((key) => [key, attributes[key]]));
}

/** Whether a span of the recording got such attributes. */
export const isCompletedAfterStart = (spans: readonly RecordedSpan[]): boolean =>
  spans.some((span) => Object.keys(setAfterStart(span)).length > 0);

/**
 * Replays a recording in the order of its callbacks.
 * @param between awaited after every callback
 * @param completesAfterStart what a library sets right after the start is there before a processor can look again
 */
export async function replayLive(
  spans: readonly RecordedSpan[],
  processor: ProcessorLike,
  between: () => Promise<void> = async () => undefined,
  completesAfterStart = false,
): Promise<void> {
  const all = completed(spans);
  const live = new Map<RecordedSpan, ReplayedSpan>();
  const steps = all.flatMap((span) => [
    { at: span.startSeq, span, isEnd: false },
    ...(span.endSeq === null ? [] : [{ at: span.endSeq, span, isEnd: true }]),
  ]);
  for (const { span, isEnd } of steps.sort((a, b) => a.at - b.at)) {
    if (isEnd) {
      const replayed = live.get(span);
      if (replayed === undefined) throw new Error(`${span.name} ended before it started`);
      replayed.finish(span);
      processor.onEnd(replayed as unknown as SpanLike);
    } else {
      const replayed = new ReplayedSpan(span);
      live.set(span, replayed);
      processor.onStart(replayed as unknown as SpanLike, ROOT_CONTEXT);
      if (completesAfterStart) Object.assign(replayed.attributes, setAfterStart(span));
    }
    await between();
  }
}
