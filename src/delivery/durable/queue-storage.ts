/**
 * The durable queue: this process's file, and in a folder those of processes that have ended. Decides when to save, what is
 * read back, and what to do when a file fails.
 */
import {
  type CompleteBody,
  detached,
  detachedTimer,
  type Registration,
  type Timer,
} from "../../apie-api/index.ts";
import { ApieError, reasonOf } from "../../model/errors.ts";
import type { LaneItem } from "../items.ts";
import type { Lane } from "../lane.ts";
import { atExit } from "./at-exit.ts";
import { HeadBudget } from "./head-budget.ts";
import { type OpenFile, Place } from "./place.ts";
import type { QueueFile } from "./queue-file.ts";
import { type Orphan, type Pending, Recovery } from "./recovery.ts";
import { hashOf } from "./rows.ts";
import { Spool, type SpoolHooks } from "./spool.ts";
import { loadSqlite } from "./sqlite.ts";
import { StoreFailure } from "./store.ts";

export interface StorageOptions {
  /** File or folder. */
  path: string;
  /** Of all that is kept on disk. */
  maxBytes: number;
  /** Of memory that may hold what is in the file as well. */
  maxHeadBytes: number;
  /** Agent this process registers. */
  agentKey: string;
  /** Our ids as they may be written down. */
  shown: (key: string) => string;
  /** How a run or session ends whose process did before. */
  orphanEnd: (orphan: Orphan) => CompleteBody;
  /** How often a folder is looked through for files of processes that have ended. Default 30,000. */
  scanMs?: number | undefined;
  /** For tests: pages of 8 KiB, beyond which the disk is full. */
  maxPages?: number | undefined;
}

export interface StorageHooks extends Omit<SpoolHooks, "unsaved" | "failed"> {
  /** So much waits from before. */
  recovered(pending: Pending): void;
  /** It was lost before it was read. */
  lostUnread(pending: Pending): void;
  restored(lane: Lane): void;
  /** There may be something to send. */
  soon(): void;
}

/** The state of the durable queue, for diagnostics. */
export interface StorageState {
  /** This process's file. */
  path: string;
  /** Of what is kept, without what SQLite adds. */
  bytes: number;
  maxBytes: number;
  /** Changes that are not in the file yet: what came in, what was sent. */
  unsaved: number;
  /** What earlier processes had left. */
  recovered: { events: number; runs: number; sessions: number };
  /** Files of ended processes that are being sent. */
  adoptedFiles: readonly string[];
  /** Damaged files, where they are now. */
  setAside: readonly string[];
  /** Why memory does alone at the moment. */
  degradedBecause: string | undefined;
}

interface Opened {
  readonly spool: Spool;
  file: QueueFile | undefined;
  recovery: Recovery | undefined;
}

/** How long one turn of the event loop is spent on writing. */
const SLICE_MS = 4;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
const SCAN_MS = 30_000;
/** Lanes read from a file in one turn of the event loop. */
const READ_LANES = 64;

export class QueueStorage {
  readonly #options: StorageOptions;
  readonly #hooks: StorageHooks;
  readonly #place: Place;
  readonly #budget: HeadBudget;
  readonly #own: Opened;
  readonly #adopted: Opened[] = [];
  readonly #recovered = { events: 0, runs: 0, sessions: 0 };
  readonly #setAside: string[] = [];
  readonly #forgetExit: () => void;
  #savePlanned = false;
  #retryTimer: Timer | undefined;
  #retryMs = FIRST_RETRY_MS;
  #scanTimer: Timer | undefined;
  #registration: string | undefined;
  #isClosed = false;

  /** @throws {ApieConfigError} when the path can never be used. */
  constructor(options: StorageOptions, hooks: StorageHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#place = new Place(options.path, loadSqlite());
    this.#budget = new HeadBudget(options.maxHeadBytes);
    this.#own = { spool: this.#newSpool(() => this.#own), file: undefined, recovery: undefined };
    this.#openOwn();
    this.#forgetExit = atExit(() => this.saveAll());
  }

  get state(): StorageState {
    const { maxBytes } = this.#options;
    const failure = this.#all.map(({ spool }) => spool.failure).find((found) => found !== undefined);
    return {
      path: this.#place.ownPath,
      bytes: this.#bytes,
      maxBytes,
      unsaved: this.#all.reduce((sum, { spool }) => sum + spool.unsavedChanges, 0),
      recovered: { ...this.#recovered },
      adoptedFiles: this.#adopted.flatMap(({ file }) => file?.path ?? []),
      setAside: [...this.#setAside],
      degradedBecause: failure?.message,
    };
  }

  /** Something will be saved in the next turn of the event loop, and may be sent after that. */
  get isSaving(): boolean {
    return this.#savePlanned;
  }

  /** Whether this much more is too much for the disk. */
  isFull(bytes: number): boolean {
    return !this.#own.spool.isDegraded && this.#bytes + bytes > this.#options.maxBytes;
  }

  couldFit(bytes: number): boolean {
    return bytes <= this.#options.maxBytes;
  }

  /** Begins to send what earlier processes left. */
  start(): void {
    this.#scan();
  }

  take(lane: Lane): void {
    if (lane.slot === undefined) this.#own.spool.take(lane);
  }

  pushed(lane: Lane, item: LaneItem): void {
    const { slot } = lane;
    slot?.spool.pushed(slot, item);
  }

  settled(lane: Lane, item: LaneItem): void {
    // Of a lane that has ended meanwhile nothing is in the file any more.
    lane.slot?.spool.settled(item);
  }

  /** Makes room in memory. @returns whether it did. */
  relieve(): boolean {
    let unsaved = 0;
    for (const { spool } of this.#all) {
      if (spool.isDegraded) continue;
      unsaved += spool.unsavedItems;
      spool.save(SLICE_MS);
      unsaved -= spool.unsavedItems;
    }
    return unsaved > 0;
  }

  /** Reads more of what earlier processes left. @returns whether there may be more. */
  readMore(): boolean {
    for (const opened of this.#all) {
      if (opened.recovery === undefined || opened.recovery.isDone) continue;
      this.#safely(opened, () => opened.recovery?.read(READ_LANES));
      return !opened.spool.isDegraded;
    }
    this.#endDrained();
    return false;
  }

  /** The lane of a run or session that is kept under this id of ours, and has not ended. */
  kept(kind: "run" | "session", key: string): Lane | undefined {
    const keyHash = hashOf(key);
    for (const opened of this.#all) {
      const row = opened.spool.read((store) => store.laneByKey(kind, keyHash));
      if (row === undefined) continue;
      const lane = opened.spool.slot(row.id)?.lane ?? opened.recovery?.load(row);
      if (lane !== undefined && lane.completion === undefined && lane.state !== "failed") return lane;
    }
    return undefined;
  }

  /** What Apie answered: events of this process that a later one sends are still its own. */
  registered(registration: Registration): void {
    const { agentId, agentVersionId } = registration;
    const fact = JSON.stringify({ agentKey: this.#options.agentKey, agentId, agentVersionId });
    if (fact === this.#registration) return;
    this.#registration = fact;
    this.#own.spool.read((store) => store.setFact(REGISTRATION, fact));
  }

  /** Saves everything, in this turn. @returns whether all of it is in the file. */
  saveAll(): boolean {
    return this.#all.map(({ spool }) => spool.saveAll()).every((saved) => saved);
  }

  /** Saves what there is and lets go of the files. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#forgetExit();
    this.#retryTimer?.cancel();
    this.#scanTimer?.cancel();
    for (const opened of this.#all) this.#close(opened);
  }

  // ---- files ---------------------------------------------------------------------------------------------------

  get #all(): Opened[] {
    return [this.#own, ...this.#adopted];
  }

  get #bytes(): number {
    return this.#all.reduce((sum, { spool }) => sum + spool.bytes, 0);
  }

  #newSpool(opened: () => Opened): Spool {
    return new Spool({
      agentKey: this.#options.agentKey,
      shown: this.#options.shown,
      budget: this.#budget,
      hooks: {
        ...this.#hooks,
        unsaved: () => this.#planSave(),
        failed: (failure) => this.#failed(opened(), failure),
      },
    });
  }

  /** @throws {ApieConfigError} */
  #openOwn(): void {
    try {
      this.#use(this.#own, this.#place.own(this.#options.maxPages));
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      this.#own.spool.fail(error);
    }
  }

  #use(opened: Opened, { file, store }: OpenFile): void {
    opened.file = file;
    this.#tellSetAside(file);
    const fact = store.fact(REGISTRATION);
    const totals = store.totals();
    opened.spool.use(store);
    opened.recovery = new Recovery(totals, {
      spool: opened.spool,
      agentKey: this.#options.agentKey,
      registration: fact === undefined ? undefined : JSON.parse(fact),
      orphanEnd: this.#options.orphanEnd,
      restored: (lane) => this.#hooks.restored(lane),
    });
    this.#recovered.events += totals.events;
    this.#recovered.runs += totals.runs;
    this.#recovered.sessions += totals.sessions;
    this.#hooks.recovered(opened.recovery.left);
  }

  /** Takes over what processes that have ended left in the folder; one file at a time. */
  #scan(): void {
    if (this.#isClosed || !this.#place.isFolder) return;
    this.#scanTimer?.cancel();
    this.#scanTimer = detachedTimer(this.#options.scanMs ?? SCAN_MS, () => this.#scan());
    if (this.#adopted.length > 0) return;
    const known = new Set(this.#all.flatMap(({ file }) => file?.path ?? []));
    const found = this.#place.abandoned(known.add(this.#place.ownPath));
    if (found === undefined) return;
    const opened: Opened = { spool: this.#newSpool(() => opened), file: undefined, recovery: undefined };
    try {
      this.#use(opened, found);
      this.#adopted.push(opened);
      this.#hooks.soon();
    } catch (error) {
      found.file.close();
      this.#tell(
        "queue_storage_adopt",
        `a queue file of an ended process cannot be read: ${reasonOf(error)}`,
      );
    }
  }

  /** Files that were taken over and are empty now are taken away; the next one is looked for. */
  #endDrained(): void {
    for (const opened of [...this.#adopted]) {
      const { spool, file } = opened;
      if (spool.isDegraded || spool.hasUnsaved || this.#own.spool.isDegraded) continue;
      const lanes = spool.idleLanes;
      if (lanes === undefined) continue;
      this.#moveSessions(spool, lanes);
      this.#adopted.splice(this.#adopted.indexOf(opened), 1);
      file?.close({ remove: true });
      this.#scan();
    }
  }

  /** Sessions that may still be resumed go into this process's file. */
  #moveSessions(from: Spool, lanes: readonly Lane[]): void {
    for (const lane of lanes) {
      lane.slot?.spool.ended(lane.slot);
      this.#own.spool.take(lane);
    }
    const known = new Set(lanes.map((lane) => lane.key));
    let after = 0;
    for (;;) {
      const rows = from.read((store) => store.lanesAfter(after, READ_LANES)) ?? [];
      for (const row of rows) if (!known.has(row.key)) this.#own.spool.import(row);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
    }
  }

  #close(opened: Opened): void {
    const { spool, file } = opened;
    spool.saveAll();
    const isEmpty = !spool.isDegraded && spool.read((store) => store.lanesAfter(0, 1).length === 0) === true;
    file?.close({ remove: this.#place.isFolder && isEmpty });
  }

  // ---- time ----------------------------------------------------------------------------------------------------

  #planSave(): void {
    if (this.#savePlanned || this.#isClosed) return;
    this.#savePlanned = true;
    detached(() => setImmediate(() => this.#save()));
  }

  #save(): void {
    this.#savePlanned = false;
    if (this.#isClosed) return;
    for (const opened of this.#all) this.#safely(opened, () => opened.spool.save(SLICE_MS));
    if (this.#all.some(({ spool }) => spool.hasUnsaved && !spool.isDegraded)) this.#planSave();
    this.#hooks.soon();
  }

  /** A mistake of ours is a failure of the file, as far as the application is concerned: memory goes on. */
  #safely(opened: Opened, act: () => void): void {
    try {
      act();
    } catch (error) {
      opened.spool.fail(error);
    }
  }

  // ---- failures ------------------------------------------------------------------------------------------------

  #failed(opened: Opened, failure: StoreFailure): void {
    this.#tell(
      "queue_storage",
      `the queue file ${opened.file?.path ?? this.#place.ownPath} cannot be used (${failure.message}); what waits is kept in memory`,
    );
    if (failure.trouble === "corrupt") this.#replace(opened);
    if (opened.spool.isDegraded) this.#planRetry();
  }

  /** A damaged file goes aside, and what memory has is saved in a new one. */
  #replace(opened: Opened): void {
    const { file, spool, recovery } = opened;
    if (file === undefined) return;
    spool.forsake();
    if (recovery !== undefined) this.#hooks.lostUnread(recovery.giveUp());
    try {
      file.putAside();
      const store = file.open();
      spool.use(store);
    } catch (error) {
      this.#tell("queue_storage", `the queue file ${file.path} cannot be replaced: ${reasonOf(error)}`);
    }
    this.#tellSetAside(file);
    this.#planSave();
  }

  #tellSetAside(file: QueueFile): void {
    for (const path of file.setAside.splice(0)) {
      this.#setAside.push(path);
      this.#tell(
        "queue_storage_damaged",
        `the queue file was damaged and is now ${path}; a new one was begun`,
      );
    }
  }

  #planRetry(): void {
    if (this.#retryTimer !== undefined || this.#isClosed) return;
    this.#retryTimer = detachedTimer(this.#retryMs, () => {
      this.#retryTimer = undefined;
      this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 2);
      for (const opened of this.#all) if (opened.spool.isDegraded) this.#retry(opened);
      if (this.#all.some(({ spool }) => spool.isDegraded)) this.#planRetry();
      else this.#retryMs = FIRST_RETRY_MS;
      this.#hooks.refreshAll();
      this.#hooks.soon();
    });
  }

  #retry(opened: Opened): void {
    try {
      if (opened === this.#own && opened.file === undefined)
        this.#use(opened, this.#place.own(this.#options.maxPages));
      else if (!opened.spool.hasStore && opened.file !== undefined) opened.spool.use(opened.file.open());
      this.#safely(opened, () => opened.spool.retry());
      this.#planSave();
    } catch (error) {
      opened.spool.fail(error);
    }
  }

  #tell(code: string, message: string): void {
    this.#hooks.problem(new ApieError(code, message));
  }
}

const REGISTRATION = "registration";
