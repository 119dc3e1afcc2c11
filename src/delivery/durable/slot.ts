/** The place of a lane in a queue file. */
import type { Lane } from "../lane.ts";
import { hashOf } from "./rows.ts";
import type { Spool } from "./spool.ts";
import type { SpooledQueue } from "./spooled-queue.ts";

export class Slot {
  readonly spool: Spool;
  readonly lane: Lane;
  readonly id: number;
  readonly keyHash: string;
  /** Whether it is for us to open; what Apie knew before needs no row once nothing waits in it, and it is not for us to end. */
  readonly openedHere: boolean;
  /** The registered agent, where the events are that one's. */
  readonly agentKey: string | null;
  /** Epoch ms. */
  readonly openedAt: number;
  completedAt: number | undefined;
  seenAt: number;
  /** The row is not in the file as it should be. */
  isDirty: boolean;
  hasRow: boolean;
  /** Of the row. */
  bytes = 0;

  constructor(
    spool: Spool,
    lane: Lane,
    details: {
      id: number;
      agentKey: string | null;
      openedAt: number;
      keyHash?: string | undefined;
      openedHere?: boolean | undefined;
      /** Of one that was read from the file. */
      saved?: { bytes: number; seenAt: number } | undefined;
    },
  ) {
    const { saved } = details;
    this.spool = spool;
    this.lane = lane;
    this.id = details.id;
    this.agentKey = details.agentKey;
    this.openedAt = details.openedAt;
    this.seenAt = saved?.seenAt ?? details.openedAt;
    this.keyHash = details.keyHash ?? hashOf(lane.key);
    this.openedHere = details.openedHere ?? (lane.opening.kind !== "none" && lane.id === undefined);
    this.bytes = saved?.bytes ?? 0;
    this.isDirty = saved === undefined;
    this.hasRow = saved !== undefined;
  }

  /** Whether the file says what is to be sent next; while nothing can be saved, memory has to do. */
  get isSaved(): boolean {
    return !this.isDirty || this.spool.isDegraded;
  }

  get queue(): SpooledQueue {
    return this.lane.queue as SpooledQueue;
  }

  /** Row of another lane in the same file. */
  rowOf(lane: Lane | undefined): number | null {
    return lane?.slot?.spool === this.spool ? lane.slot.id : null;
  }

  /** Something about the lane changed that the file should know. */
  changed(): void {
    this.spool.changed(this);
  }

  /** Nothing more will come of the lane. */
  ended(): void {
    this.spool.ended(this);
  }

  /** Nothing waits in it at the moment. */
  idle(): void {
    if (!this.openedHere && this.lane.orphanStatus === undefined) this.spool.ended(this);
    else if (this.mayRest) this.spool.tired(this);
  }

  /** Something was noted of the lane that only memory has. */
  wake(): void {
    this.spool.wake(this);
  }

  /** Whether its row says all there is of it, and will until it is named again: it outlives the process. */
  get mayRest(): boolean {
    const { lane } = this;
    const outlives = lane.orphanStatus === undefined || lane.isShared;
    return outlives && lane.isIdle && lane.completion === undefined && lane.lost === undefined;
  }
}
