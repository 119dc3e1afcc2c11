/** Work on many things that gives the event loop back: a generator that stops after each piece. */

/** To be called until it is done; each call is one piece, of some microseconds. */
export type InPieces<T> = Generator<undefined, T>;

/** Things that make a piece. */
export const PIECE = 64;

/** Sorted as `Array.sort` does it: what is equal stays in order. */
export function* sorted<T>(items: readonly T[], compare: (a: T, b: T) => number): InPieces<T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += PIECE) {
    runs.push(items.slice(at, at + PIECE).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(yield* mergedOf(runs[at] ?? [], runs[at + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergedOf<T>(
  first: readonly T[],
  second: readonly T[],
  compare: (a: T, b: T) => number,
): InPieces<T[]> {
  const merged: T[] = [];
  let [left, right] = [0, 0];
  while (left < first.length || right < second.length) {
    const isLeft =
      right >= second.length || (left < first.length && compare(first[left] as T, second[right] as T) <= 0);
    merged.push((isLeft ? first[left++] : second[right++]) as T);
    if (merged.length % PIECE === 0) yield;
  }
  return merged;
}
