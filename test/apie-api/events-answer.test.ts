/** What an answer to a batch says of each event, in all the ways services say it. */
import { describe, expect, test } from "vitest";
import { readEventsAnswer } from "../../src/apie-api/events-answer.ts";

const IDS = ["a", "b", "c"];

/** One letter for each event: taken, refused, again, unknown. */
const outcomes = (body: unknown, ids: readonly (string | undefined)[] = IDS): string =>
  readEventsAnswer(body, ids)
    .events.map(({ outcome }) => outcome[0])
    .join("");

test.each([
  ["nothing at all", undefined],
  ["no object", "accepted"],
  ["an empty object", {}],
  ["all of them", { accepted: 3 }],
  ["more than were sent", { accepted: 9 }],
  ["some of them known before", { accepted: 1, duplicates: 2 }],
  ["all of them queued", { accepted: 0, queued: 3 }],
  ["empty lists", { errors: [], rejected: [], results: [] }],
  ["nulls", { errors: null, rejected: null, accepted: null }],
  ["no failure", { rejected: 0, failed: 0 }],
  ["their ids", { accepted: ["a", "b", "c"] }],
  ["results", { results: [{ status: 200 }, { status: 201 }, { status: 202 }] }],
  ["results of one that was there", { results: [{ status: 200 }, { status: 409 }, { status: "duplicate" }] }],
  ["results in words nobody knows", { results: [{ status: "fine" }, { state: "x" }, null] }],
  [
    "the events themselves",
    { events: [{ type: "agent.error", agent_key: "k", error: { message: "x" } }, {}, {}] },
  ],
])("taken: %s", (_what, body) => {
  expect(outcomes(body)).toBe("ttt");
});

describe.each(["errors", "rejected", "failed", "failures"])("refused in a list `%s`", (name) => {
  test.each([
    ["by place", [{ index: 1 }]],
    ["by place alone", [1]],
    ["by event_id", [{ event_id: "b", reason: "x" }]],
    ["by eventId", [{ eventId: "b" }]],
    ["by id", [{ id: "b" }]],
    ["by id alone", ["b"]],
    ["by an id that is not the place beside it", [{ event_id: "b", index: 0 }]],
    ["with a status", [{ index: 1, status: 422 }]],
    ["twice", [{ index: 1 }, { event_id: "b" }]],
    ["with others that are none", [{ index: 1 }, null]],
  ])("%s", (_how, list) => {
    expect(outcomes({ [name]: list })).toBe("trt");
    expect(outcomes({ accepted: 2, [name]: list })).toBe("trt");
  });

  test("also one that may be taken later, or was there", () => {
    expect(
      outcomes({
        [name]: [
          { index: 0, status: 503 },
          { index: 1, status: 409 },
        ],
      }),
    ).toBe("att");
  });

  test("of something that was not sent: it is not known which is meant, unless the counts say that it is none", () => {
    for (const item of [{ index: 99 }, { index: -1 }, { index: "1" }, { event_id: "z" }, "bad", {}]) {
      expect(outcomes({ [name]: [item] })).toBe("uuu");
      expect(outcomes({ accepted: 3, [name]: [item] })).toBe("ttt");
    }
  });
});

test.each([
  ["statuses", [{ status: 200 }, { status: 422 }, { status: 201 }], "trt"],
  ["status_code", [{ status_code: 200 }, { status_code: 400 }, {}], "trt"],
  ["words", [{ status: "accepted" }, { status: "Rejected" }, { outcome: "ok" }], "trt"],
  ["flags", [{ success: true }, { success: false }, { ok: true }], "trt"],
  ["accepted as a flag", [{ accepted: true }, { accepted: false }, {}], "trt"],
  ["errors", [{}, { error: "no" }, { error: null }], "trt"],
  ["errors that are objects", [{}, { error: { message: "no" } }, {}], "trt"],
  ["later", [{ status: 429 }, { status: 503 }, { status: "throttled" }], "aaa"],
  ["a mixture", [{ status: 503 }, { status: 422 }, { status: 200 }], "art"],
  [
    "in another order, by id",
    [
      { id: "c", status: 422 },
      { id: "a", status: 200 },
    ],
    "ttr",
  ],
])("one by one: %s", (_how, results, expected) => {
  expect(outcomes({ results })).toBe(expected);
  expect(outcomes(results)).toBe(expected);
});

test.each([
  ["none was taken", { accepted: 0 }, "rrr"],
  ["fewer than were sent", { accepted: 2 }, "uuu"],
  ["fewer, with those known before", { accepted: 1, duplicates: 1 }, "uuu"],
  ["a number was rejected", { rejected: 1 }, "uuu"],
  ["all were", { failed: 3 }, "rrr"],
  ["one is named, another is not", { accepted: 1, errors: [{ index: 0 }] }, "ruu"],
  ["one is named, the other two are all that is left", { accepted: 0, errors: [{ index: 0 }] }, "rrr"],
  ["the ids of those that were", { accepted: ["a", "c"] }, "trt"],
  ["one is to come again, another is not named", { accepted: 1, results: [{ status: 503 }, {}, {}] }, "auu"],
])("counts: %s", (_how, body, expected) => {
  expect(outcomes(body)).toBe(expected);
});

test("events without ids are told by their place", () => {
  expect(outcomes({ errors: [{ index: 1, event_id: undefined }] }, [undefined, undefined])).toBe("tr");
});

test("what was said comes along, in one line", () => {
  const body = {
    warnings: ["undeclared tool", 7],
    errors: [
      { index: 0, message: "two\n lines", status: 422 },
      { index: 1, reason: "too old" },
      { index: 2, error: { message: "x".repeat(5_000) } },
    ],
  };
  const { warnings, events } = readEventsAnswer(body, IDS);
  expect(warnings).toEqual(["undeclared tool"]);
  expect(events[0]).toEqual({ outcome: "refused", message: "two lines", status: 422 });
  expect(events[1]).toEqual({ outcome: "refused", message: "too old" });
  expect(events[2]?.message).toHaveLength(300);
});
