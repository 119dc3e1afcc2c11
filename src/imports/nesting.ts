/** Documents that nest without end: what reads them would run out of stack, in the middle of what is sent. */
import type { ImportIssue } from "./errors.ts";

/** Deeper than anything that agents are asked or answer; Node's stack has room for some thousands. */
const MAX_DEPTH = 500;
/** Members of a path that are told. */
const MAX_TOLD = 8;

const isNested = (value: unknown): value is object => typeof value === "object" && value !== null;

/** @returns where it nests too deep, once; nothing where it does not. */
export function nestingIssues(document: unknown): ImportIssue[] {
  if (!isNested(document) || !nestsTooDeep(document)) return [];
  const path = pathDown(document);
  const shown = path.slice(0, MAX_TOLD).map((step) => `/${step}`);
  return [
    {
      path: `${shown.join("")}${path.length > MAX_TOLD ? "/…" : ""}`,
      message: `nested deeper than ${MAX_DEPTH} levels`,
    },
  ];
}

function nestsTooDeep(document: object): boolean {
  const waiting: object[] = [document];
  const depths: number[] = [1];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    const depth = depths.pop() ?? 0;
    if (depth > MAX_DEPTH) return true;
    for (const member of Array.isArray(value) ? value : Object.values(value)) {
      if (!isNested(member)) continue;
      waiting.push(member);
      depths.push(depth + 1);
    }
  }
  return false;
}

/** Keys on the way to something that is too deep, which there is. */
function pathDown(document: object): string[] {
  const frames = [Object.entries(document)[Symbol.iterator]()];
  const path: string[] = [];
  while (frames.length > 0 && frames.length <= MAX_DEPTH) {
    const next = frames.at(-1)?.next();
    if (next === undefined || next.done === true) {
      frames.pop();
      path.pop();
      continue;
    }
    const [key, value] = next.value as [string, unknown];
    if (!isNested(value)) continue;
    path.push(key);
    frames.push(Object.entries(value)[Symbol.iterator]());
  }
  return path;
}
