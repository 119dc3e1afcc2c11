/** Finds what JSON cannot carry, before `JSON.stringify` throws at it or leaves it out without a word. */

export interface JsonLoss {
  path: readonly string[];
  message: string;
}

const MAX_DEPTH = 100;
const MAX_FOUND = 20;

const LOST: Readonly<Record<string, string>> = {
  bigint: "a BigInt cannot be written as JSON: give a number or text",
  function: "a function cannot be written as JSON",
  symbol: "a symbol cannot be written as JSON",
};

/** @returns each place of `value` that would be lost, at most 20. Never throws. */
export function jsonLosses(value: unknown): JsonLoss[] {
  const losses: JsonLoss[] = [];
  find(value, [], new Set(), losses);
  return losses;
}

function find(value: unknown, path: readonly string[], above: Set<object>, losses: JsonLoss[]): void {
  if (losses.length >= MAX_FOUND) return;
  const message = lossOf(value, path, above);
  if (message !== undefined) losses.push({ path, message });
  else if (typeof value === "object" && value !== null) {
    above.add(value);
    try {
      findInside(value, path, above, losses);
    } catch (error) {
      losses.push({ path, message: `cannot be read: ${reasonOf(error)}` });
    } finally {
      above.delete(value);
    }
  }
}

function lossOf(value: unknown, path: readonly string[], above: ReadonlySet<object>): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `JSON has no ${value}`;
  if (typeof value !== "object" || value === null) return LOST[typeof value];
  if (above.has(value)) return "refers back to an object it is in";
  return path.length > MAX_DEPTH ? "is nested too deeply" : undefined;
}

function findInside(value: object, path: readonly string[], above: Set<object>, losses: JsonLoss[]): void {
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === "function") find(toJSON.call(value), path, above, losses);
  else if (value instanceof Map || value instanceof Set)
    losses.push({ path, message: "a Map or Set is written as {}: give an object or a list" });
  else
    for (const key of Object.keys(value)) {
      find((value as Record<string, unknown>)[key], [...path, key], above, losses);
    }
}

/** What was thrown, in words. Anything can be thrown, also what cannot be turned into text. */
export function reasonOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return "an error that cannot be shown";
  }
}
