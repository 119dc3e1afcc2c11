/** Items of `known`, kept beside the processor's queue on disk. */
import type { KeptIdStore } from "../delivery/index.ts";
import type { Kind, KnownItem } from "./known.ts";

export class KeptItems {
  readonly #kept: KeptIdStore;
  /** What the user gives as `known` wins: then nothing is looked up. */
  readonly #isRead: boolean;

  constructor(kept: KeptIdStore, isRead: boolean) {
    this.#kept = kept;
    this.#isRead = isRead;
  }

  get(kind: Kind, id: string): KnownItem | undefined {
    const found = this.#isRead ? this.#kept.get(KINDS[kind], id) : undefined;
    if (found === undefined) return undefined;
    const { apieId } = found;
    return { ...parsed(found.note), ...(apieId === undefined ? {} : { apieId }) };
  }

  put(kind: Kind, id: string, { apieId, ...rest }: KnownItem): void {
    this.#kept.put(KINDS[kind], id, { apieId, note: JSON.stringify(rest) });
  }
}

const KINDS = { runs: "run", sessions: "session" } as const;

/** A note that is damaged costs itself: the run is told from its beginning, under the id it has. */
function parsed(note: string | undefined): Omit<KnownItem, "apieId"> {
  try {
    const item: unknown = note === undefined ? {} : JSON.parse(note);
    return typeof item === "object" && item !== null ? item : {};
  } catch {
    return {};
  }
}
