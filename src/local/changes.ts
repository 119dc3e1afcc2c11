/**
 * Tells readers of `GET /api/stream` what changed: ids only, after the transaction that changed it.
 * A slow reader costs a bounded amount of memory: its pending changes are merged by id, and beyond the bound they
 * are given up and the reader is told to read again from the store.
 */

export type ChangeKind =
  | "agent"
  | "session"
  | "run"
  | "event"
  | "handoff"
  | "approval"
  | "decision"
  | "policy"
  | "span";

export interface Change {
  readonly kind: ChangeKind;
  readonly id: string;
  readonly session_id?: string | null;
  readonly run_id?: string | null;
  readonly trace_id?: string;
}

/** What a reader gets at one time: changes, or word that some were given up. */
export type ChangeBatch =
  | { readonly overflow: false; readonly changes: readonly Change[] }
  | { readonly overflow: true };

const MAX_PENDING = 5_000;
const MAX_STREAMS = 64;

class ChangeReader {
  readonly #pending = new Map<string, Change>();
  #overflow = false;
  #wake: (() => void) | undefined;

  /** Called by the hub. */
  add(changes: readonly Change[]): void {
    if (!this.#overflow) {
      for (const change of changes) {
        this.#pending.set(`${change.kind} ${change.trace_id ?? ""} ${change.id}`, change);
      }
      if (this.#pending.size > MAX_PENDING) {
        this.#pending.clear();
        this.#overflow = true;
      }
    }
    this.#wake?.();
  }

  /** What is pending, taken; waits for the first change, the signal or the time limit, and is then undefined. */
  async next(signal: AbortSignal, timeoutMs: number): Promise<ChangeBatch | undefined> {
    if (!this.#overflow && this.#pending.size === 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", done);
          this.#wake = undefined;
          resolve();
        };
        const timer = setTimeout(done, timeoutMs);
        signal.addEventListener("abort", done);
        this.#wake = done;
      });
    }
    if (this.#overflow) {
      this.#overflow = false;
      return { overflow: true };
    }
    if (this.#pending.size === 0) return undefined;
    const changes = [...this.#pending.values()];
    this.#pending.clear();
    return { overflow: false, changes };
  }
}

export class ChangeHub {
  readonly #streams = new Set<ChangeReader>();
  readonly #waiting = new Set<ChangeReader>();

  publish(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    for (const reader of this.#streams) reader.add(changes);
    for (const reader of this.#waiting) reader.add(changes);
  }

  /** A reader for a stream; undefined when there are too many already. */
  open(): ChangeReader | undefined {
    if (this.#streams.size >= MAX_STREAMS) return undefined;
    const reader = new ChangeReader();
    this.#streams.add(reader);
    return reader;
  }

  close(reader: ChangeReader): void {
    this.#streams.delete(reader);
  }

  /** What `look` finds, now or after a later change; undefined when the time is over or the signal aborts first. */
  async waitFor<T>(
    look: () => T | undefined,
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<T | undefined> {
    const reader = new ChangeReader();
    this.#waiting.add(reader);
    try {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const found = look();
        const left = deadline - performance.now();
        if (found !== undefined || left <= 0 || signal.aborted) return found;
        await reader.next(signal, left);
      }
    } finally {
      this.#waiting.delete(reader);
    }
  }
}
