/** An event that waits: everything it will be written from, and no JSON yet. Many wait at once, so it holds little. */
import type { EventItem, WrittenEvent } from "../delivery/index.ts";
import {
  categoryOf,
  type EventParts,
  eventIdOf,
  type FinishOptions,
  finishEvent,
  partsOf,
  type WireEvent,
} from "../events/index.ts";
import type { Activity, StepFacts } from "../model/activity.ts";
import type { RunState, SessionState, SpanNode } from "../tracking/index.ts";
import { openingEventOf } from "./plan.ts";
import { isoTime, roundedMs } from "./time.ts";

/** What every event of one client has in common. */
export interface EventWriter {
  readonly finish: FinishOptions;
  readonly agentKey: string;
  readonly environment: () => string | undefined;
  readonly captureContent: boolean;
  readonly captureSource: string;
  /** Called when a record has reached Apie or was given up. */
  readonly onSettled?: ((record: EventRecord) => void) | undefined;
}

/** Memory of a record, its share of the span's node and of the activity; measured (bench), not exact. */
const RECORD_BYTES = 320;

export class EventRecord implements EventItem {
  readonly type: string;
  ticket = 0;
  readonly #writer: EventWriter;
  readonly #node: SpanNode;
  readonly #activity: Activity;
  readonly #run: RunState | undefined;
  /** Opening events are what was known then, whenever they are written. */
  readonly #isOpening: boolean;
  #sequence = 0;
  #sessionSequence = 0;
  /** `caused_by_event_id`. */
  readonly #causedBy: string | undefined;

  constructor(
    writer: EventWriter,
    type: string,
    node: SpanNode,
    activity: Activity,
    details: { run?: RunState | undefined; isOpening: boolean; causedBy?: string | undefined },
  ) {
    this.type = type;
    this.#writer = writer;
    this.#node = node;
    this.#activity = activity;
    this.#run = details.run;
    this.#isOpening = details.isOpening;
    this.#causedBy = details.causedBy;
  }

  get kind(): "event" {
    return "event";
  }

  get bytes(): number {
    const { content, metadata, payloadSummary } = this.#activity;
    if (content === undefined && metadata === undefined && payloadSummary === undefined) return RECORD_BYTES;
    return RECORD_BYTES + textBytes(content) + textBytes(metadata) + textBytes(payloadSummary);
  }

  get eventId(): string {
    return eventIdOf(this.#node.trace.id, this.#node.spanId, this.type);
  }

  /** Called when the event goes into its lane: one that does not leaves no gap. */
  number(session: SessionState | undefined): void {
    this.#sequence = this.#run?.nextSequence() ?? 0;
    this.#sessionSequence = session?.nextSequence() ?? 0;
  }

  settled(): void {
    this.#writer.onSettled?.(this);
  }

  /** The event as it is before redaction. */
  toWire(): WireEvent {
    const node = this.#node;
    const writer = this.#writer;
    const endMs = this.#isOpening ? undefined : node.endMs;
    const durationMs = endMs === undefined ? undefined : roundedMs(endMs - node.startMs);
    const { metadata, ...parts }: EventParts = partsOf(this.type, {
      activity: this.#activity,
      name: node.name,
      durationMs,
      captureContent: writer.captureContent,
    });
    return {
      type: this.type,
      agent_key: this.#run?.agentKey ?? this.#activity.agent?.key ?? writer.agentKey,
      event_id: this.eventId,
      sequence_number: this.#sequence || undefined,
      session_sequence_number: this.#sessionSequence || undefined,
      timestamp: isoTime(endMs ?? node.startMs),
      event_category: categoryOf(this.type),
      ...stepFields(node.step),
      ...parts,
      environment: parts.environment ?? writer.environment(),
      parent_event_id: parentEventId(node),
      caused_by_event_id: this.#causedBy,
      metadata: {
        ...metadata,
        otel: {
          trace_id: node.trace.id,
          span_id: node.spanId,
          parent_span_id: node.parentId,
          span_name: node.name,
          scope: node.scopeName === "" ? undefined : node.scopeName,
          convention: this.#activity.convention,
          start: isoTime(node.startMs),
          end: endMs === undefined ? undefined : isoTime(endMs),
          duration_ms: durationMs,
          dropped_attributes: this.#isOpening ? undefined : node.extra?.droppedAttributes,
        },
        capture_source: writer.captureSource,
      },
    };
  }

  write(): WrittenEvent | undefined {
    const finished = finishEvent(this.toWire(), this.#writer.finish);
    return finished === undefined ? undefined : { eventId: finished.event.event_id, json: finished.json };
  }
}

function stepFields(step: StepFacts | undefined): Pick<WireEvent, "step_key" | "step_name" | "step_index"> {
  return step === undefined
    ? {}
    : { step_key: step.key, step_name: step.name ?? step.key, step_index: step.index };
}

/** The event that opened the nearest work above, in the same run. */
function parentEventId(node: SpanNode): string | undefined {
  for (let above = node.parent; above !== undefined && above.rootOf === undefined; above = above.parent) {
    const type = above.mergedInto === undefined ? openingEventOf(above) : undefined;
    if (type !== undefined) return eventIdOf(node.trace.id, above.spanId, type);
  }
  return undefined;
}

/** Memory of plain data, roughly. */
function textBytes(value: unknown): number {
  if (typeof value === "string") return value.length * 2;
  if (typeof value !== "object" || value === null) return 8;
  let bytes = 16;
  for (const key of Object.keys(value)) {
    bytes += key.length * 2 + textBytes((value as Record<string, unknown>)[key]);
  }
  return bytes;
}
