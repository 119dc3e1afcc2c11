/** What is read of a span: identity, times, what its convention says, and content where it is captured. */
import type { ApieConfig } from "../config/index.ts";
import { ConventionReader, failureOf } from "../conventions/index.ts";
import {
  CONTENT_NAMES,
  contentLimits,
  type PlainLimits,
  part,
  type Redactor,
  toPlain,
  wordsWithin,
} from "../events/index.ts";
import type { Activity, ContentFacts, ErrorFacts } from "../model/activity.ts";
import type { Scope } from "../model/scope.ts";
import type { HrTime, SpanContextLike, SpanLike } from "../model/span.ts";
import type { SpanStart } from "../tracking/index.ts";
import type { Boundary } from "./boundary.ts";
import { hideSecretIds, idWithoutSecrets } from "./identities.ts";
import { plainActivity } from "./plain-activity.ts";

export type ReadingOptions = Pick<
  ApieConfig,
  | "captureContent"
  | "conventions"
  | "inferRules"
  | "boundary"
  | "touchedResources"
  | "maxBatchBytes"
  | "maxEventPayloadBytes"
>;

const MAX_NAME = 1_024;

/** The end of year 9999. */
const MAX_TIME_MS = 253_402_300_799_999;

/** A span may bear no time, or one without a date: the time it came then stands for it, or none of its trace had any. */
export function toMs(time: HrTime | undefined): number {
  const ms = Number(time?.[0]) * 1_000 + Number(time?.[1]) / 1_000_000;
  return ms > 0 && ms <= MAX_TIME_MS ? ms : Date.now();
}

/** @throws for a span that was put together without ids: it would be taken for one with every other such span. */
export function idsOf(span: SpanLike): SpanContextLike {
  const ids = span.spanContext();
  if (!isId(ids?.traceId) || !isId(ids?.spanId)) throw new TypeError("a span has no ids");
  return ids;
}

const isId = (value: unknown): boolean => typeof value === "string" && value !== "";

export function parentIdOf(span: SpanLike): string | undefined {
  return span.parentSpanContext?.spanId ?? span.parentSpanId;
}

export class SpanReading {
  readonly #reader: ConventionReader;
  readonly #redactor: Redactor;
  /** Content is cut when it is read, so that the bytes held are known. None: it is not captured. */
  readonly #contentLimits: ReturnType<typeof contentLimits> | undefined;
  /** Conventions of the user's are asked too. */
  readonly #hasForeign: boolean;

  readonly #boundary: Boundary | undefined;

  /** @param onFailure told what a convention of the user's threw, and over which span. */
  constructor(
    options: ReadingOptions,
    redactor: Redactor,
    onFailure?: (error: unknown, span: SpanLike) => void,
    boundary?: Boundary,
  ) {
    this.#redactor = redactor;
    this.#boundary = boundary;
    this.#reader = new ConventionReader(options.conventions ?? [], {
      inferRules: options.inferRules ?? [],
      infersOwn: options.boundary?.autoInferFromToolNames,
      touched: options.touchedResources,
      onFailure,
    });
    this.#contentLimits = options.captureContent ? contentLimits(maxEventBytes(options)) : undefined;
    this.#hasForeign = (options.conventions ?? []).length > 0;
  }

  /** @param mayOpenRun no run is above it, so that the session it names matters. */
  activity(
    span: SpanLike,
    phase: "start" | "end",
    mayOpenRun: boolean,
    parentScope?: string,
  ): Activity | undefined {
    const read = this.#reader.read(span, phase, mayOpenRun, parentScope);
    const activity = read !== undefined && this.#hasForeign ? plainActivity(read) : read;
    if (activity !== undefined) {
      hideSecretIds(activity, this.#redactor);
      this.#boundary?.check(activity);
    }
    if (activity !== undefined && this.#contentLimits !== undefined && activity.kind !== "none") {
      activity.content = bounded(this.#reader.content(span, phase, activity), this.#contentLimits);
    }
    return activity;
  }

  failure(span: SpanLike): ErrorFacts | undefined {
    return failureOf(span);
  }

  start(span: SpanLike, scope: Scope | undefined, activity: Activity | undefined): SpanStart {
    const { traceId, spanId } = span.spanContext();
    const parentId = parentIdOf(span);
    return {
      traceId,
      spanId,
      parentId,
      name: shortName(span.name),
      scopeName: shortName((span.instrumentationScope ?? span.instrumentationLibrary)?.name ?? ""),
      scope,
      startMs: toMs(span.startTime),
      mayTurnOut: activity === undefined && span.ended !== true && this.#reader.mayTurnOut(span),
      // An implicit run may be rooted at a span that is no agent work, and take its session from it.
      sessionHint:
        activity === undefined ? idWithoutSecrets(this.#reader.sessionHint(span), this.#redactor) : undefined,
    };
  }
}

/** Whole characters of it; spans made by hand may have another thing for a name. */
function shortName(name: string): string {
  if (typeof name !== "string") return name;
  return name.length > MAX_NAME ? part(name, 0, wordsWithin(name, MAX_NAME)) : name.toWellFormed();
}

/** The largest event that is sent. */
export const maxEventBytes = ({
  maxEventPayloadBytes,
  maxBatchBytes,
}: Pick<ApieConfig, "maxEventPayloadBytes" | "maxBatchBytes">): number =>
  Math.min(maxEventPayloadBytes ?? maxBatchBytes, maxBatchBytes);

function bounded(
  content: ContentFacts | undefined,
  limits: Readonly<Record<keyof ContentFacts, PlainLimits>>,
): ContentFacts | undefined {
  if (content === undefined) return undefined;
  const copy: ContentFacts = {};
  for (const name of CONTENT_NAMES) {
    const value = content[name];
    if (value !== undefined && value !== null) copy[name] = toPlain(value, limits[name]);
  }
  return copy;
}
