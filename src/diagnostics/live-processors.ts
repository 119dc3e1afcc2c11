/**
 * The span processors of this package that are alive in the process, also those that another copy of it made: the command line
 * looks for that of the service it is shown.
 */
const KEY = Symbol.for("apie-otel.processors.v1");

type Shared = { [KEY]?: Set<WeakRef<object>> };

const refs = (): Set<WeakRef<object>> => {
  const shared = globalThis as Shared;
  shared[KEY] ??= new Set();
  return shared[KEY];
};

export function liveProcessors(): object[] {
  return [...refs()].flatMap((ref) => {
    const processor = ref.deref();
    if (processor === undefined) refs().delete(ref);
    return processor ?? [];
  });
}

export const isLiveProcessor = (value: object): boolean => liveProcessors().includes(value);

export function noteProcessor(processor: object): void {
  if (!isLiveProcessor(processor)) refs().add(new WeakRef(processor));
}
