/**
 * What the bridge tells of itself as metrics. Where upstream's conventions for SDK self-observability
 * (https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/) name what is meant, under that name: this is a span processor
 * like others. Its exporting half sends events, runs and sessions, which upstream has no names for: those are `apie.*`.
 */
import type { LaneOutcome } from "../../delivery/index.ts";
import type { QueueDiagnostics } from "../queue.ts";

export interface MetricState {
  readonly queue: QueueDiagnostics;
  readonly limits: { readonly items: number; readonly bytes: number };
  /** Spans whose end was read, and those where that failed. */
  readonly processed: { readonly read: number; readonly unreadable: number };
  /** Starts and ends of spans that wait to be read. */
  readonly journal: { readonly length: number; readonly capacity: number };
}

/** A value, and `error.type` where it counts failures. */
export type Point = readonly [value: number, errorType?: string];

export interface MetricDefinition {
  readonly name: string;
  /** Observed whenever metrics are collected, so that nothing is done for them while spans are written. */
  readonly instrument: "counter" | "updown counter";
  /** UCUM (https://ucum.org). */
  readonly unit: string;
  readonly description: string;
  read(state: MetricState): readonly Point[];
}

const outcomes = (
  delivered: number,
  { rejected, dropped }: { rejected: number; dropped: number },
): Point[] => [[delivered], [rejected, "rejected"], [dropped, "dropped"]];

const opened = ({ opened }: LaneOutcome): Point[] => [[opened]];
const completed = ({ completed }: LaneOutcome): Point[] => [[completed]];

export const OBSERVED_METRICS: readonly MetricDefinition[] = [
  {
    name: "otel.sdk.processor.span.processed",
    instrument: "counter",
    unit: "{span}",
    description: "The number of spans for which the processing has finished, either successful or failed.",
    read: ({ processed }) => [[processed.read], [processed.unreadable, "unreadable"]],
  },
  {
    name: "otel.sdk.processor.span.queue.size",
    instrument: "updown counter",
    unit: "{span}",
    description: "The number of spans in the queue: starts and ends noted and not read yet.",
    read: ({ journal }) => [[journal.length]],
  },
  {
    name: "otel.sdk.processor.span.queue.capacity",
    instrument: "updown counter",
    unit: "{span}",
    description:
      "The maximum number of spans the queue can hold; the span that overflows it has some of it read.",
    read: ({ journal }) => [[journal.capacity]],
  },
  {
    name: "apie.event.exported",
    instrument: "counter",
    unit: "{event}",
    description: "The number of events that reached Apie, were rejected by it, or were dropped here.",
    read: ({ queue }) => outcomes(queue.events.delivered, queue.events),
  },
  {
    name: "apie.run.opened",
    instrument: "counter",
    unit: "{run}",
    description: "The number of runs opened at Apie.",
    read: ({ queue }) => opened(queue.runs),
  },
  {
    name: "apie.run.completed",
    instrument: "counter",
    unit: "{run}",
    description: "The number of runs completed at Apie.",
    read: ({ queue }) => completed(queue.runs),
  },
  {
    name: "apie.run.active",
    instrument: "updown counter",
    unit: "{run}",
    description: "The number of runs in progress.",
    read: ({ queue }) => [[queue.openRuns]],
  },
  {
    name: "apie.session.opened",
    instrument: "counter",
    unit: "{session}",
    description: "The number of sessions opened at Apie.",
    read: ({ queue }) => opened(queue.sessions),
  },
  {
    name: "apie.session.completed",
    instrument: "counter",
    unit: "{session}",
    description: "The number of sessions completed at Apie.",
    read: ({ queue }) => completed(queue.sessions),
  },
  {
    name: "apie.loss",
    instrument: "counter",
    unit: "{item}",
    description:
      "The number of events, openings, completions and hand-offs given up, by reason (error.type).",
    read: ({ queue }) => Object.entries(queue.reasons).map(([reason, count]): Point => [count, reason]),
  },
  {
    name: "apie.queue.size",
    instrument: "updown counter",
    unit: "{item}",
    description: "The number of events, openings, completions and hand-offs that wait to be sent.",
    read: ({ queue }) => [[queue.queueSize]],
  },
  {
    name: "apie.queue.capacity",
    instrument: "updown counter",
    unit: "{item}",
    description: "The most that may wait (maxQueueSize).",
    read: ({ limits }) => [[limits.items]],
  },
  {
    name: "apie.queue.memory.usage",
    instrument: "updown counter",
    unit: "By",
    description: "The memory of what waits, estimated.",
    read: ({ queue }) => [[queue.queueBytes]],
  },
  {
    name: "apie.queue.memory.limit",
    instrument: "updown counter",
    unit: "By",
    description: "The most memory of what waits (maxQueueBytes).",
    read: ({ limits }) => [[limits.bytes]],
  },
  {
    name: "apie.request.sent",
    instrument: "counter",
    unit: "{request}",
    description: "The number of requests of delivery to Apie; apie.request.retried is among them.",
    read: ({ queue }) => [[queue.requests]],
  },
  {
    name: "apie.request.retried",
    instrument: "counter",
    unit: "{request}",
    description: "The number of requests that repeated one that failed.",
    read: ({ queue }) => [[queue.retryCount]],
  },
  {
    name: "apie.span.late",
    instrument: "counter",
    unit: "{span}",
    description: "The number of spans that came after their run was closed.",
    read: ({ queue }) => [[queue.lateSpans]],
  },
  {
    name: "apie.span.evicted",
    instrument: "counter",
    unit: "{span}",
    description: "The number of spans in flight given up because there were too many.",
    read: ({ queue }) => [[queue.evictedSpans]],
  },
];

/** Recorded at each POST of events: a request is one export, a retry another. */
export const DURATION_METRIC = {
  name: "otel.sdk.exporter.operation.duration",
  instrument: "histogram",
  unit: "s",
  description: "The duration of exporting a batch of telemetry records.",
} as const;
