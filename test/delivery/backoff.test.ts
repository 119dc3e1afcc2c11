/** Delays between attempts: whatever a server asks for, there is a next attempt, and not at once for ever. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { retryAfterMs } from "../../src/apie-api/index.ts";
import { backoffMs } from "../../src/delivery/backoff.ts";
import { startServer } from "../support/client.ts";
import { deliveryTo, EVENTS, loose, meanwhile, pass, push, stopClock, taken } from "./support.ts";

/** The longest a server is left alone, and the longest delay of our own on top. */
const LONGEST_MS = 5 * 60_000 + 30_000;

const attempts = fc.integer({ min: 1, max: 10_000 });
const bases = fc.integer({ min: 1, max: 60_000 });

test("every delay is a time from now on, and bounded", () => {
  const asked = fc.option(fc.double(), { nil: undefined });
  fc.assert(
    fc.property(attempts, bases, asked, (attempt, base, retryAfter) => {
      const delay = backoffMs(attempt, base, retryAfter);
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThanOrEqual(LONGEST_MS);
    }),
  );
});

test("every Retry-After is a time from now on, or none", () => {
  const headers = fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.date().map(String),
    fc.bigInt().map(String),
  );
  fc.assert(
    fc.property(headers, (header) => {
      const ms = retryAfterMs(header);
      if (ms === undefined) return;
      expect(Number.isFinite(ms)).toBe(true);
      expect(ms).toBeGreaterThanOrEqual(0);
    }),
  );
});

test.each([
  ["nonsense", "soon"],
  ["no number", "NaN"],
  ["less than nothing", "-5"],
  ["for ever", "Infinity"],
  ["more than a number holds", "9".repeat(400)],
  ["a hundred years", String(100 * 365 * 24 * 3_600)],
  ["a date far away", "Fri, 31 Dec 9999 23:59:59 GMT"],
  ["a date long ago", "Thu, 01 Jan 1970 00:00:00 GMT"],
  ["a date that is none", "Thu, 99 Foo 2026 25:61:61 GMT"],
])("a server that asks for %s is asked again", async (_what, retryAfter) => {
  const server = await startServer();
  stopClock();
  const { delivery } = deliveryTo(server, { timeoutMs: 3_600_000 });
  delivery.start();
  await meanwhile("registered", () => delivery.registration.isSettled);
  server.fail(EVENTS, { status: 429, headers: { "retry-after": retryAfter } }, 1);
  push(delivery, loose(), 1);
  await pass(LONGEST_MS + 1_000, 5_000);
  expect(taken(server)).toEqual(["none/1"]);
  expect(server.to(EVENTS)).toHaveLength(2);
});
