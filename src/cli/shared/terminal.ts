/** Writing to standard output and error: colours and progress only where a person looks, and pipes that close early. */
import { styleText } from "node:util";
import { EXIT } from "../failure.ts";

type Stream = NodeJS.WriteStream;

/** Whether a stream is a terminal that shows colours: NO_COLOR, NODE_DISABLE_COLORS and FORCE_COLOR are honoured. */
export const inColour = (stream: Stream = process.stdout): boolean =>
  styleText("bold", "x", { stream, validateStream: true }) !== "x";

/** Resolves when the reader has taken it, so that nothing piles up here. */
export const writeOut = (text: string): Promise<void> =>
  new Promise((resolve, reject) =>
    process.stdout.write(text, (error) => (error ? reject(error) : resolve())),
  );

export const writeNote = (text: string): void => void process.stderr.write(`${text}\n`);

/** `apie-otel … | head` ends the command when `head` has seen enough, and that is no failure. */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.ok);
    throw error;
  });
}

const REDRAW_MS = 100;

/** One line on standard error that says how far long work is; nothing where that is no terminal. */
export class Progress {
  readonly #what: string;
  readonly #shown = process.stderr.isTTY === true;
  #count = 0;
  #last = performance.now();
  #isDrawn = false;

  /** @param what e.g. `events read`. */
  constructor(what: string) {
    this.#what = what;
  }

  add(count = 1): void {
    this.#count += count;
    const now = performance.now();
    // Short work says nothing: the first line comes after a moment.
    if (!this.#shown || now - this.#last < REDRAW_MS) return;
    this.#last = now;
    this.#isDrawn = true;
    process.stderr.write(`\r\u001b[K${this.#count} ${this.#what}`);
  }

  /** Takes the line away. */
  done(): void {
    if (this.#isDrawn) process.stderr.write("\r\u001b[K");
  }

  /** The same items, counted as they pass. */
  *countingEach<T>(items: Iterable<T>): Generator<T, void, void> {
    for (const item of items) {
      this.add();
      yield item;
    }
  }

  /** The same items, counted as they pass. */
  async *counting<T>(items: AsyncIterable<T>): AsyncGenerator<T, void, void> {
    for await (const item of items) {
      this.add();
      yield item;
    }
  }
}
