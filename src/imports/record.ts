/**
 * The source, on the spans made of it: each bears the parts of the document it stands for, by their place in it. All spans of
 * an import give the document back.
 */
import type { SpanLike } from "../model/span.ts";
import { ATTR_AGENT_SOURCE_RECORD } from "../semconv/index.ts";

/** A JSON pointer (RFC 6901) and what stands there, but for what other parts bring. */
export type Part = readonly [pointer: string, value: unknown];

export function recordOf(parts: readonly Part[]): string | undefined {
  return parts.length === 0 ? undefined : JSON.stringify(parts);
}

const depthOf = (pointer: string): number => pointer.split("/").length;

/**
 * The document an import was given, from the spans it made.
 *
 * @param spans all spans of one import, in any order; spans without a record say nothing.
 * @returns the document, as JSON values. Without any record: an empty list, which is what makes no spans.
 * @throws {TypeError} when a record is damaged, or a part that holds others is missing.
 */
export function rebuild(spans: Iterable<Pick<SpanLike, "attributes">>): unknown {
  const parts: Part[] = [];
  for (const { attributes } of spans) {
    const record = attributes[ATTR_AGENT_SOURCE_RECORD];
    if (typeof record === "string") parts.push(...partsIn(record));
  }
  // What holds others comes before them.
  const inOrder = parts
    .map((part) => ({ part, depth: depthOf(part[0]) }))
    .sort((a, b) => a.depth - b.depth)
    .map(({ part }) => part);
  const whole: { document: unknown } = { document: [] };
  for (const [pointer, value] of inOrder) {
    if (pointer === "") whole.document = value;
    else place(whole.document, pointer, value);
  }
  return whole.document;
}

function partsIn(record: string): Part[] {
  const parts: unknown = JSON.parse(record);
  const isRecord =
    Array.isArray(parts) && parts.every((part) => Array.isArray(part) && typeof part[0] === "string");
  if (!isRecord) throw new TypeError(`${ATTR_AGENT_SOURCE_RECORD} holds no list of parts`);
  return parts as Part[];
}

function place(document: unknown, pointer: string, value: unknown): void {
  const steps = pointer.slice(1).split("/");
  const last = steps.pop() as string;
  let holder = document;
  for (const step of steps) holder = (holder as Record<string, unknown> | undefined)?.[step];
  if (typeof holder !== "object" || holder === null)
    throw new TypeError(`the span that bears what holds ${pointer} is missing`);
  (holder as Record<string, unknown>)[last] = value;
}
