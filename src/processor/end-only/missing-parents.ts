/**
 * Spans may name a parent that never arrives: it never ended, or was not sampled. Something stands in for it, from the first
 * start to the last end below, so that work that belongs together stays so; it lies below the trace's root, as all of the
 * trace does.
 */
import { type InPieces, PIECE } from "./pieces.ts";
import type { EndedSpan } from "./span.ts";

/** @returns the spans of a trace, behind what stands in for those that did not arrive. */
export function* withMissingParents(
  spans: readonly EndedSpan[],
  isKnown: (traceId: string, spanId: string) => boolean,
): InPieces<readonly EndedSpan[]> {
  const arrived = new Set<string>();
  let rootId: string | undefined;
  let seen = 0;
  for (const { start } of spans) {
    arrived.add(start.spanId);
    if (rootId === undefined && start.parentId === undefined) rootId = start.spanId;
    seen += 1;
    if (seen % PIECE === 0) yield;
  }
  const orphans = new Map<string, Orphans>();
  for (const span of spans) {
    seen += 1;
    if (seen % PIECE === 0) yield;
    const { traceId, parentId } = span.start;
    if (span.isRoot || parentId === undefined || arrived.has(parentId) || isKnown(traceId, parentId))
      continue;
    const siblings = orphans.get(parentId);
    if (siblings === undefined) orphans.set(parentId, new Orphans(span));
    else siblings.add(span);
  }
  if (orphans.size === 0) return spans;
  const all: EndedSpan[] = [];
  for (const [spanId, children] of orphans)
    if (children.count > 1 || rootId !== undefined) all.push(children.standIn(spanId, rootId));
  for (const span of spans) {
    all.push(span);
    if (all.length % PIECE === 0) yield;
  }
  return all;
}

/** Spans below one that did not arrive. */
class Orphans {
  readonly #traceId: string;
  count = 1;
  #startMs: number;
  #endMs: number;

  constructor({ start, end }: EndedSpan) {
    this.#traceId = start.traceId;
    this.#startMs = start.startMs;
    this.#endMs = end.endMs;
  }

  add({ start, end }: EndedSpan): void {
    this.count += 1;
    this.#startMs = Math.min(this.#startMs, start.startMs);
    this.#endMs = Math.max(this.#endMs, end.endMs);
  }

  standIn(spanId: string, parentId: string | undefined): EndedSpan {
    return {
      start: {
        traceId: this.#traceId,
        spanId,
        parentId,
        name: "(not received)",
        scopeName: "",
        scope: undefined,
        startMs: this.#startMs,
        mayTurnOut: false,
        sessionHint: undefined,
      },
      end: { endMs: this.#endMs, activity: undefined, failure: undefined, droppedAttributes: 0 },
      activity: undefined,
      isRoot: false,
      bytes: 0,
      standsIn: true,
    };
  }
}
