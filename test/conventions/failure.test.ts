import { describe, expect, test } from "vitest";
import { failureOf } from "../../src/conventions/index.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { span } from "./recorded.ts";

const ERROR = { code: 2 };
const exception = (attributes: Record<string, unknown>) => ({ name: "exception", attributes });

const failed = (members: Partial<SpanLike> & { attributes?: Record<string, unknown> }) =>
  failureOf(span({ status: ERROR, ...members }));

test("only a status of ERROR is a failure: unset and OK are success, whatever else is recorded", () => {
  const events = [exception({ "exception.type": "E" })];
  for (const code of [0, 1]) {
    expect(
      failureOf(span({ status: { code, message: "x" }, events, attributes: { "error.type": "E" } })),
    ).toBeUndefined();
  }
});

describe("the class", () => {
  test.each<[what: string, members: Parameters<typeof failed>[0], type: string]>([
    [
      "of error.type goes first",
      { attributes: { "error.type": "A" }, events: [exception({ "exception.type": "B" })] },
      "A",
    ],
    [
      "is else the exception's",
      { events: [exception({ "exception.type": "B" })], attributes: { "http.response.status_code": 500 } },
      "B",
    ],
    [
      "of the last exception",
      { events: [exception({ "exception.type": "A" }), exception({ "exception.type": "B" })] },
      "B",
    ],
    ["is else the HTTP status", { attributes: { "http.response.status_code": 429 } }, "429"],
    ["of a good HTTP status says nothing", { attributes: { "http.response.status_code": 200 } }, "Error"],
    ["is else Error", {}, "Error"],
    ["may be a code", { attributes: { "error.type": -32602 } }, "-32602"],
    [
      "may have a package",
      { attributes: { "error.type": "com.acme.Timeout$Read" } },
      "com.acme.Timeout$Read",
    ],
    ["may be in any script", { attributes: { "error.type": "Fehlerzustand_Ü" } }, "Fehlerzustand_Ü"],
  ])("%s", (_what, members, type) => {
    expect(failed(members)?.type).toBe(type);
  });

  test.each(["a sentence that quotes the user", "x".repeat(121), "", "two\nlines", {}, ["E"], true])(
    "is none where it may be content: %j",
    (type) => {
      expect(failed({ attributes: { "error.type": type } })?.type).toBe("Error");
      expect(failed({ events: [exception({ "exception.type": type })] })?.type).toBe("Error");
    },
  );
});

describe("the message", () => {
  test.each<[what: string, members: Parameters<typeof failed>[0], message: string | undefined]>([
    [
      "is the exception's",
      { events: [exception({ "exception.message": "m" })], status: { code: 2, message: "s" } },
      "m",
    ],
    ["is else the status'", { status: { code: 2, message: "s" } }, "s"],
    ["has no stack in it", { status: { code: 2, message: "s\n    at main (app.ts:1:1)" } }, "s"],
    [
      "of an exception without one is the status'",
      { events: [exception({})], status: { code: 2, message: "s" } },
      "s",
    ],
    ["that is empty is none", { status: { code: 2, message: "" } }, undefined],
    ["is bounded", { status: { code: 2, message: "x".repeat(5_000) } }, "x".repeat(1_024)],
  ])("%s", (_what, members, message) => {
    expect(failed(members)?.message).toBe(message);
  });
});

test("the stack is the exception's", () => {
  expect(failed({ events: [exception({ "exception.stacktrace": "at main" })] })?.stack).toBe("at main");
  expect(failed({ events: [exception({ "exception.stacktrace": 5 })] })?.stack).toBeUndefined();
});
