/** The order of a replay: by time, each run in its own order, then by the session's number, then by arrival. */
import type { EventLine } from "../data/event-line.ts";

type Order = (a: EventLine, b: EventLine) => number;

export const byReplay: Order = (a, b) =>
  a.replay_us - b.replay_us || (a.session_order ?? 0) - (b.session_order ?? 0) || a.seq - b.seq;

/** Both lists as one in order; what comes mostly belongs at the end. */
export function merged(
  known: readonly EventLine[],
  more: readonly EventLine[],
  order: Order,
): readonly EventLine[] {
  const all = [...known, ...more];
  for (let index = known.length; index < all.length; index++) {
    const [before, line] = [all[index - 1], all[index]];
    if (before !== undefined && line !== undefined && order(before, line) > 0) return all.sort(order);
  }
  return all;
}
