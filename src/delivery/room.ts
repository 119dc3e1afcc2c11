/** The bounds of the queue, and which events give way when it is full. */
import type { QueueDropPolicy } from "../config/index.ts";
import type { LaneItem } from "./items.ts";
import type { Lane } from "./lane.ts";

export interface RoomOptions {
  /** Events, openings, completions and hand-offs held, sent ones included until they are answered. */
  maxQueueSize: number;
  /** Their bytes, estimated. */
  maxQueueBytes: number;
  queueDropPolicy: QueueDropPolicy;
}

/** One look at all lanes pays for this share of as many removals, so that a full queue costs little per event. */
const LOOKS_PER_REMOVAL = 16;

export class Room {
  readonly #options: RoomOptions;
  #count = 0;
  #bytes = 0;
  #longest: Lane | undefined;
  #removalsLeft = 0;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    this.change(1, bytes);
  }

  remove(bytes: number): void {
    this.change(-1, -bytes);
  }

  change(count: number, bytes: number): void {
    this.#count += count;
    this.#bytes += bytes;
  }

  fits(bytes: number): boolean {
    const { maxQueueSize, maxQueueBytes } = this.#options;
    return this.#count < maxQueueSize && this.#bytes + bytes <= maxQueueBytes;
  }

  /** Whether it would fit into an empty queue. */
  couldFit(bytes: number): boolean {
    return bytes <= this.#options.maxQueueBytes;
  }

  /** Whether an event that comes for `lane` is itself the one that gives way. */
  refusesNewest(lane: Lane, longest: Lane): boolean {
    return lane === longest && this.#options.queueDropPolicy === "drop_newest";
  }

  /**
   * The lane whose events take the most room, looked for anew from time to time.
   * @param ofMemory only what is in memory makes room.
   */
  longestOf(lanes: Iterable<Lane>, ofMemory: boolean): Lane | undefined {
    const known = this.#longest;
    const mayGive = (lane: Lane): boolean => (ofMemory ? lane.queue.takesMemory : lane.queue.length > 0);
    if (known !== undefined && mayGive(known) && this.#removalsLeft > 0) {
      this.#removalsLeft -= 1;
      return known;
    }
    let longest: Lane | undefined;
    let looks = 0;
    for (const lane of lanes) {
      looks += 1;
      if (lane.queuedBytes > (longest?.queuedBytes ?? 0) && mayGive(lane)) longest = lane;
    }
    this.#longest = longest;
    this.#removalsLeft = Math.floor(looks / LOOKS_PER_REMOVAL);
    return longest;
  }

  /** Takes out of the lane what the policy says goes first. */
  takeOut(lane: Lane, ofMemory: boolean): LaneItem | undefined {
    const isOldest = this.#options.queueDropPolicy === "drop_oldest";
    if (ofMemory) return lane.queue.takeFromMemory(isOldest ? "oldest" : "newest");
    return isOldest ? lane.queue.shift() : lane.queue.pop();
  }
}
