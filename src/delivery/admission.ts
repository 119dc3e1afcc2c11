/** Makes room for what comes in: what gives way, and when nothing does. */
import type { QueueStorage } from "./durable/index.ts";
import type { LaneItem } from "./items.ts";
import type { Lane } from "./lane.ts";
import type { Room } from "./room.ts";

export interface AdmissionParts {
  /** Every lane that holds anything. */
  readonly lanes: ReadonlySet<Lane>;
  readonly hasItems: () => boolean;
  /** A run that was never opened, with all it holds. */
  readonly giveUp: (lane: Lane) => void;
  /** The item is out of its lane. */
  readonly gaveWay: (lane: Lane, item: LaneItem) => void;
}

export class Admission {
  readonly #room: Room;
  readonly #parts: AdmissionParts;
  /** What is on disk is bounded, too. */
  storage: QueueStorage | undefined;

  constructor(room: Room, parts: AdmissionParts) {
    this.#room = room;
    this.#parts = parts;
  }

  fits(bytes: number): boolean {
    return this.#room.fits(bytes) && this.storage?.isFull(bytes) !== true;
  }

  /** Events of the longest lane give way first; when only unopened runs remain, the oldest whole run goes. */
  makeRoom(lane: Lane, bytes: number, isItem: boolean): boolean {
    if (!this.#room.couldFit(bytes) || this.storage?.couldFit(bytes) === false) return false;
    while (!this.fits(bytes)) {
      // With a queue on disk memory is full of what is yet to go there, or of what cannot.
      const ofMemory = !this.#room.fits(bytes);
      if (ofMemory && this.storage?.relieve() === true) continue;
      if (this.#giveWay(lane, isItem, ofMemory)) continue;
      if (ofMemory || this.storage?.readMore() !== true) return false;
    }
    return true;
  }

  /** @returns whether anything did. */
  #giveWay(lane: Lane, isItem: boolean, ofMemory: boolean): boolean {
    const { lanes, hasItems, giveUp, gaveWay } = this.#parts;
    const longest = hasItems() ? this.#room.longestOf(lanes, ofMemory) : undefined;
    if (longest === undefined) {
      const unopened = oldestUnopenedRun(lanes, lane);
      if (unopened === undefined) return false;
      giveUp(unopened);
      return true;
    }
    if (isItem && this.#room.refusesNewest(lane, longest)) return false;
    const item = this.#room.takeOut(longest, ofMemory);
    if (item === undefined) return false;
    gaveWay(longest, item);
    return true;
  }
}

function oldestUnopenedRun(lanes: Iterable<Lane>, except: Lane): Lane | undefined {
  for (const lane of lanes) if (lane !== except && lane.state === "pending" && lane.isRun) return lane;
  return undefined;
}
