/** An event that waits: everything it will be written from, and no JSON yet. Many wait at once, so it holds little. */
import type { EventItem, WrittenEvent } from "../delivery/index.ts";
import {
  categoryOf,
  type EventParts,
  eventIdOf,
  type FinishOptions,
  finishEvent,
  partsOf,
  SpanPlace,
  type WireEvent,
} from "../events/index.ts";
import type { Activity } from "../model/activity.ts";
import { plainBytes } from "../model/plain-bytes.ts";
import type { RunState, SessionState, SpanNode } from "../tracking/index.ts";
import { openingEventOf } from "./plan.ts";
import { isoTime } from "./time.ts";

/** What every event of one client has in common. */
export interface EventWriter {
  readonly finish: FinishOptions;
  readonly agentKey: string;
  readonly environment: () => string | undefined;
  readonly captureContent: boolean;
  readonly captureSource: string;
  /** What is to be called when a record has reached Apie or was given up. */
  readonly settling?: ((record: EventRecord) => (() => void) | undefined) | undefined;
}

/** Memory of a record, its share of the span's node and of the activity; measured (bench), not exact. */
const RECORD_BYTES = 320;

const NOTHING: Activity = { kind: "none", convention: "" };

/** An event of what a span's node says, at its beginning or at its end, in the node's own run. */
export class EventRecord implements EventItem {
  readonly type: string;
  ticket = 0;
  readonly #writer: EventWriter;
  readonly #node: SpanNode;
  /** Kept here: the node gives its content up once it is told. */
  readonly #activity: Activity;
  /** Opening events are what was known then, whenever they are written. */
  readonly #isOpening: boolean;
  #sequence = 0;
  #sessionSequence = 0;

  constructor(
    writer: EventWriter,
    type: string,
    node: SpanNode,
    isOpening: boolean,
    activity = isOpening ? node.opening : node.closing,
  ) {
    this.type = type;
    this.#writer = writer;
    this.#node = node;
    this.#isOpening = isOpening;
    this.#activity = activity ?? NOTHING;
  }

  protected get run(): RunState | undefined {
    return this.#node.run;
  }

  /** `caused_by_event_id`. */
  protected get causedBy(): string | undefined {
    return undefined;
  }

  get kind(): "event" {
    return "event";
  }

  get bytes(): number {
    const { content, metadata, payloadSummary } = this.#activity;
    if (content === undefined && metadata === undefined && payloadSummary === undefined) return RECORD_BYTES;
    return RECORD_BYTES + plainBytes(content) + plainBytes(metadata) + plainBytes(payloadSummary);
  }

  get eventId(): string {
    return eventIdOf(this.#node.trace.id, this.#node.spanId, this.type);
  }

  /** Called when the event goes into its lane: one that does not leaves no gap. */
  number(session: SessionState | undefined): void {
    this.#sequence = this.run?.nextSequence() ?? 0;
    this.#sessionSequence = session?.nextSequence() ?? 0;
    // What the user's hook may leave out is not there before it is written.
    if (this.#writer.finish.redact === undefined) this.#noteTold();
  }

  settled(): void {
    this.settling()?.();
  }

  settling(): (() => void) | undefined {
    return this.#writer.settling?.(this);
  }

  /** The event as it is before redaction. */
  toWire(): WireEvent {
    const node = this.#node;
    const writer = this.#writer;
    const endMs = this.#isOpening ? undefined : node.endMs;
    const durationMs = this.#isOpening ? undefined : node.durationMs;
    const activity = this.#activity;
    const parts: EventParts = partsOf(this.type, {
      activity,
      name: node.name,
      durationMs,
      captureContent: writer.captureContent,
    });
    const { step } = node;
    const start = isoTime(node.startMs);
    const end = endMs === undefined ? undefined : isoTime(endMs);
    const dropped = this.#isOpening ? undefined : node.extra?.droppedAttributes;
    const otel = new SpanPlace(node, activity.convention, { start, end, durationMs }, dropped);
    const source = { otel, capture_source: writer.captureSource };
    // Spelled out, not spread: of all that is done for an event, copying members about would cost most.
    return {
      type: this.type,
      agent_key: this.run?.agentKey ?? activity.agent?.key ?? writer.agentKey,
      event_id: this.eventId,
      sequence_number: this.#sequence || undefined,
      session_sequence_number: this.#sessionSequence || undefined,
      timestamp: end ?? start,
      event_category: categoryOf(this.type),
      step_key: parts.step_key ?? step?.key,
      step_name: parts.step_name ?? step?.name ?? step?.key,
      step_index: parts.step_index ?? step?.index,
      payload_summary: parts.payload_summary,
      tool: parts.tool,
      action: parts.action,
      resource: parts.resource,
      decision: parts.decision,
      approval: parts.approval,
      error: parts.error,
      environment: parts.environment ?? writer.environment(),
      parent_event_id: parentEventId(node, this.run),
      caused_by_event_id: this.causedBy,
      metadata: parts.metadata === undefined ? source : { ...parts.metadata, ...source },
    };
  }

  write(bound: string): WrittenEvent | undefined {
    const written = finishEvent(this.toWire(), this.#writer.finish, bound);
    if (written !== undefined && this.#writer.finish.redact !== undefined) this.#noteTold();
    return written;
  }

  /** From now on others may refer to it. */
  #noteTold(): void {
    const node = this.#node;
    if (this.#isOpening && (this.type === HANDOFF || this.type === openingEventOf(node))) node.told = true;
  }
}

/** What an event tells in place of its node. */
export interface Told {
  readonly activity: Activity;
  readonly run: RunState | undefined;
  /** The span that asked for the hand-off which led to it. */
  readonly askedBy?: SpanNode | undefined;
}

/** An event that tells something else than its node does, or in another run: few are. */
export class ToldRecord extends EventRecord {
  readonly #told: Told;

  constructor(writer: EventWriter, type: string, node: SpanNode, isOpening: boolean, told: Told) {
    super(writer, type, node, isOpening, told.activity);
    this.#told = told;
  }

  protected override get run(): RunState | undefined {
    return this.#told.run;
  }

  protected override get causedBy(): string | undefined {
    const { askedBy } = this.#told;
    if (askedBy?.told !== true) return undefined;
    return eventIdOf(askedBy.trace.id, askedBy.spanId, HANDOFF);
  }
}

const HANDOFF = "agent.handoff.requested";

/** The event that opened the nearest work above, in the same run. */
function parentEventId(node: SpanNode, run: RunState | undefined): string | undefined {
  for (let above = node.parent; above !== undefined && above.rootOf === undefined; above = above.parent) {
    const type = above.told && above.run === run ? openingEventOf(above) : undefined;
    if (type !== undefined) return eventIdOf(node.trace.id, above.spanId, type);
  }
  return undefined;
}
