/** Spans whose attributes are not what the library's own are: each attribute of every recording, spoilt in every way. */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ConventionReader } from "../../src/conventions/index.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { recorded } from "./recorded.ts";

const FIXTURES = new URL("../fixtures/spans/", import.meta.url);
const SUFFIX = ".readable.json";
const recordings = readdirSync(FIXTURES, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length))
  .sort();
const libraries = [...new Set(recordings.map((name) => name.split("/")[0] ?? ""))];

const circle: Record<string, unknown> = {};
circle.circle = circle;
const SPOILT: readonly unknown[] = [
  null,
  "",
  "{",
  '{"tools":[null,7,{"name":{}}],"input":"x","stream":[]}',
  "constructor",
  Number.NaN,
  -1,
  true,
  [],
  [null],
  circle,
  Symbol("odd"),
  () => "odd",
];

const reader = new ConventionReader([], { inferRules: [], touched: ["http", "database"] });

/** Reads all that can be read of a span. */
function readAll(span: SpanLike): void {
  for (const phase of ["start", "end"] as const) {
    const activity = reader.read(span, phase);
    if (activity !== undefined) reader.content(span, phase, activity);
  }
  reader.mayTurnOut(span);
  reader.sessionHint(span);
}

const spansOf = (library: string): SpanLike[] =>
  recordings
    .filter((name) => name.startsWith(`${library}/`))
    .flatMap((name) => recorded(name).flatMap(({ atEnd }) => (atEnd === undefined ? [] : [atEnd])));

describe.each(libraries)("%s", (library) => {
  const spans = spansOf(library);

  test("with an attribute that is spoilt can be read", () => {
    for (const span of spans) {
      for (const key of Object.keys(span.attributes)) {
        for (const value of SPOILT) {
          const damaged = { ...span, attributes: { ...span.attributes, [key]: value } };
          expect(() => readAll(damaged), `${span.name}: ${key}`).not.toThrow();
        }
      }
    }
  });

  test.each(["name", "kind", "startTime", "endTime", "status", "events", "links", "attributes"])(
    "without %s can be read",
    (member) => {
      for (const span of spans) {
        const rest = Object.fromEntries(Object.entries(span).filter(([name]) => name !== member));
        expect(() => readAll(rest as unknown as SpanLike), span.name).not.toThrow();
      }
    },
  );
});
