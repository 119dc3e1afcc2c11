/** Streams that also tell by events: Node's, and those of client libraries that can be listened to. */
import { isAsyncIterable, iteratorsOf } from "./iterable.ts";
import type { Progress } from "./progress.ts";

export interface EmittingStream extends AsyncIterable<unknown> {
  once(event: string, listener: () => void): unknown;
  /** Node: the error it was destroyed with. Client libraries: whether it failed. */
  readonly errored?: unknown;
  readonly readableEnded?: unknown;
  readonly destroyed?: unknown;
  readonly ended?: unknown;
}

export function isEmittingStream(value: unknown): value is EmittingStream {
  return isAsyncIterable(value) && typeof (value as Partial<EmittingStream>).once === "function";
}

/** Such a stream tells nothing any more, and is a value like any other. */
export function isOver({ readableEnded, destroyed, ended }: EmittingStream): boolean {
  return readableEnded === true || destroyed === true || ended === true;
}

/**
 * Follows a stream without standing in for it: it may be piped, listened to or iterated, and what handles it may look at
 * what it is. `error` is not listened to, since that would change what happens when nobody else does.
 */
export function followEmitter(stream: EmittingStream, progress: Progress): void {
  const ended = (): void => {
    const { errored } = stream;
    if (errored instanceof Error) progress.fail(errored);
    // Whoever iterates gets the error itself, a moment later.
    else if (errored === true) setImmediate(() => progress.fail(new Error("the stream failed")));
    else progress.end();
  };
  stream.once("end", ended);
  stream.once("close", ended);
  Object.defineProperty(stream, Symbol.asyncIterator, {
    value: iteratorsOf(stream, progress),
    configurable: true,
    writable: true,
  });
}
