/**
 * Values that are not finished when they are returned: async iterables, ReadableStreams, streaming Responses. The work goes
 * on while they are read, in the context it began in, and ends when they do.
 */
import { followEmitter, isEmittingStream, isOver } from "./emitter.ts";
import { isAsyncIterable, wrapIterable } from "./iterable.ts";
import { Progress, type StreamWork } from "./progress.ts";
import { wrapReadable } from "./readable.ts";
import { isStreaming, wrapResponse } from "./response.ts";

/** Streams that are thrown away unread: their work ends when they are collected. */
const forgotten = new FinalizationRegistry<Progress>((progress) => progress.end());

/** @returns what to hand on in its place; `undefined` when it is no stream, or one that somebody reads already. */
export function wrapStream(value: unknown, work: StreamWork): { value: unknown } | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const progress = new Progress(work);
  try {
    if (isEmittingStream(value)) {
      if (isOver(value)) return undefined;
      followEmitter(value, progress);
      return { value };
    }
    const stream = standIn(value, progress);
    if (stream === undefined) return undefined;
    forgotten.register(stream, progress);
    return { value: stream };
  } catch {
    // A value whose members throw when they are looked at is handed on untouched.
    return undefined;
  }
}

function standIn(value: object, progress: Progress): object | undefined {
  if (value instanceof ReadableStream) return value.locked ? undefined : wrapReadable(value, progress);
  if (value instanceof Response) return isStreaming(value) ? wrapResponse(value, progress) : undefined;
  return isAsyncIterable(value) ? (wrapIterable(value, progress) as object) : undefined;
}
