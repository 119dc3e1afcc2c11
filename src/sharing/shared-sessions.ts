/**
 * The sessions this instance shares with others: kept alive while they are in use here, watched once they are not, and
 * completed by whoever sees first that they have expired.
 */
import { detachedTimer, type Timer } from "../apie-api/index.ts";
import type { SessionStore } from "../config/index.ts";
import { SharedSession, type SharingTimes } from "./shared-session.ts";
import { StoreCalls } from "./store-calls.ts";

export interface SharingOptions {
  readonly store: SessionStore;
  readonly times: SharingTimes;
  /** What keeps conversations of the same id apart; known once the agent is registered. */
  readonly namespace: () => readonly string[];
  /** Monotonic ms. */
  readonly now: () => number;
  /** The store has failed. Must not throw. */
  readonly onProblem: (message: string) => void;
}

/** How a session ends in this instance. */
export type SharedEnd =
  /** Somebody said so: it is over for all. */
  | "told"
  /** Nothing has happened here for long; it may go on elsewhere. */
  | "idle"
  /** This instance stops. */
  | "shutdown";

export interface SharedUse {
  /** Whether a run of it is open here. */
  isInUse(): boolean;
  /** It was completed by another instance: what comes is a new session. */
  ended(): void;
}

/** A session in use here. */
interface Live {
  readonly session: SharedSession;
  readonly use: SharedUse;
  usedAt: number;
}

/** A session this instance has used, until it has expired. */
interface Watched {
  readonly session: SharedSession;
  readonly complete: () => void;
  dueAt: number;
}

/** Expiries are looked after this often within their time. */
const LOOKS = 8;
const MAX_LOOK_MS = 60_000;
const MIN_LOOK_MS = 20;
/** Sessions watched at most; beyond it the oldest is left to the other instances. */
const MAX_WATCHED = 10_000;
/** Calls that looking after them makes at once. */
const MAX_AT_ONCE = 16;

export class SharedSessions {
  readonly #options: SharingOptions;
  readonly #calls: StoreCalls;
  readonly #live = new Map<SharedSession, Live>();
  /** By Apie's id. */
  readonly #watched = new Map<string, Watched>();
  #timer: Timer | undefined;
  #stopped = false;
  /** Sessions opened without the other instances. */
  notShared = 0;
  /** Sessions left open for the other instances. */
  leftOpen = 0;

  constructor(options: SharingOptions) {
    this.#options = options;
    this.#calls = new StoreCalls(options.store, options.now, (reason) => this.#tell(reason));
  }

  begin(conversation: string, use: SharedUse): SharedSession {
    const { times, namespace, now } = this.#options;
    const session: SharedSession = new SharedSession(conversation, {
      calls: this.#calls,
      times,
      namespace,
      now,
      onAlone: (reason) => {
        this.notShared += 1;
        if (this.#calls.downSince === undefined) this.#tell(reason);
      },
      onEnded: () => {
        this.#live.delete(session);
        use.ended();
      },
    });
    this.#live.set(session, { session, use, usedAt: 0 });
    this.#plan();
    return session;
  }

  /** A sign of life. */
  used(session: SharedSession): void {
    const live = this.#live.get(session);
    if (live !== undefined) live.usedAt = this.#options.now();
  }

  /** It will never be open, or is over: nothing is to be done for it any more. */
  forget(session: SharedSession): void {
    this.#live.delete(session);
  }

  /**
   * The session ends here, once Apie's id is known or known never to be.
   * @param complete completes it at Apie.
   */
  close(session: SharedSession, end: SharedEnd, complete: () => void): void {
    this.#live.delete(session);
    const { id } = session;
    if (end === "told") {
      complete();
      void session.end();
    } else if (!session.isShared || id === undefined) {
      complete();
    } else if (end === "shutdown" || this.#stopped) {
      this.leftOpen += 1;
    } else {
      this.#watch(id, { session, complete, dueAt: this.#options.now() });
    }
  }

  /** Looks after nothing any more. What was still watched is left to the other instances. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.leftOpen += this.#watched.size;
    this.#watched.clear();
    this.#live.clear();
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  #watch(id: string, watched: Watched): void {
    // It may have been used, let go, and used again.
    this.#watched.delete(id);
    if (this.#watched.size >= MAX_WATCHED) {
      const oldest = this.#watched.keys().next().value;
      if (oldest !== undefined) this.#watched.delete(oldest);
      this.leftOpen += 1;
    }
    this.#watched.set(id, watched);
    this.#plan();
  }

  #plan(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    if (this.#live.size === 0 && this.#watched.size === 0) return;
    this.#timer = detachedTimer(this.#lookMs, () => {
      void this.#look().finally(() => {
        this.#timer = undefined;
        this.#plan();
      });
    });
  }

  get #lookMs(): number {
    return Math.min(MAX_LOOK_MS, Math.max(MIN_LOOK_MS, this.#options.times.ttlMs / LOOKS));
  }

  async #look(): Promise<void> {
    const now = this.#options.now();
    const tasks: (() => Promise<void>)[] = [];
    for (const live of this.#live.values()) {
      // In use here again: its expiry will be seen when that is over.
      if (live.session.id !== undefined) this.#watched.delete(live.session.id);
      if (live.use.isInUse()) live.usedAt = now;
      if (live.session.isDue(live.usedAt)) tasks.push(() => live.session.renew());
    }
    for (const [id, watched] of this.#watched) {
      if (watched.dueAt <= now) tasks.push(() => this.#lookAt(id, watched));
    }
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < tasks.length && !this.#stopped) {
        const task = tasks[next];
        next += 1;
        await task?.();
      }
    };
    await Promise.all(Array.from({ length: Math.min(MAX_AT_ONCE, tasks.length) }, worker));
  }

  async #lookAt(id: string, watched: Watched): Promise<void> {
    const expiry = await watched.session.expiry();
    if (this.#stopped) return;
    if (expiry === "wait") {
      watched.dueAt = this.#options.now() + this.#lookMs;
      return;
    }
    if (this.#watched.get(id) === watched) this.#watched.delete(id);
    if (expiry === "complete") watched.complete();
  }

  #tell(reason: string | undefined): void {
    this.#options.onProblem(
      `the session store: ${reason}; sessions opened meanwhile may not be shared with other instances of this service`,
    );
  }
}
