/** Finds what a misspelt name was meant to be, for error messages. */

/** Case and separators are habit: `api_key` and `ApiKey` mean `apiKey`. */
const comparable = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, "");

/** Letters that must be added, left out, replaced or swapped with their neighbour to make `b` of `a`. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** Longer names are no slip of the pen, and comparing them costs. */
const MAX_LENGTH = 64;

/** @returns the candidate that `name` was likely meant to be: at most a third of its letters differ. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = comparable(name);
  if (wanted === "" || wanted.length > MAX_LENGTH) return undefined;
  let found: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const between = distance(wanted, comparable(candidate));
    if (between >= least) continue;
    least = between;
    found = candidate;
  }
  return found;
}
