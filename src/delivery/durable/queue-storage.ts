/**
 * The durable queue: this process's file, and in a folder those of processes that have ended. Decides when to save, what is
 * read back, and what to do when a file fails.
 */
import { detached, detachedTimer, type Registration, type Timer } from "../../apie-api/index.ts";
import { ApieError } from "../../model/errors.ts";
import type { LaneItem } from "../items.ts";
import type { Lane } from "../lane.ts";
import { atExit } from "./at-exit.ts";
import { HeadBudget } from "./head-budget.ts";
import { KeptIds } from "./kept-ids.ts";
import { OpenedFile } from "./opened-file.ts";
import { type OpenFile, Place } from "./place.ts";
import { hashOf } from "./rows.ts";
import { loadSqlite, type Sqlite } from "./sqlite.ts";
import type { StorageHooks, StorageOptions, StorageState } from "./storage-options.ts";
import { StoreFailure, type StoreTotals } from "./store.ts";

/** How long one turn of the event loop is spent on writing. */
const SLICE_MS = 4;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
const SCAN_MS = 30_000;

export class QueueStorage {
  readonly #options: StorageOptions;
  readonly #hooks: StorageHooks;
  readonly #place: Place;
  readonly #budget: HeadBudget;
  readonly #own: OpenedFile;
  /** Of processes that have ended. */
  readonly #adopted: OpenedFile[] = [];
  readonly #recovered = { events: 0, runs: 0, sessions: 0 };
  readonly #setAside: string[] = [];
  readonly #forgetExit: () => void;
  #savePlanned = false;
  #retryTimer: Timer | undefined;
  #retryMs = FIRST_RETRY_MS;
  #scanTimer: Timer | undefined;
  #isClosed = false;
  /** Apie's ids of what is told again at another time. */
  readonly keptIds: KeptIds;

  /** @throws {ApieConfigError} when the path can never be used. */
  constructor(options: StorageOptions, hooks: StorageHooks) {
    this.#options = options;
    this.#hooks = hooks;
    const sqlite = loadSqlite();
    this.#place = new Place(options.path, sqlite);
    this.keptIds = new KeptIds({
      sqlite: sqlite as Sqlite,
      path: this.#place.keptIdsPath,
      apie: options.apie ?? "",
      tell: (message, setAside) => {
        if (setAside !== undefined) this.#setAside.push(setAside);
        this.#tell("import_ids", message);
      },
    });
    this.#budget = new HeadBudget(options.maxHeadBytes);
    this.#own = this.#newFile();
    this.#openOwn();
    this.#forgetExit = atExit(() => {
      options.atLast?.();
      this.saveAll();
    });
  }

  get state(): StorageState {
    const failure = this.#all.map(({ spool }) => spool.failure).find((found) => found !== undefined);
    return {
      path: this.#place.ownPath,
      bytes: this.#bytes,
      maxBytes: this.#options.maxBytes,
      unsaved: this.#all.reduce((sum, { spool }) => sum + spool.unsavedChanges, 0),
      recovered: { ...this.#recovered },
      adoptedFiles: this.#adopted.flatMap(({ path }) => path ?? []),
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
    if (lane.slot !== undefined) return;
    this.#own.spool.take(lane);
    this.#keepId(lane);
  }

  /** Before the lane's row, which has the id as well, can be taken out. */
  #keepId(lane: Lane): void {
    if (!lane.keepsId) return;
    lane.whenSettled(() => {
      const { id, opening, slot } = lane;
      if (id !== undefined && slot !== undefined && opening.kind !== "none")
        this.keptIds.putId(opening.kind, slot.keyHash, id);
    });
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
      unsaved += spool.unsavedItems;
      spool.save(SLICE_MS);
      unsaved -= spool.unsavedItems;
    }
    return unsaved > 0;
  }

  /** Reads more of what earlier processes left. @returns whether there may be more. */
  readMore(): boolean {
    const isMore = this.#all.some((opened) => opened.readMore());
    // It may have been allowed more before.
    this.#shrink();
    if (!isMore) this.#endDrained();
    return isMore;
  }

  /** The lane of a run or session that is kept under this id of ours, and has not ended. */
  kept(kind: "run" | "session", key: string): Lane | undefined {
    const keyHash = hashOf(key);
    for (const opened of this.#all) {
      const lane = opened.kept(kind, keyHash);
      if (lane !== undefined && lane.completion === undefined && lane.state !== "failed") return lane;
    }
    return undefined;
  }

  registered({ agentId, agentVersionId, workspaceId }: Registration): void {
    this.keptIds.registered(workspaceId);
    const { agentKey } = this.#options;
    this.#own.registered(JSON.stringify({ agentKey, agentId, agentVersionId }));
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
    for (const opened of this.#all) opened.close(this.#place.isFolder);
    this.keptIds.close();
  }

  // ---- files ---------------------------------------------------------------------------------------------------

  get #all(): OpenedFile[] {
    return [this.#own, ...this.#adopted];
  }

  get #bytes(): number {
    return this.#all.reduce((sum, { spool }) => sum + spool.bytes, 0);
  }

  #newFile(): OpenedFile {
    return new OpenedFile(this.#options, this.#budget, {
      storage: {
        ...this.#hooks,
        restored: (lane) => {
          this.#keepId(lane);
          this.#hooks.restored(lane);
        },
      },
      unsaved: () => this.#planSave(),
      failed: (opened, failure) => this.#failed(opened, failure),
      tell: (code, message) => this.#tell(code, message),
      setAside: (path) => this.#setAside.push(path),
    });
  }

  #open(): OpenFile {
    return this.#place.own(this.#options.maxPages);
  }

  /** @throws {ApieConfigError} */
  #openOwn(): void {
    try {
      this.#noteRecovered(this.#own.use(this.#open()));
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      this.#own.spool.fail(error);
    }
  }

  #noteRecovered({ events, runs, sessions }: StoreTotals): void {
    this.#recovered.events += events;
    this.#recovered.runs += runs;
    this.#recovered.sessions += sessions;
  }

  /** Takes over what processes that have ended left in the folder; one file at a time. */
  #scan(): void {
    if (this.#isClosed || !this.#place.isFolder) return;
    this.#scanTimer?.cancel();
    this.#scanTimer = detachedTimer(this.#options.scanMs ?? SCAN_MS, () => this.#scan());
    if (this.#adopted.length > 0) return;
    const found = this.#place.abandoned();
    if (found === undefined) return;
    const opened = this.#newFile();
    this.#noteRecovered(opened.use(found));
    this.#adopted.push(opened);
    this.#hooks.soon();
  }

  /** Files that were taken over and are empty now are taken away; the next one is looked for. */
  #endDrained(): void {
    for (const opened of [...this.#adopted]) {
      if (this.#own.spool.isDegraded || !opened.isDrained || !opened.moveTo(this.#own.spool)) continue;
      this.#adopted.splice(this.#adopted.indexOf(opened), 1);
      opened.takeAway();
      this.#scan();
    }
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
    for (const opened of this.#all) opened.safely(() => opened.spool.save(SLICE_MS));
    this.#shrink();
    if (this.#all.some(({ spool }) => spool.hasUnsaved && !spool.isDegraded)) this.#planSave();
    this.#hooks.soon();
  }

  #shrink(): void {
    if (this.isFull(0) && this.#hooks.overfull()) this.#planSave();
  }

  // ---- failures ------------------------------------------------------------------------------------------------

  #failed(opened: OpenedFile, failure: StoreFailure): void {
    this.#tell(
      "queue_storage",
      `the queue file ${opened.path ?? this.#place.ownPath} cannot be used (${failure.message}); what waits is kept in memory`,
    );
    if (failure.trouble === "corrupt") opened.replace();
    if (opened.spool.isDegraded) this.#planRetry();
  }

  #planRetry(): void {
    if (this.#retryTimer !== undefined || this.#isClosed) return;
    this.#retryTimer = detachedTimer(this.#retryMs, () => {
      this.#retryTimer = undefined;
      this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 2);
      for (const opened of this.#all) if (opened.spool.isDegraded) opened.retry(() => this.#open());
      if (this.#all.some(({ spool }) => spool.isDegraded)) this.#planRetry();
      else this.#retryMs = FIRST_RETRY_MS;
      this.#hooks.refreshAll();
      this.#hooks.soon();
    });
  }

  #tell(code: string, message: string): void {
    this.#hooks.problem(new ApieError(code, message));
  }
}
