/** What is taken in and what is not, and what gives way to make room for it. */
import type { CompleteBody } from "../apie-api/index.ts";
import { callBytes } from "./call-bytes.ts";
import type { QueueStorage } from "./durable/index.ts";
import type { LaneItem } from "./items.ts";
import type { Lane, LaneFailure } from "./lane.ts";
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

/** How long one turn of the event loop is spent on what gives way. */
const SLICE_MS = 4;

export class Admission {
  readonly #room: Room;
  readonly #parts: AdmissionParts;
  /** What is on disk is bounded, too. */
  storage: QueueStorage | undefined;
  /** Set when the client has stopped: why nothing is taken in any more. */
  closedBecause: string | undefined;

  constructor(room: Room, parts: AdmissionParts) {
    this.#room = room;
    this.#parts = parts;
  }

  /** @returns why a run or session is not taken in; a run is refused whole when the queue is full. */
  refusalOfOpening(lane: Lane): string | undefined {
    if (this.closedBecause !== undefined) return this.closedBecause;
    if (this.#fits(lane.openBytes)) return undefined;
    if (lane.isRun) return this.#fitsOnceSaved(lane.openBytes) ? undefined : "run_not_admitted";
    return this.#makeRoom(lane, lane.openBytes, false) ? undefined : "session_not_admitted";
  }

  refusalOf(lane: Lane, item: LaneItem): LaneFailure | undefined {
    if (this.closedBecause !== undefined) return { outcome: "dropped", reason: this.closedBecause };
    if (lane.failure !== undefined) return lane.failure;
    if (lane.completionAsked) return { outcome: "dropped", reason: "after_completion" };
    if (!this.#makeRoom(lane, item.bytes, true)) return { outcome: "dropped", reason: "queue_full" };
    return undefined;
  }

  admitsCompletion(lane: Lane): boolean {
    if (this.closedBecause !== undefined) return false;
    if (this.#makeRoom(lane, lane.completeBytes, false)) return true;
    if (lane.state === "pending") this.#parts.giveUp(lane);
    return false;
  }

  /** A run that can be ended without what came of it is not left open for it. */
  small(body: CompleteBody): CompleteBody {
    const bytes = callBytes(body);
    return this.#room.couldFit(bytes)
      ? body
      : { status: body.status, metadata: { trimmed: true, trimmed_bytes: bytes } };
  }

  /** What is on disk turned out to be more than was reckoned with. @returns whether some of it is yet to give way, in another turn. */
  shrink(): boolean {
    const until = performance.now() + SLICE_MS;
    while (this.storage?.isFull(0) === true) {
      if (!this.#giveWay(undefined, false, false)) return false;
      if (performance.now() >= until) return this.storage.isFull(0);
    }
    return false;
  }

  /** With a queue on disk memory is full of what is yet to go there. */
  #fitsOnceSaved(bytes: number): boolean {
    while (!this.#fits(bytes)) if (this.#room.fits(bytes) || this.storage?.relieve() !== true) return false;
    return true;
  }

  #fits(bytes: number): boolean {
    return this.#room.fits(bytes) && this.storage?.isFull(bytes) !== true;
  }

  /** Events of the longest lane give way first; when only unopened runs remain, the oldest whole run goes. */
  #makeRoom(lane: Lane, bytes: number, isItem: boolean): boolean {
    if (!this.#room.couldFit(bytes) || this.storage?.couldFit(bytes) === false) return false;
    while (!this.#fits(bytes)) {
      // With a queue on disk memory is full of what is yet to go there, or of what cannot.
      const ofMemory = !this.#room.fits(bytes);
      if (ofMemory && this.storage?.relieve() === true) continue;
      if (this.#giveWay(lane, isItem, ofMemory)) continue;
      if (ofMemory || this.storage?.readMore() !== true) return false;
    }
    return true;
  }

  /** @returns whether anything did. */
  #giveWay(lane: Lane | undefined, isItem: boolean, ofMemory: boolean): boolean {
    const { lanes, hasItems, giveUp, gaveWay } = this.#parts;
    const longest = hasItems() ? this.#room.longestOf(lanes, ofMemory) : undefined;
    if (longest === undefined) {
      const unopened = oldestUnopenedRun(lanes, lane);
      if (unopened === undefined) return false;
      giveUp(unopened);
      return true;
    }
    if (isItem && lane !== undefined && this.#room.refusesNewest(lane, longest)) return false;
    const item = this.#room.takeOut(longest, ofMemory);
    if (item === undefined) return false;
    gaveWay(longest, item);
    return true;
  }
}

function oldestUnopenedRun(lanes: Iterable<Lane>, except: Lane | undefined): Lane | undefined {
  for (const lane of lanes) if (lane !== except && lane.state === "pending" && lane.isRun) return lane;
  return undefined;
}
