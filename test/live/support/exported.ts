/** What was exported over OTLP, in a form that is the same for two runs of the same program. */
import type { ReceivedSpan } from "../../support/otlp-receiver.ts";

/** What of a span no two runs share: ids and times, and what is told of them in attributes. */
const CHANGING: readonly (readonly [RegExp, string])[] = [
  [/\b(call|chatcmpl|msg|resp)_\d+\b/g, "$1_N"],
  [/"(ai\.response\.(?:timestamp|ms\w+|avg\w+))":("[^"]*"|[\d.]+)/g, '"$1":0'],
  [/(\\*"created\\*"): ?\d+/g, "$1:0"],
  [/127\.0\.0\.1:\d+/g, "127.0.0.1:0"],
  // Whence the tests played the scene.
  [/(?:\\+n +at [^\\"]*\/test\/live\/[^\\"]*)+/g, ""],
];

function settled(value: unknown): string {
  return CHANGING.reduce((text, [pattern, by]) => text.replace(pattern, by), JSON.stringify(value));
}

/** Ours are there or not; the question is what becomes of the others. */
const isOurs = ({ scope }: ReceivedSpan): boolean => scope.name === "apie-otel";

/** A line for each span, below its parent's; of siblings, and of traces, in the order of the alphabet. */
export function exportedOf(spans: readonly ReceivedSpan[]): string[] {
  const others = spans.filter((span) => !isOurs(span));
  const known = new Set(others.map(({ span_id }) => span_id));
  const below = (parent: string | null): string[] =>
    others
      .filter(({ parent_span_id: id }) => (id !== null && known.has(id) ? id === parent : parent === null))
      .map((span) => {
        const { name, kind, status, attributes, events, links, flags, scope, resource } = span;
        const own = settled({
          ...{ name, kind, status, attributes, flags, scope, resource },
          events: events.map((event) => ({ name: event.name, attributes: event.attributes })),
          links: links.map((link) => link.attributes),
        });
        return [own, ...below(span.span_id).map((line) => `  ${line}`)].join("\n");
      })
      .toSorted();
  return below(null);
}
