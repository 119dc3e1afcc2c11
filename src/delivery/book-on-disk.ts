/** What the book does for a queue on disk: what comes back from there is booked, and what is lost there. */
import type { Admission } from "./admission.ts";
import { callBytes } from "./call-bytes.ts";
import type { StorageHooks } from "./durable/index.ts";
import type { LaneItem } from "./items.ts";
import type { Lane } from "./lane.ts";
import type { Ledger } from "./ledger.ts";
import type { Room } from "./room.ts";

export type BookOnDisk = Omit<StorageHooks, "problem" | "soon">;

export interface BookParts {
  readonly room: Room;
  readonly ledger: Ledger;
  readonly admission: Admission;
  /** Every lane that holds anything. */
  readonly lanes: ReadonlySet<Lane>;
  /** So many items came into lanes, or (less than 0) left them. */
  readonly queued: (items: number) => void;
  readonly refresh: (lane: Lane) => void;
  /** An item that is out of its lane, and goes nowhere. */
  readonly gaveUp: (lane: Lane, item: LaneItem, reason: string) => void;
  /** A lane that was not known takes its place. */
  readonly restored: (lane: Lane) => void;
}

/** Reason of what is lost with a damaged file. */
const DAMAGED = "storage_damaged";

export function onDisk(parts: BookParts): BookOnDisk {
  const { room, ledger, admission, lanes, queued, refresh, gaveUp, restored } = parts;
  return {
    memory: (items, bytes) => room.change(items, bytes),
    refresh,
    refreshAll: () => {
      for (const lane of [...lanes]) refresh(lane);
    },
    overfull: () => admission.shrink(),
    unwritten: gaveUp,
    lost: (lane, { events, handoffs }) => {
      queued(-events - handoffs);
      ledger.lostUnseen(lane, { events, handoffs, runCalls: 0, sessionCalls: 0 }, DAMAGED);
      refresh(lane);
    },
    lostUnread: (pending, arrival) => ledger.lostUnseen(arrival, pending, DAMAGED),
    recovered: (pending) => ledger.recovered(pending),
    // What is in it was counted when its file was opened.
    restored: (lane) => {
      if (lane.state === "pending" && lane.opening.kind !== "none") {
        lane.openBytes = callBytes(lane.opening.body);
        room.add(lane.openBytes);
      }
      if (lane.completion !== undefined) {
        lane.completeBytes = callBytes(lane.completion);
        room.add(lane.completeBytes);
      }
      queued(lane.queue.length);
      restored(lane);
    },
  };
}
