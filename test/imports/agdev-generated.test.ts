/** Runs of ag.dev as they might be: whole again from their spans, in order, and the same when they have grown. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { agDevRun, type ImportedSpan, rebuild } from "../../src/imports/index.ts";
import { checkSpan } from "../../src/semconv/index.ts";
import { type Json, observed, ofOperation, us } from "./support.ts";

const anything = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>;
const FIRST = Date.UTC(2026, 1, 17, 11, 5);

/** Few and near, so that many are the same; with milliseconds, without, in other zones, and without a zone. */
const time = fc
  .tuple(
    fc.integer({ min: 0, max: 8 }),
    fc.constantFrom(0, 250, 500),
    fc.constantFrom("ms", "s", "+02:00", ""),
  )
  .map(([seconds, ms, form]) => {
    const iso = (at: number): string => new Date(at).toISOString();
    const at = FIRST + seconds * 1_000 + ms;
    if (form === "s") return `${iso(at).slice(0, 19)}Z`;
    if (form === "+02:00") return iso(at + 2 * 3_600_000).replace("Z", form);
    return form === "" ? iso(at).slice(0, -1) : iso(at);
  });
const noTime = fc.constantFrom(null, undefined);
const maybe = <T>(of: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: of }, { weight: 1, arbitrary: noTime });

const said = fc.record({ content: fc.oneof(fc.string(), noTime), more: anything });
const call = fc.record(
  {
    id: fc.oneof(fc.constantFrom("tc_1", "tc_2"), fc.constant(null)),
    name: fc.constantFrom("searchWeb", "browseWebsite", "crm_create_note", "lookup", "__proto__", ""),
    input: fc.oneof(anything, fc.constant({ url: "https://example.test/" })),
    output: fc.oneof(anything, fc.constant({ isError: true })),
  },
  { requiredKeys: ["name"] },
);

/** As answers are: through JSON. */
const json = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<Json> =>
  of.map((value) => JSON.parse(JSON.stringify(value)) as Json);

const times = { startedAt: maybe(time), finishedAt: maybe(time), timestamp: fc.oneof(noTime, time) };
const idOf = fc.oneof(fc.constantFrom("e1", "e2", "e3", "e4", "e5", "e6"), fc.constant(null));
const event = json(
  fc.oneof(
    fc.record({
      id: idOf,
      type: fc.constantFrom("planning", "reasoning", "narration"),
      data: said,
      ...times,
    }),
    fc.record({ id: idOf, type: fc.constant("tool_call"), data: call, ...times }),
    fc.record({
      id: idOf,
      type: fc.constantFrom(
        "context_compression",
        "image_generation",
        "constructor",
        "a sentence, not a word",
      ),
      data: anything,
      new_field: anything,
      ...times,
    }),
  ),
);

const run = json(
  fc.record(
    {
      id: fc.constant("r1"),
      agentId: fc.constantFrom("a1", "", null),
      status: fc.constantFrom("pending", "running", "done", "error", "DONE", "archived", ""),
      input: anything,
      createdAt: time,
      updatedAt: maybe(time),
      completedAt: maybe(time),
      error: fc.constantFrom(null, { code: "X", message: "m" }, { code: 7 }, {}),
      resultType: fc.constantFrom("document", "json", null, "slides"),
      resultData: fc.oneof(
        anything,
        fc.constant({
          result: "text",
          sources: [{ url: "https://a.test/", title: "A" }, { url: "https://a.test/" }],
        }),
        fc.constant({ sources: [1, {}, { url: "" }] }),
      ),
      revisionId: fc.constantFrom("v1", null),
      revision: fc.constantFrom({ id: "v1" }, null),
      events: anything,
      new_field: anything,
    },
    { requiredKeys: ["id", "agentId", "status", "createdAt"] },
  ),
);

const revision = {
  id: "v1",
  isPublished: true,
  config: { tools: [{ source: "mcp", serverId: "crm", enabledTools: ["crm_create_note"] }, {}] },
};
const list = fc.array(event, { maxLength: 10 });
const bundle = json(
  fc.record(
    {
      run,
      events: fc.oneof(
        list,
        list.map((data) => ({ data, pagination: { limit: 100, offset: 0, total: data.length } })),
        list.map((items) => ({ items, total: 99, page: 1, pageSize: 100 })),
        fc.constant(null),
      ),
      revision: fc.constantFrom(revision, null),
      agent: fc.constantFrom({ metadata: { name: "Writer" } }, { name: "Writer", tools: [] }, null),
      new_member: anything,
    },
    { requiredKeys: ["run"] },
  ),
);

const idsOf = (spans: readonly ImportedSpan[]): string[] =>
  spans.map((span) => `${span.spanContext().traceId} ${span.spanContext().spanId}`);

describe("any run", () => {
  test("is whole again from its spans; these have ids of their own, lengths, parents, and keep to the convention", () => {
    fc.assert(
      fc.property(
        fc.oneof({ weight: 4, arbitrary: bundle }, run),
        fc.constantFrom("s", undefined),
        (given, sessionId) => {
          const spans = [...agDevRun(given, { sessionId })];
          expect(rebuild(spans)).toEqual(given);
          expect(new Set(idsOf(spans)).size).toBe(spans.length);
          const [root] = ofOperation(spans, "run");
          for (const span of spans) {
            expect(us(span.endTime)).toBeGreaterThanOrEqual(us(span.startTime));
            expect(checkSpan(observed(span, { session: sessionId !== undefined }))).toEqual([]);
            const parent = spans.find((other) => other.spanContext().spanId === span.parentSpanId);
            expect(parent === undefined).toBe(
              ["run", "session_start"].includes(String(span.attributes["agent.operation.name"])),
            );
            if (parent === undefined || root === undefined) continue;
            expect(us(span.startTime)).toBeGreaterThanOrEqual(us(parent.startTime));
            expect(us(span.endTime)).toBeLessThanOrEqual(us(parent.endTime));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("tells its work in the order it began, whatever the order of the list", () => {
    fc.assert(
      fc.property(list, fc.boolean(), (events, reversed) => {
        const timed = events.filter(({ startedAt }) => typeof startedAt === "string");
        const named = timed.map((one, index) => ({ ...one, id: `e${index}` }));
        const document = { id: "r1", status: "done", createdAt: "2026-02-17T11:05:00Z" };
        const spans = [...agDevRun({ run: document, events: reversed ? named.toReversed() : named })].slice(
          1,
        );
        const begun = spans.filter(({ attributes }) => attributes["agent.source.id"] !== undefined);
        const starts = begun.map(({ startTime }) => us(startTime));
        expect(starts).toEqual(starts.toSorted((a, b) => a - b));
      }),
      { numRuns: 150 },
    );
  });
});

describe("a run that goes on", () => {
  /** A run from its beginning to its end, work side by side: what each event was when it was looked at. */
  const grown = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 10 })), {
      minLength: 1,
      maxLength: 10,
    })
    .map((pairs) =>
      pairs.map(([start, length]) => [start, start + length] as const).sort(([a], [b]) => a - b),
    );
  const at = (tick: number): string => new Date(FIRST + tick * 100).toISOString();

  /** What its API says after so many tenths of a second. */
  const seen = (pairs: readonly (readonly [number, number])[], now: number, isOver: boolean) => ({
    run: {
      id: "r1",
      agentId: "a1",
      status: isOver ? "done" : "running",
      createdAt: at(0),
      ...(isOver ? { completedAt: at(60) } : {}),
    },
    revision,
    events: pairs
      .filter(([start]) => start <= now)
      .map(([start, end], index) => ({
        id: `e${index}`,
        type: "tool_call",
        data: {
          name: index % 2 === 0 ? "browseWebsite" : "crm_create_note",
          input: { url: "https://a.test/" },
        },
        startedAt: at(start),
        finishedAt: end <= now ? at(end) : null,
      })),
  });
  /** Beginnings and ends in the order Apie is told them. */
  const told = (spans: readonly ImportedSpan[]): string[] =>
    spans
      .slice(1)
      .flatMap((span) => [
        [us(span.startTime), `begin ${span.name} ${span.spanContext().spanId}`] as const,
        [us(span.endTime), `end ${span.name} ${span.spanContext().spanId}`] as const,
      ])
      .sort(([a], [b]) => a - b)
      .map(([, what]) => what);

  test("tells what stays as it was told, to the microsecond", () => {
    fc.assert(
      fc.property(grown, fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }), (pairs, a, b) => {
        const [early, late] = [Math.min(a, b), Math.max(a, b)];
        const first = [...agDevRun(seen(pairs, early, false))];
        const second = [...agDevRun(seen(pairs, late, false))];
        const last = [...agDevRun(seen(pairs, 60, true))];
        for (const [before, after] of [
          [first, second],
          [second, last],
        ] as const) {
          expect(told(after).slice(0, told(before).length)).toEqual(told(before));
          for (const span of before.slice(1)) {
            const again = after.find((other) => other.spanContext().spanId === span.spanContext().spanId);
            expect(JSON.stringify(again)).toBe(JSON.stringify(span));
          }
        }
        expect(rebuild(first)).toEqual(JSON.parse(JSON.stringify(seen(pairs, early, false))));
      }),
      { numRuns: 150 },
    );
  });
});
