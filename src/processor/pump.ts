/** Works the journal off: in slices of a few milliseconds, off the stack of whoever writes spans. */
import { detached } from "../apie-api/index.ts";
import type { Scope } from "../model/scope.ts";
import type { SpanLike } from "../model/span.ts";
import { CAPACITY, Journal, type JournalPhase } from "./journal.ts";

/** It gives the event loop back after this long. */
export const SLICE_MS = 3;
/** Entries the callback that finds the journal full works off itself; two come in with each span. */
const OVERFLOW_STEPS = 3;

export interface PumpHooks {
  read: (span: SpanLike, phase: JournalPhase, scope: Scope | undefined) => void;
  /** Told what `read` threw. Must not throw. */
  onUnreadable: (error: unknown, span: SpanLike) => void;
  /** Called after each slice. */
  onSlice: () => void;
}

export class Pump {
  readonly #hooks: PumpHooks;
  readonly #journal = new Journal();
  /** Ends of spans, by whether they could be read. */
  readonly processed = { read: 0, unreadable: 0 };
  #isPlanned = false;
  #isHeld = false;
  /** Entries written down so far, and those of them that were taken out to be read. */
  #noted = 0;
  #taken = 0;
  /** While an entry is read: when that began. */
  #readingSince: number | undefined;

  constructor(hooks: PumpHooks) {
    this.#hooks = hooks;
  }

  note(span: SpanLike, isEnd: boolean, scope: Scope | undefined): void {
    if (this.#journal.isFull) this.#take(OVERFLOW_STEPS);
    this.#journal.push(span, isEnd, scope);
    this.#noted += 1;
    if (!this.#isPlanned) this.#plan();
  }

  /** Starts and ends of spans that wait, and how many may. */
  get journal(): { length: number; capacity: number } {
    return { length: this.#journal.length, capacity: CAPACITY };
  }

  /** Reads everything noted so far, whatever it costs; nothing while it is held. */
  all(): void {
    if (!this.#isHeld) this.#take(Number.POSITIVE_INFINITY);
  }

  /** How much was noted so far: what `readsUpTo` is to be asked for. */
  get noted(): number {
    return this.#noted;
  }

  /** Reads one slice. @returns whether there is nothing more to wait for: all is read, or it is held. */
  readsUpTo(noted: number): boolean {
    if (!this.#isHeld && this.#taken < noted) this.#slice();
    return this.#isHeld || this.#taken >= noted;
  }

  /** How much of what was noted up to there waits to be read. */
  unreadOf(noted: number): number {
    return Math.max(0, noted - this.#taken);
  }

  /** What is noted from now on waits for `resume`, as far as there is room. */
  hold(): void {
    this.#isHeld = true;
  }

  resume(): void {
    this.#isHeld = false;
    if (this.#journal.length > 0 && !this.#isPlanned) this.#plan();
  }

  #plan(): void {
    this.#isPlanned = true;
    detached(() =>
      setImmediate(() => {
        this.#isPlanned = false;
        if (!this.#isHeld) this.#slice();
      }),
    );
  }

  #slice(): void {
    const until = performance.now() + SLICE_MS;
    // One span with all its content may take as long as a hundred without.
    this.#take(Number.POSITIVE_INFINITY, until);
    if (this.#journal.length > 0 && !this.#isPlanned) this.#plan();
    this.#hooks.onSlice();
  }

  /** Monotonic ms. While an entry is read time stands still: it is asked for several times for each. */
  now(): number {
    return this.#readingSince ?? performance.now();
  }

  #take(entries: number, until = Number.POSITIVE_INFINITY): void {
    for (let taken = 0; taken < entries && this.#journal.length > 0; taken += 1) {
      this.#readingSince = performance.now();
      if (this.#readingSince >= until) break;
      this.#taken += 1;
      this.#journal.take(this.#read);
    }
    this.#readingSince = undefined;
  }

  readonly #read = (span: SpanLike, phase: JournalPhase, scope: Scope | undefined): void => {
    let outcome: keyof Pump["processed"] = "read";
    try {
      this.#hooks.read(span, phase, scope);
    } catch (error) {
      outcome = "unreadable";
      this.#hooks.onUnreadable(error, span);
    }
    if (phase === "end") this.processed[outcome] += 1;
  };
}
