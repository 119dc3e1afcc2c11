import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EVENT_TYPES, validateEvents } from "../../src/events/public.ts";
import { EXAMPLES } from "./examples.ts";

test("each event of a list has its verdict, in order", () => {
  const good = EXAMPLES["agent.error"];
  const result = validateEvents([good, { ...good, error: 5 }, 7]);
  expect(result).toEqual({
    valid: false,
    results: [
      { index: 0, type: "agent.error", valid: true, issues: [] },
      {
        index: 1,
        type: "agent.error",
        valid: false,
        issues: [{ path: "error", message: "expected an object" }],
      },
      {
        index: 2,
        type: undefined,
        valid: false,
        issues: [{ path: "", message: "expected an event object" }],
      },
    ],
  });
  expect(validateEvents([good, good]).valid).toBe(true);
  expect(validateEvents(good)).toEqual(validateEvents([good]));
  expect(validateEvents([])).toEqual({ valid: true, results: [] });
});

const circular: Record<string, unknown> = { type: "custom.event", agentKey: "a" };
circular.metadata = { self: circular };
const throwing = (message: unknown): object => ({
  type: "custom.event",
  get agentKey(): string {
    throw message;
  },
});
const revoked = Proxy.revocable({}, {});
revoked.revoke();

describe("garbage is told, not thrown", () => {
  test.each<[what: string, events: unknown, path: string, message: string]>([
    ["nothing", undefined, "", "expected an event object"],
    ["null", null, "", "expected an event object"],
    ["text", "agent.error", "", "expected an event object"],
    ["a function", () => undefined, "", "expected an event object"],
    ["a list in a list", [[]], "", "expected one event, not a list"],
    ["a getter that throws", throwing(new Error("no")), "", "cannot be read: no"],
    [
      "a getter that throws nothing of use",
      throwing(Object.create(null)),
      "",
      "cannot be read: an error that cannot be shown",
    ],
    [
      "a revoked Proxy",
      revoked.proxy,
      "",
      "cannot be read: Cannot perform 'IsArray' on a proxy that has been revoked",
    ],
    ["a cycle", circular, "metadata.self.metadata", "refers back to an object it is in"],
  ])("%s", (_what, events, path, message) => {
    const [result] = validateEvents(events).results;
    expect(result?.valid).toBe(false);
    expect(result?.issues).toContainEqual({ path, message });
  });

  test("anything at all", () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        (value) => {
          const { valid, results } = validateEvents(value);
          expect(valid).toBe(results.every((result) => result.issues.length === 0));
        },
      ),
    );
  });

  test("anything in place of a member", () => {
    const example = EXAMPLES["agent.guardrail.evaluated"];
    const names = fc.constantFrom(...Object.keys(example));
    fc.assert(
      fc.property(names, fc.anything({ withBigInt: true, withSparseArray: true }), (name, value) => {
        for (const { path } of validateEvents({ ...example, [name]: value }).results[0]?.issues ?? []) {
          expect(path.startsWith(name)).toBe(true);
        }
      }),
    );
  });
});

describe("what JSON cannot carry is named", () => {
  test.each<[what: string, value: unknown, message: string | RegExp]>([
    ["BigInt", 5n, "a BigInt cannot be written as JSON: give a number or text"],
    ["function", () => 1, "a function cannot be written as JSON"],
    ["symbol", Symbol("s"), "a symbol cannot be written as JSON"],
    ["NaN", Number.NaN, "JSON has no NaN"],
    ["Infinity", Number.NEGATIVE_INFINITY, "JSON has no -Infinity"],
    ["Map", new Map(), "a Map or Set is written as {}: give an object or a list"],
    ["Set", new Set(), "a Map or Set is written as {}: give an object or a list"],
    [
      "a toJSON that throws",
      {
        toJSON: () => {
          throw new Error("broken");
        },
      },
      "cannot be read: broken",
    ],
    ["a toJSON that gives a BigInt", { toJSON: () => 5n }, /^a BigInt/],
  ])("%s", (_what, value, message) => {
    const event = { type: "custom.event", agentKey: "a", metadata: { deep: [{ value }] } };
    const [issue, ...more] = validateEvents(event).results[0]?.issues ?? [];
    expect(more).toEqual([]);
    expect(issue?.path).toBe("metadata.deep.0.value");
    expect(issue?.message).toEqual(typeof message === "string" ? message : expect.stringMatching(message));
  });

  test("and what it can is not", () => {
    const metadata = {
      date: new Date(0),
      url: new URL("https://a.example"),
      none: null,
      empty: undefined,
      twice: [{}, {}],
    };
    const shared = { once: metadata, again: metadata };
    expect(validateEvents({ type: "custom.event", agentKey: "a", metadata: shared }).valid).toBe(true);
  });

  test("nesting without end is told once", () => {
    let nested: unknown = "x";
    for (let depth = 0; depth < 50_000; depth += 1) nested = [nested];
    const [issue, ...more] =
      validateEvents({ type: "x", agentKey: "a", metadata: { nested } }).results[0]?.issues ?? [];
    expect(issue?.message).toBe("is nested too deeply");
    expect(more).toEqual([]);
  });
});

test("all examples at once", () => {
  expect(validateEvents(EVENT_TYPES.map((type) => EXAMPLES[type])).valid).toBe(true);
});
