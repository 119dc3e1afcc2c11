/**
 * Calls to the session store of the user's, held to what ours promise: made outside of the application's async context and its
 * traces, not waited for longer than a bound, and neither a throw nor a rejection nor a nonsensical answer goes any further.
 */
import { detached, detachedTimer } from "../apie-api/index.ts";
import type { SessionStore } from "../config/index.ts";
import { reasonOf } from "../model/errors.ts";

/** `undefined` in place of it: the store has failed. */
export interface Reply<T> {
  readonly value: T;
}

/** Longest wait for one answer. */
const STORE_TIMEOUT_MS = 1_000;
/** Calls that a store may leave unsettled; it is not asked for more, or what it keeps of them would pile up. */
const MAX_UNSETTLED = 1_000;
/** Ids of Apie's are short and have no blanks: anything else was not written by us. */
const ENTRY = /^[\x21-\x7e]{1,512}$/;

export class StoreCalls {
  readonly #store: SessionStore;
  readonly #onFailure: (reason: string) => void;
  readonly #now: () => number;
  #unsettled = 0;
  /** Since when no call has worked (monotonic ms); `undefined` while they do. */
  downSince: number | undefined;

  /**
   * @param now monotonic ms.
   * @param onFailure told when the store fails after it worked.
   */
  constructor(store: SessionStore, now: () => number, onFailure: (reason: string) => void) {
    this.#store = store;
    this.#now = now;
    this.#onFailure = onFailure;
  }

  get(key: string): Promise<Reply<string | undefined> | undefined> {
    return this.#ask(
      "get",
      () => this.#store.get(key),
      (answer) => {
        if (answer === undefined || answer === null) return { value: undefined };
        return typeof answer === "string" && ENTRY.test(answer) ? { value: answer } : undefined;
      },
    );
  }

  setIfAbsent(key: string, value: string, ttlMs: number): Promise<Reply<boolean> | undefined> {
    return this.#ask("setIfAbsent", () => this.#store.setIfAbsent(key, value, ttlMs), yesOrNo);
  }

  touch(key: string, ttlMs: number): Promise<Reply<boolean> | undefined> {
    return this.#ask("touch", () => this.#store.touch(key, ttlMs), yesOrNo);
  }

  delete(key: string): Promise<Reply<undefined> | undefined> {
    return this.#ask(
      "delete",
      () => this.#store.delete(key),
      () => ({ value: undefined }),
    );
  }

  #ask<T>(
    what: string,
    call: () => unknown,
    read: (answer: unknown) => Reply<T> | undefined,
  ): Promise<Reply<T> | undefined> {
    if (this.#unsettled >= MAX_UNSETTLED) {
      this.#failed(`${MAX_UNSETTLED} calls are unsettled`, this.#now());
      return Promise.resolve(undefined);
    }
    this.#unsettled += 1;
    return new Promise((resolve) => {
      const askedAt = this.#now();
      let isOver = false;
      const settle = (reply: Reply<T> | undefined, problem: string): void => {
        if (isOver) return;
        isOver = true;
        deadline.cancel();
        if (reply === undefined) this.#failed(`${what}: ${problem}`, askedAt);
        else this.downSince = undefined;
        resolve(reply);
      };
      const deadline = detachedTimer(STORE_TIMEOUT_MS, () =>
        settle(undefined, `no answer within ${STORE_TIMEOUT_MS} ms`),
      );
      new Promise<unknown>((answered) => detached(() => answered(call()))).then(
        (answer) => {
          this.#unsettled -= 1;
          settle(read(answer), `it answered with ${typeof answer}, which is not what was asked for`);
        },
        (error: unknown) => {
          this.#unsettled -= 1;
          settle(undefined, reasonOf(error));
        },
      );
    });
  }

  #failed(reason: string, askedAt: number): void {
    const isNews = this.downSince === undefined;
    this.downSince ??= askedAt;
    if (isNews) this.#onFailure(reason);
  }
}

function yesOrNo(answer: unknown): Reply<boolean> | undefined {
  return typeof answer === "boolean" ? { value: answer } : undefined;
}
