/** Ids that outlive what waits, as the rest of the library sees them: without the types of a module that not every Node has. */

export type KeptKind = "run" | "session";

export interface KeptId {
  /** Apie's id. */
  readonly apieId: string | undefined;
  /** Whatever is noted of it, as text. */
  readonly note: string | undefined;
}

export interface KeptIdStore {
  /** @param key our id. */
  get(kind: KeptKind, key: string): KeptId | undefined;
  put(kind: KeptKind, key: string, kept: KeptId): void;
  /**
   * Keeps others from telling the same meanwhile.
   * @returns what lets go again; `undefined` while another one has it.
   */
  hold(): (() => void) | undefined;
}
