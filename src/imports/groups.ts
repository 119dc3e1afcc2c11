/** Imported spans, one trace at a time: a run, or an end of a session. */
import { createHash } from "node:crypto";
import type { ImportedSpan } from "./span.ts";

export interface Group {
  readonly spans: readonly ImportedSpan[];
  /** The same for the same spans: tells whether a run has changed since it was imported. */
  readonly digest: string;
}

export function* groupsOf(spans: Iterable<ImportedSpan>): Generator<Group> {
  let group: ImportedSpan[] = [];
  for (const span of spans) {
    const [first] = group;
    if (first !== undefined && first.spanContext().traceId !== span.spanContext().traceId) {
      yield { spans: group, digest: digestOf(group) };
      group = [];
    }
    group.push(span);
  }
  if (group.length > 0) yield { spans: group, digest: digestOf(group) };
}

const DIGEST_LENGTH = 16;

function digestOf(spans: readonly ImportedSpan[]): string {
  const hash = createHash("sha256");
  for (const { name, startTime, endTime, attributes, status, links } of spans) {
    const targets = links.map(({ context }) => context.spanId);
    hash.update(JSON.stringify([name, startTime, endTime, attributes, status, targets]));
  }
  return hash.digest("base64url").slice(0, DIGEST_LENGTH);
}
