/**
 * Events of a run in the order they happened. ag.dev says when each began and ended, so that, not its place in the list, decides;
 * at the same time the one that comes first in the list goes first.
 */
import { text } from "../json.ts";
import type { PlacedEvent } from "./document.ts";
import { hasFraction, timeOf } from "./times.ts";

/** One event, with all places it stands at: pages that were fetched while the run went on may repeat it. */
export interface Moment extends PlacedEvent {
  readonly copies: readonly PlacedEvent[];
  readonly startUs: number;
  /** `undefined` for one that has not ended. */
  readonly endUs: number | undefined;
  readonly resolution: "s" | "ms";
}

/** The oldest clients tell of an event when it is over, with one time. */
const endOf = ({ event }: PlacedEvent): number | undefined =>
  timeOf(event.finishedAt) ?? timeOf(event.timestamp);

/** @param createdUs when the run was asked for: what says no time of its own comes right after what is before it. */
export function momentsOf(events: readonly PlacedEvent[], createdUs: number): Moment[] {
  const moments: Moment[] = [];
  let before = createdUs;
  for (const [placed, ...copies] of distinct(events)) {
    if (placed === undefined) continue;
    const { event } = placed;
    const said = timeOf(event.startedAt) ?? timeOf(event.timestamp);
    const endUs = endOf(placed);
    const startUs = said ?? endUs ?? before;
    before = startUs;
    const isFine = [event.startedAt, event.finishedAt, event.timestamp].some(hasFraction);
    moments.push({
      ...placed,
      copies,
      startUs,
      endUs: endUs === undefined ? undefined : Math.max(endUs, startUs),
      resolution: isFine ? "ms" : "s",
    });
  }
  return moments.sort((a, b) => a.startUs - b.startUs);
}

/** Each event with its copies: first the latest of those that have ended, else the latest. */
function distinct(events: readonly PlacedEvent[]): PlacedEvent[][] {
  const byId = new Map<string, PlacedEvent[]>();
  for (const placed of events) {
    const id = text(placed.event.id) ?? placed.pointer;
    const known = byId.get(id);
    if (known === undefined) byId.set(id, [placed]);
    else if (known[0] !== undefined && endOf(known[0]) !== undefined && endOf(placed) === undefined)
      known.push(placed);
    else known.unshift(placed);
  }
  return [...byId.values()];
}

/**
 * What of a run that goes on can be told for good: all that was over before the first thing that is not. What comes after
 * would get other numbers once that has ended.
 */
export function settledIn(moments: readonly Moment[]): readonly Moment[] {
  let settled = moments.length;
  let until = Number.POSITIVE_INFINITY;
  for (const [index, { startUs, endUs }] of [...moments.entries()].reverse()) {
    if (endUs !== undefined && endUs <= until) continue;
    settled = index;
    until = startUs;
  }
  return moments.slice(0, settled);
}

/** Beginnings and ends of several, in their order. */
export function pointsOf(moments: readonly Moment[]): { moment: Moment; phase: "start" | "end" }[] {
  return moments
    .flatMap((moment, index) => [
      { moment, phase: "start" as const, at: moment.startUs, index },
      ...(moment.endUs === undefined ? [] : [{ moment, phase: "end" as const, at: moment.endUs, index }]),
    ])
    .sort((a, b) => a.at - b.at || a.index - b.index);
}
