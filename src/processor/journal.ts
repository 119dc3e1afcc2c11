/**
 * What the callbacks write down: span, phase, scope, and nothing else. A ring of fixed size, so that it holds few spans
 * alive however many are made in one go.
 */
import type { Scope } from "../model/scope.ts";
import type { SpanLike } from "../model/span.ts";

/** Entries held at most; each keeps one span alive. */
export const CAPACITY = 1_024;

export type JournalPhase = "start" | "end";

export class Journal {
  readonly #spans: (SpanLike | undefined)[] = new Array(CAPACITY).fill(undefined);
  readonly #scopes: (Scope | undefined)[] = new Array(CAPACITY).fill(undefined);
  readonly #isEnd = new Uint8Array(CAPACITY);
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === CAPACITY;
  }

  push(span: SpanLike, isEnd: boolean, scope: Scope | undefined): void {
    const at = (this.#first + this.#length) % CAPACITY;
    this.#spans[at] = span;
    this.#scopes[at] = scope;
    this.#isEnd[at] = isEnd ? 1 : 0;
    this.#length += 1;
  }

  /** Takes the oldest entry out. */
  take(read: (span: SpanLike, phase: JournalPhase, scope: Scope | undefined) => void): void {
    if (this.#length === 0) return;
    const at = this.#first;
    const span = this.#spans[at];
    const scope = this.#scopes[at];
    this.#spans[at] = undefined;
    this.#scopes[at] = undefined;
    this.#first = (at + 1) % CAPACITY;
    this.#length -= 1;
    // Whatever a caller handed in: what is no span must not stop the rest.
    if (span !== undefined) read(span, this.#isEnd[at] === 1 ? "end" : "start", scope);
  }
}
