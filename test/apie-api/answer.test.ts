/** What an answer means. */
import { describe, expect, test } from "vitest";
import { readAnswer } from "../../src/apie-api/answer.ts";
import { type Answer, retryAfterMs, toError } from "../../src/apie-api/index.ts";

const response = (
  status: number,
  more: { headers?: Record<string, string>; body?: unknown; text?: string } = {},
) =>
  ({
    kind: "response",
    status,
    headers: more.headers ?? {},
    body: more.text ?? (more.body === undefined ? "" : JSON.stringify(more.body)),
  }) as const;

const read = (...args: Parameters<typeof response>): Answer<unknown> =>
  readAnswer(response(...args), (body) => body);

test.each([
  ["ok", [200, 201, 202, 204, 299]],
  ["denied", [300, 301, 302, 304, 307, 308, 401, 402, 403, 404, 405, 407, 421]],
  ["invalid", [400, 406, 410, 411, 413, 414, 415, 417, 418, 422, 431, 451, 499]],
  ["retry", [100, 102, 408, 409, 425, 429, 500, 501, 502, 503, 504, 507, 520, 599]],
])("%s", (kind, statuses) => {
  expect(statuses.map((status) => [status, read(status).kind])).toEqual(
    statuses.map((status) => [status, kind]),
  );
});

test.each([
  [true, [408, 500, 502, 504]],
  [false, [409, 425, 429, 501, 503]],
])("whether the work may have been done: %s", (ambiguous, statuses) => {
  expect(statuses.map((status) => read(status))).toEqual(
    statuses.map(() => expect.objectContaining({ ambiguous })),
  );
});

describe("a status of success", () => {
  test("207 says nothing without the body that goes with it", () => {
    expect(read(207, { text: "" })).toMatchObject({ kind: "retry", ambiguous: true, status: 207 });
    expect(read(207, { text: '{"results":[{"sta' })).toMatchObject({ kind: "retry" });
    expect(read(207, { body: { results: [] } })).toMatchObject({ kind: "ok" });
    expect(read(207, { body: [] })).toMatchObject({ kind: "ok" });
  });

  test.each([
    [{ error: "no such workspace" }, "HTTP 200: no such workspace"],
    [{ error: { code: "x", message: "no" }, status: 422 }, "HTTP 200: no"],
    [{ success: false, message: "no" }, "HTTP 200: no"],
    [{ ok: false }, "HTTP 200: the body says that it failed"],
  ])("is none where the body is an error: %j", (body, message) => {
    expect(read(200, { body })).toEqual({ kind: "invalid", status: 200, message });
  });

  test.each([
    // A run that has failed, as it is answered to its completion.
    { id: "run_1", status: "failed", error: { message: "theirs" } },
    { accepted: 2, error: "one of three" },
    { success: false, errors: [{ index: 1 }] },
    { error: null },
    { error: "" },
    { success: true },
    ["error"],
  ])("is one where the body tells more, or no error: %j", (body) => {
    expect(read(200, { body })).toMatchObject({ kind: "ok", value: body });
  });

  test.each([
    [{ "content-type": "text/html" }, "  <p>Hi"],
    [{ "content-type": "application/json" }, "<!DOCTYPE html><p>Hi"],
    [{}, "\n<HTML lang=en>"],
  ])("is none with a web page: %j", (headers, text) => {
    expect(read(200, { headers, text })).toMatchObject({ kind: "denied" });
  });
});

describe("Retry-After", () => {
  const now = Date.UTC(2026, 10, 21, 12, 0, 0);

  test.each([
    ["0", 0],
    ["7", 7_000],
    [" 1.5 ", 1_500],
    ["Sat, 21 Nov 2026 12:00:30 GMT", 30_000],
    ["Sat, 21 Nov 2026 11:00:00 GMT", 0],
    ["9".repeat(400), Number.MAX_SAFE_INTEGER],
    ["soon", undefined],
    ["-5", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%j is %s ms", (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });

  test("is read of every answer that may be repeated", () => {
    for (const status of [429, 503, 500]) {
      expect(read(status, { headers: { "retry-after": "2" } })).toMatchObject({ retryAfterMs: 2_000 });
    }
  });
});

describe("the message", () => {
  test.each([
    [{ error: "no" }, "HTTP 400: no"],
    [{ error: { code: "x", message: "tool.name: required" } }, "HTTP 400: tool.name: required"],
    [{ message: "no" }, "HTTP 400: no"],
    [{ detail: "no" }, "HTTP 400: no"],
    [{ error: { code: "x" } }, "HTTP 400"],
    [{ error: 5 }, "HTTP 400"],
    [["no"], "HTTP 400"],
    [null, "HTTP 400"],
    [{ error: "two\n\tlines " }, "HTTP 400: two lines"],
    [{ error: "" }, "HTTP 400"],
  ])("of %j", (body, message) => {
    expect(read(400, { body })).toMatchObject({ message });
  });

  test("is one line of bounded length", () => {
    const answer = read(400, { body: { error: "x".repeat(10_000) } });
    expect((answer as { message: string }).message).toHaveLength("HTTP 400: ".length + 300);
  });

  test("of a page is the status", () => {
    expect(read(502, { headers: { "content-type": "text/html" }, text: "<html>Bad gateway" })).toMatchObject({
      message: "HTTP 502",
    });
  });

  test("says what to do where that is known", () => {
    expect(read(401)).toMatchObject({ message: "HTTP 401: check the API key" });
    expect(read(404)).toMatchObject({ message: "HTTP 404: check baseUrl" });
    expect(read(301, { headers: { location: "https://apie.test/v1" } })).toMatchObject({
      message: "HTTP 301: redirected to https://apie.test/v1; set baseUrl to the final address",
    });
  });
});

test("a web page with 200 is no answer of Apie's; JSON, text and nothing are", () => {
  const html = { "content-type": "text/html; charset=utf-8" };
  expect(read(200, { headers: html, text: "\n<!doctype html>" })).toMatchObject({
    kind: "denied",
    status: 200,
  });
  expect(read(200, { headers: html, text: "" })).toMatchObject({ kind: "ok" });
  expect(read(200, { headers: html, text: '{"id":1}' })).toMatchObject({ kind: "ok", value: { id: 1 } });
  expect(read(200, { text: "OK" })).toEqual({ kind: "ok", status: 200, value: undefined });
});

test("the request id is taken from either header", () => {
  expect(read(500, { headers: { "x-request-id": "a", "x-apie-request-id": "b" } })).toMatchObject({
    requestId: "a",
  });
  expect(read(422, { headers: { "x-apie-request-id": "b" } })).toMatchObject({ requestId: "b" });
});

test("no answer: whether it may have been done is the transport's word", () => {
  const failure = { kind: "failure", message: "socket hang up", code: "ECONNRESET" } as const;
  expect(readAnswer({ ...failure, sent: "unknown" }, () => 1)).toEqual({
    kind: "retry",
    ambiguous: true,
    message: "socket hang up",
    cause: "ECONNRESET",
  });
  expect(readAnswer({ ...failure, sent: "notSent" }, () => 1)).toMatchObject({ ambiguous: false });
});

test.each([
  [{ kind: "denied", status: 401, message: "HTTP 401" }, "http_401"],
  [{ kind: "retry", ambiguous: true, message: "no answer", cause: "ETIMEDOUT" }, "timeout"],
  [{ kind: "retry", ambiguous: true, message: "reset", cause: "ECONNRESET" }, "network"],
  [{ kind: "invalid", message: "cycle", cause: "unserializable" }, "unserializable"],
] as const)("as an error: %j", (answer, code) => {
  const error = toError({ ...answer, requestId: "req_1" }, "events");
  expect(error).toMatchObject({
    name: "ApieError",
    code,
    message: `events: ${answer.message}`,
    requestId: "req_1",
  });
});
