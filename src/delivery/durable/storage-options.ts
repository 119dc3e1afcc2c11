/** What the durable queue is given, what it has others do, and what it says of itself. */
import type { CompleteBody } from "../../apie-api/index.ts";
import type { Lane } from "../lane.ts";
import type { Orphan, Pending } from "./recovery.ts";
import type { SpoolHooks } from "./spool-parts.ts";

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
  /**
   * A session that other instances may open as well is in memory again, and is yet to be opened.
   * @param key our id of it; `undefined` where that is not in the file as it was.
   * @param end how it ends once none of them goes on with it.
   */
  shared?: ((lane: Lane, key: string | undefined, end: CompleteBody) => void) | undefined;
  /** Which Apie this is: ids that are kept are of one. */
  apie?: string | undefined;
  /** Called when the process is about to be gone: the last moment to put something in. Must not throw. */
  atLast?: (() => void) | undefined;
  /** How often a folder is looked through for files of processes that have ended. Default 30,000. */
  scanMs?: number | undefined;
  /** For tests: pages of 8 KiB, beyond which the disk is full. */
  maxPages?: number | undefined;
}

export interface StorageHooks extends Omit<SpoolHooks, "unsaved" | "failed"> {
  /** So much waits from before. @returns the number of its arrival. */
  recovered(pending: Pending): number;
  /** It was lost before it was read. */
  lostUnread(pending: Pending, arrival: number): void;
  /** A lane is in memory again, with what waits in it. */
  restored(lane: Lane): void;
  /** More is kept than may be: something has to give way. @returns whether not all of it did in this turn of the event loop. */
  overfull(): boolean;
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
