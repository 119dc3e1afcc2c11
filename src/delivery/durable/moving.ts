/** Hands lanes over from one file to another. */
import { Slot } from "./slot.ts";
import type { Spool } from "./spool.ts";
import type { LaneRow } from "./store.ts";

/** @param rows of lanes in which nothing waits. @returns whether they are in the other file, and not in this one any more. */
export function move(rows: readonly LaneRow[], from: Spool, to: Spool): boolean {
  const known = to.read((store) => rows.map(({ kind, keyHash }) => store.laneByKey(kind, keyHash)));
  if (known === undefined) return false;
  const moved = rows.map((row, index): LaneRow => {
    const found = known[index];
    // A process that ended over it may have done it before.
    if (found !== undefined && found.apieId === row.apieId) return found;
    return { ...row, id: to.nextLane(), session: null, parent: null };
  });
  const lanes = moved.filter((row) => !known.includes(row));
  const isIn = to.read((store) => {
    store.commit({ lanes, items: [], seen: [], at: 0, removedItems: [], removedLanes: [] });
    return true;
  });
  if (isIn !== true) return false;
  to.bytes += lanes.reduce((sum, { bytes }) => sum + bytes, 0);
  rows.forEach((row, index) => {
    const slot = from.slot(row.id);
    if (slot === undefined) from.discard(row);
    else moveSlot(slot, moved[index] as LaneRow, to);
  });
  return true;
}

/** Its lane is in memory. */
function moveSlot(slot: Slot, row: LaneRow, to: Spool): void {
  const { lane, spool } = slot;
  spool.ended(slot);
  if (to.slot(row.id) !== undefined || to.hasEnded(row.id)) return;
  lane.queue = to.queue(row.id);
  to.restore(new Slot(to, lane, { ...row, saved: row }));
  lane.slot?.idle();
}
