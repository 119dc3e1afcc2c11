/**
 * Times of one run, in the order of its source. Where a source says whole seconds, many things happen at once and some before
 * what caused them: those give way, by a microsecond each, so that the order of times is the order of the source. Exact times
 * stay as they are.
 */
import type { HrTime } from "../model/span.ts";

export interface Instant {
  /** Microseconds since the epoch. */
  us: number;
  readonly isExact: boolean;
}

export const MICROSECONDS = 1_000_000;

export const microsecondsOf = ([seconds, nanos]: HrTime): number => seconds * MICROSECONDS + nanos / 1_000;

export class Timeline {
  readonly #instants: Instant[] = [];

  /** The next thing that happened. @param us when, if that is known. */
  add(us: number | undefined, isExact = false): Instant {
    const instant = { us: us ?? Number.NEGATIVE_INFINITY, isExact: isExact && us !== undefined };
    this.#instants.push(instant);
    return instant;
  }

  get last(): Instant | undefined {
    return this.#instants.at(-1);
  }

  /** Puts all times in order. @param startUs before which nothing happened, unless an exact time says so. */
  settle(startUs: number): void {
    let earliest = startUs;
    for (const instant of this.#instants) {
      if (!instant.isExact) instant.us = Math.max(instant.us, earliest + 1);
      earliest = Math.max(earliest, instant.us);
    }
    let latest = Number.POSITIVE_INFINITY;
    for (const instant of this.#instants.toReversed()) {
      if (!instant.isExact && instant.us >= latest) instant.us = latest - 1;
      latest = Math.min(latest, instant.us);
    }
  }
}

/** Milliseconds taken for seconds are times after it, and ISO 8601 ends there. */
const YEAR_10000 = Date.UTC(10_000) / 1_000;

/** Microseconds of a time in seconds since the epoch, or as ISO 8601; `undefined` for what is no time. */
export function microseconds(time: unknown): number | undefined {
  const seconds =
    typeof time === "number" ? time : typeof time === "string" ? Date.parse(time) / 1_000 : Number.NaN;
  return seconds > 0 && seconds < YEAR_10000 ? Math.round(seconds * MICROSECONDS) : undefined;
}

/** Whether a time says more than whole seconds. */
export function isFiner(us: number | undefined): boolean {
  return us !== undefined && us % MICROSECONDS !== 0;
}
