/** How far the reading of a stream is: its first piece is marked, and its work ends once. */

export interface StreamWork {
  /** Runs one pull inside the work's context. */
  within<T>(pull: () => T): T;
  /** The first piece has come. */
  first(): void;
  end(): void;
  fail(error: unknown): void;
}

export class Progress {
  readonly #work: StreamWork;
  #started = false;
  #ended = false;

  constructor(work: StreamWork) {
    this.#work = work;
  }

  within<T>(pull: () => T): T {
    return this.#work.within(pull);
  }

  piece(): void {
    if (this.#started) return;
    this.#started = true;
    this.#work.first();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#work.end();
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#work.fail(error);
  }
}
