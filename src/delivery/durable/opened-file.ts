/** One queue file that is in use: what was in it, what is in memory of it, and what is done when it fails. */
import type { Registration } from "../../apie-api/index.ts";
import { reasonOf } from "../../model/errors.ts";
import type { Lane } from "../lane.ts";
import { move } from "./moving.ts";
import type { OpenFile } from "./place.ts";
import type { QueueFile } from "./queue-file.ts";
import { Recovery } from "./recovery.ts";
import { Spool } from "./spool.ts";
import type { SpoolParts } from "./spool-parts.ts";
import type { StorageHooks, StorageOptions } from "./storage-options.ts";
import { endsAfter, type LaneRow, type StoreFailure, type StoreTotals } from "./store.ts";

export interface OpenedFileHooks {
  storage: StorageHooks;
  unsaved: () => void;
  failed: (opened: OpenedFile, failure: StoreFailure) => void;
  /** @param code of a problem for the user. */
  tell: (code: string, message: string) => void;
  /** It was damaged, and is here now. */
  setAside: (path: string) => void;
}

/** Fact in the file: what Apie answered to the registration of the process it belongs to. */
const REGISTRATION = "registration";
const ROWS = 64;

export class OpenedFile {
  readonly spool: Spool;
  readonly #options: StorageOptions;
  readonly #hooks: OpenedFileHooks;
  #file: QueueFile | undefined;
  #recovery: Recovery | undefined;
  /** Of this process, to be noted once there is a file. */
  #registration: string | undefined;

  constructor(options: StorageOptions, budget: SpoolParts["budget"], hooks: OpenedFileHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.spool = new Spool({
      agentKey: options.agentKey,
      shown: options.shown,
      budget,
      hooks: {
        ...hooks.storage,
        unsaved: hooks.unsaved,
        failed: (failure) => hooks.failed(this, failure),
      },
    });
  }

  get path(): string | undefined {
    return this.#file?.path;
  }

  /** Takes over what is in the file. @returns how much that is. */
  use({ file, store }: OpenFile): StoreTotals {
    const { totals, facts } = store.found;
    this.#file = file;
    this.#noteSetAside();
    this.spool.use(store);
    const { storage } = this.#hooks;
    const arrival = storage.recovered(totals);
    this.#recovery = new Recovery(totals, {
      spool: this.spool,
      agentKey: this.#options.agentKey,
      arrival,
      registration: registrationIn(facts.get(REGISTRATION)),
      orphanEnd: this.#options.orphanEnd,
      shared: this.#options.shared,
      restored: (lane) => storage.restored(lane),
      damaged: (pending) => storage.lostUnread(pending, arrival),
    });
    this.#noteRegistration();
    return totals;
  }

  /** Reads more of what was in the file. @returns whether there may be more. */
  readMore(): boolean {
    const recovery = this.#recovery;
    if (recovery === undefined || recovery.isDone) return false;
    this.safely(() => recovery.read(ROWS));
    return !this.spool.isDegraded;
  }

  /** The lane that is kept under this id of ours, and is not known to end. */
  kept(kind: LaneRow["kind"], keyHash: string): Lane | undefined {
    const row = this.spool.read((store) => store.laneByKey(kind, keyHash));
    if (row === undefined || this.spool.hasEnded(row.id)) return undefined;
    const known = this.spool.slot(row.id)?.lane;
    // Of what is to end, what waits is read in its turn.
    return known ?? (endsAfter(row) ? undefined : this.#recovery?.load(row));
  }

  /** A mistake of ours is a failure of the file, as far as the application is concerned: memory goes on. */
  safely(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.spool.fail(error);
    }
  }

  /** What Apie answered: what this process leaves is still its own when a later one sends it. */
  registered(registration: string): void {
    if (registration === this.#registration) return;
    this.#registration = registration;
    this.#noteRegistration();
  }

  #noteRegistration(): void {
    const fact = this.#registration;
    if (fact !== undefined) this.spool.read((store) => store.setFact(REGISTRATION, fact));
  }

  // ---- when it fails -------------------------------------------------------------------------------------------

  /** A damaged file goes aside, and what memory has is saved in a new one. */
  replace(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.spool.forsake();
    this.#recovery?.giveUp();
    try {
      file.putAside();
      this.spool.use(file.open());
      this.#noteRegistration();
    } catch (error) {
      this.#hooks.tell("queue_storage", `the queue file ${file.path} cannot be replaced: ${reasonOf(error)}`);
    }
    this.#noteSetAside();
    this.#hooks.unsaved();
  }

  /** After a failure: tries whether it works again. */
  retry(open: () => OpenFile): void {
    try {
      if (this.#file === undefined) this.use(open());
      else if (!this.spool.hasStore) this.spool.use(this.#file.open());
      this.safely(() => this.spool.retry());
      this.#hooks.unsaved();
    } catch (error) {
      this.spool.fail(error);
    }
  }

  #noteSetAside(): void {
    for (const path of this.#file?.setAside.splice(0) ?? []) {
      this.#hooks.setAside(path);
      this.#hooks.tell(
        "queue_storage_damaged",
        `the queue file was damaged and is now ${path}; a new one was begun`,
      );
    }
  }

  // ---- the end -------------------------------------------------------------------------------------------------

  /** Whether nothing that is in it waits for anything. */
  get isDrained(): boolean {
    const { spool } = this;
    return (
      this.#recovery?.isDone !== false &&
      !spool.isDegraded &&
      !spool.hasUnsaved &&
      spool.lanes.every((lane) => lane.isIdle)
    );
  }

  /**
   * Hands over some of what may still be resumed, as much as one turn of the event loop has time for; the rest once that is saved.
   * @returns whether nothing is left: what does not fit into the other's file stays.
   */
  moveTo(other: Spool): boolean {
    const rows = this.spool.read((store) => store.lanesAfter(0, ROWS));
    if (rows === undefined) return false;
    if (rows.length === 0) return true;
    move(rows, this.spool, other);
    return false;
  }

  /** Saves what there is, and lets go of the file. @param removeEmpty takes it away when nothing is in it. */
  close(removeEmpty: boolean): void {
    const { spool } = this;
    spool.saveAll();
    const isEmpty = spool.read((store) => store.lanesAfter(0, 1).length === 0) === true;
    this.#file?.close({ remove: removeEmpty && isEmpty && !spool.isDegraded });
  }

  /** Nothing in it is needed any more. */
  takeAway(): void {
    this.#file?.close({ remove: true });
  }
}

function registrationIn(fact: string | undefined): (Registration & { agentKey?: string }) | undefined {
  try {
    return fact === undefined ? undefined : JSON.parse(fact);
  } catch {
    // Damaged: what it belongs to goes without the ids of its agent.
    return undefined;
  }
}
