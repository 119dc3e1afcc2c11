/** Writes what came in as it is kept in the file: events as JSON, redacted. */
import { ApieError, reasonOf } from "../../model/errors.ts";
import type { LaneItem } from "../items.ts";
import type { Lane } from "../lane.ts";
import type { Slot } from "./slot.ts";
import type { SpoolHooks } from "./spool-parts.ts";
import type { SpoolSource } from "./spool-source.ts";
import type { ItemRow } from "./store.ts";
import { eventRow, handoffRow, type StoredItem, writtenForStore } from "./stored-items.ts";

/** Why nothing came of an item. */
export type Unwritten = "redacted" | "unwritable";

export class ItemWriter {
  readonly #source: SpoolSource;
  readonly #hooks: Pick<SpoolHooks, "problem">;

  constructor(source: SpoolSource, hooks: Pick<SpoolHooks, "problem">) {
    this.#source = source;
    this.#hooks = hooks;
  }

  /** @returns the item as it is kept, or why it is not. */
  write(slot: Slot, item: LaneItem): StoredItem | Unwritten {
    try {
      const row = this.#rowFor(slot, item);
      const target = item.kind === "handoff" ? item.target : undefined;
      return row === undefined ? "redacted" : this.#source.itemOf(row, item.ticket, false, target);
    } catch (error) {
      const message = `an ${item.type} event could not be written: ${reasonOf(error)}`;
      this.#hooks.problem(new ApieError("unwritable", message));
      return "unwritable";
    }
  }

  #rowFor(slot: Slot, item: LaneItem): ItemRow | undefined {
    const seq = this.#source.base + item.ticket;
    const now = Date.now();
    if (item.kind === "event") {
      const written = writtenForStore(item);
      return written === undefined ? undefined : eventRow(seq, now, written);
    }
    const target = slot.rowOf(item.target as Lane | undefined) ?? undefined;
    return handoffRow(seq, now, { body: item.body, target, targetId: item.target?.id });
  }
}
