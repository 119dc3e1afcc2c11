/** Async iterables: generators, and the streams of client libraries. */
import type { Progress } from "./progress.ts";
import { wrapReadable } from "./readable.ts";

type AnyAsyncIterator = AsyncIterator<unknown, unknown, unknown>;

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] === "function"
  );
}

/** Gives iterators that keep to the progress, in place of the iterable's own. */
export function iteratorsOf(iterable: AsyncIterable<unknown>, progress: Progress): () => AnyAsyncIterator {
  // Looked up now: it may be replaced by what this gives.
  const own = iterable[Symbol.asyncIterator];
  return () =>
    wrapIterator(
      progress.within(() => own.call(iterable)),
      progress,
    );
}

const ITERATION = ["next", "return", "throw"] as const;
const isIteration = (name: string | symbol): name is (typeof ITERATION)[number] =>
  ITERATION.some((one) => one === name);

/**
 * The same object, but for what it gives when it is iterated: libraries hang more on their streams than the iterator. Its
 * methods run on the object itself, so that private members work; streams they give (`tee()`, `toReadableStream()`) are
 * other ways to read the same.
 */
export function wrapIterable(iterable: AsyncIterable<unknown>, progress: Progress): unknown {
  const iterate = iteratorsOf(iterable, progress);
  let iteration: AnyAsyncIterator | undefined;
  const current = (): AnyAsyncIterator => {
    iteration ??= iterate();
    return iteration;
  };
  const adopt = (result: unknown): unknown => {
    if (result === iterable) return proxy;
    if (Array.isArray(result)) return result.some(isStream) ? result.map(adopt) : result;
    if (result instanceof ReadableStream) return result.locked ? result : wrapReadable(result, progress);
    return isAsyncIterable(result) ? wrapIterable(result, progress) : result;
  };
  const handler: ProxyHandler<AsyncIterable<unknown>> = {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function" || isFixed(target, name)) return value;
      if (name === Symbol.asyncIterator) return iterate;
      // A generator is its own iterator.
      if (isIteration(name)) return (argument: unknown) => current()[name]?.(argument);
      if (name === Symbol.asyncDispose) return async () => void (await current().return?.(undefined));
      return (...given: unknown[]) => adopt(progress.within(() => Reflect.apply(value, target, given)));
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  };
  const proxy: unknown = isFixed(iterable, Symbol.asyncIterator)
    ? Object.create(iterable, { [Symbol.asyncIterator]: { value: iterate } })
    : new Proxy(iterable, handler);
  return proxy;
}

const isStream = (value: unknown): boolean => value instanceof ReadableStream || isAsyncIterable(value);

/** A Proxy must give such a member as it is. */
function isFixed(target: object, name: string | symbol): boolean {
  const own = Reflect.getOwnPropertyDescriptor(target, name);
  return own !== undefined && own.configurable === false && own.writable === false;
}

function wrapIterator(iterator: AnyAsyncIterator, progress: Progress): AsyncIterableIterator<unknown> {
  const step = async (
    pull: () => Promise<IteratorResult<unknown, unknown>>,
  ): Promise<IteratorResult<unknown, unknown>> => {
    try {
      const result = await progress.within(pull);
      if (result.done === true) progress.end();
      else progress.piece();
      return result;
    } catch (error) {
      progress.fail(error);
      throw error;
    }
  };
  const wrapped: AsyncIterableIterator<unknown> = {
    next: (...args) => step(() => iterator.next(...(args as []))),
    return: (value) => step(async () => iterator.return?.(value) ?? { done: true, value }),
    throw: (error) =>
      step(async () => {
        if (iterator.throw === undefined) throw error;
        return iterator.throw(error);
      }),
    [Symbol.asyncIterator]: () => wrapped,
  };
  return wrapped;
}
