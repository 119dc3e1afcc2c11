/** Streams as client libraries make them: an iterable with more to it, private members included. */
import { EventEmitter } from "node:events";

/** As `Stream` of the OpenAI client: iterable once, with `tee()` and `toReadableStream()`. */
export class ClientStream<T> implements AsyncIterable<T> {
  #consumed = false;
  readonly #iterate: () => AsyncIterator<T>;
  readonly controller = new AbortController();

  constructor(iterate: () => AsyncIterator<T>) {
    this.#iterate = iterate;
  }

  get consumed(): boolean {
    return this.#consumed;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    if (this.#consumed) throw new Error("cannot iterate over a consumed stream");
    this.#consumed = true;
    const iterator = this.#iterate();
    try {
      for (;;) {
        const { done, value } = await iterator.next();
        if (done) return;
        yield value;
      }
    } finally {
      this.controller.abort();
      await iterator.return?.();
    }
  }

  tee(): [ClientStream<T>, ClientStream<T>] {
    const source = this[Symbol.asyncIterator]();
    const queues: Promise<IteratorResult<T>>[][] = [[], []];
    const branch = (own: Promise<IteratorResult<T>>[] = []): ClientStream<T> =>
      new ClientStream(() => ({
        next: () => {
          if (own.length === 0) {
            const result = source.next();
            for (const queue of queues) queue.push(result);
          }
          return own.shift() ?? Promise.resolve({ done: true, value: undefined });
        },
      }));
    return [branch(queues[0]), branch(queues[1])];
  }

  toReadableStream(): ReadableStream<T> {
    const iterator = this[Symbol.asyncIterator]();
    return new ReadableStream<T>({
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => void (await iterator.return?.()),
    });
  }

  self(): this {
    return this;
  }
}

/** As the runners of client libraries: goes on by itself, and may be listened to, awaited or iterated. */
export class EventStream extends EventEmitter implements AsyncIterable<string> {
  #errored = false;
  #ended = false;
  readonly #chunks: string[] = [];

  get errored(): boolean {
    return this.#errored;
  }

  get ended(): boolean {
    return this.#ended;
  }

  push(chunk: string): void {
    this.#chunks.push(chunk);
    this.emit("chunk", chunk);
  }

  finish(failed = false): void {
    this.#errored = failed;
    this.#ended = true;
    this.emit("end");
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    yield* this.#chunks;
  }
}
