/** What a spool is given, and what it has others do. */
import type { ApieError } from "../../model/errors.ts";
import type { LaneItem } from "../items.ts";
import type { Lane } from "../lane.ts";
import type { HeadBudget } from "./head-budget.ts";
import type { Unwritten } from "./item-writer.ts";
import type { StoreFailure } from "./store.ts";

/** What the rest of the delivery has to do about it. */
export interface SpoolHooks {
  /** Items came into memory, or (less than 0) left it for the file. */
  memory(items: number, bytes: number): void;
  /** What is in the lane may be sent now, or may not be read any more. */
  refresh(lane: Lane): void;
  refreshAll(): void;
  /** The item is not to be sent: the user's hook dropped it, or it cannot be written. It is out of its queue. */
  unwritten(lane: Lane, item: LaneItem, reason: Unwritten): void;
  /** So much of the lane is gone with the file. */
  lost(lane: Lane, items: { events: number; handoffs: number }): void;
  /** There is something to save, soon. */
  unsaved(): void;
  failed(failure: StoreFailure): void;
  problem(error: ApieError): void;
}

export interface SpoolParts {
  /** Agent this process registers. */
  agentKey: string;
  /** Our ids as they may be written down. */
  shown: (key: string) => string;
  budget: HeadBudget;
  hooks: SpoolHooks;
}
