/** Web streams. */
import type { Progress } from "./progress.ts";

type Controller = ReadableStreamDefaultController<unknown> | ReadableByteStreamController;

/** A stream of the same kind that is read when it is read. */
export function wrapReadable(stream: ReadableStream<unknown>, progress: Progress): ReadableStream<unknown> {
  const isBytes = isByteStream(stream);
  const reader = stream.getReader();
  const pull = async (controller: Controller): Promise<void> => {
    try {
      const { done, value } = await progress.within(() => reader.read());
      if (done) {
        progress.end();
        controller.close();
        if ("byobRequest" in controller) controller.byobRequest?.respond(0);
        return;
      }
      progress.piece();
      controller.enqueue(value as never);
    } catch (error) {
      progress.fail(error);
      controller.error(error);
    }
  };
  const cancel = async (reason: unknown): Promise<void> => {
    try {
      await progress.within(() => reader.cancel(reason));
    } finally {
      progress.end();
    }
  };
  // Nothing is read ahead of the consumer.
  return isBytes
    ? new ReadableStream({ type: "bytes", pull, cancel }, { highWaterMark: 0 })
    : new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
}

/** Consumers may read byte streams into buffers of their own. */
function isByteStream(stream: ReadableStream<unknown>): boolean {
  try {
    stream.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
