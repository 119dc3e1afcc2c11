/** Read and place: what was noted of a span is read, and tracking told of it, at once or with the rest of its trace. */
import type { Activity } from "../model/activity.ts";
import type { Scope } from "../model/scope.ts";
import type { SpanLike } from "../model/span.ts";
import type { SpanNode, Tracker } from "../tracking/index.ts";
import { type EndedSpan, spanBytes, type WalkStep } from "./end-only/index.ts";
import type { Environment } from "./environment.ts";
import { idsOf, parentIdOf, type SpanReading, toMs } from "./reading.ts";
import type { Unreadable } from "./unreadable.ts";

export interface PlacingParts {
  tracker: Tracker;
  reading: SpanReading;
  environment: Environment;
  unreadable: Unreadable;
  /** Takes a span whose start was never told. */
  arrivedEnded: (span: EndedSpan) => void;
  /** Client whose scope's spans are taken; without one, all are. */
  owner: object | undefined;
}

const IGNORED: Activity = { kind: "none", convention: "" };

export class Placing {
  readonly #parts: PlacingParts;
  readonly #tracker: Tracker;
  readonly #reading: SpanReading;

  constructor(parts: PlacingParts) {
    this.#parts = parts;
    this.#tracker = parts.tracker;
    this.#reading = parts.reading;
  }

  start(span: SpanLike, scope: Scope | undefined): void {
    const { traceId, spanId } = idsOf(span);
    // A processor that a provider was given twice hears everything twice.
    const known = this.#tracker.find(traceId, spanId);
    if (known !== undefined && known.endMs === undefined) return;
    const { environment, owner } = this.#parts;
    environment.note(span);
    const hasEnded = span.ended === true;
    // Spans of another client's scope are known as parents, and are its business otherwise.
    const isOurs = scope === undefined || owner === undefined || scope.owner === owner;
    const above = this.#above(span);
    const isInRun = above?.innerRun?.closed === false;
    const activity = isOurs
      ? this.#reading.activity(span, hasEnded ? "end" : "start", !isInRun, above?.scopeName)
      : IGNORED;
    const node = this.#tracker.started(this.#reading.start(span, scope, activity), activity);
    node.sawEnd = hasEnded;
  }

  /** @param scope of a span that comes with no start: what is known of its run beforehand. */
  end(span: SpanLike, scope: Scope | undefined): void {
    const { traceId, spanId } = idsOf(span);
    const found = this.#tracker.find(traceId, spanId);
    const node = found?.extra?.standsIn === true ? undefined : found;
    const isKnown = node?.sawEnd === true || node?.opening === IGNORED;
    const mayOpenRun = node === undefined || node.opening === undefined;
    const activity = isKnown ? node?.opening : this.#reading.activity(span, "end", mayOpenRun);
    const end = {
      endMs: toMs(span.endTime),
      activity,
      failure: activity === undefined ? this.#reading.failure(span) : undefined,
      droppedAttributes: span.droppedAttributesCount ?? 0,
    };
    if (node !== undefined) {
      this.#tracker.ended(node, end);
      return;
    }
    if (this.#tracker.isGivenUp(traceId, activity)) return;
    this.#parts.environment.note(span);
    const start = { ...this.#reading.start(span, scope, activity), mayTurnOut: false };
    this.#parts.arrivedEnded({
      start,
      end,
      activity,
      isRoot: start.parentId === undefined || span.parentSpanContext?.isRemote === true,
      bytes: spanBytes(activity, end.failure),
    });
  }

  #above(span: SpanLike): SpanNode | undefined {
    const parentId = parentIdOf(span);
    return parentId === undefined ? undefined : this.#tracker.find(span.spanContext().traceId, parentId);
  }

  /** A start or an end that arrived late, as if it happened now. Does not throw. */
  tell({ phase, span }: WalkStep): void {
    try {
      const { traceId, spanId } = span.start;
      const known = this.#tracker.find(traceId, spanId);
      if (phase === "end") {
        if (known !== undefined) this.#tracker.ended(known, span.end);
      } else if (known === undefined || known.extra?.standsIn === true) {
        this.#tellStart(span);
      }
    } catch (error) {
      this.#parts.unreadable.note(error);
    }
  }

  #tellStart({ start, activity, standsIn }: EndedSpan): void {
    // While it waited for its turn.
    if (this.#tracker.isGivenUp(start.traceId, activity)) return;
    const node = this.#tracker.started(start, activity);
    node.sawEnd = true;
    if (standsIn === true) node.note({ standsIn: true });
  }
}
