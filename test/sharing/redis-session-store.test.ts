/** What the adapter asks of a Redis client; how that works is tested against a real server (test/redis). */
import { Redis } from "ioredis";
import { createClient } from "redis";
import { describe, expect, test } from "vitest";
import { ApieConfigError } from "../../src/index.ts";
import { redisSessionStore } from "../../src/integrations/index.ts";

/** A client that keeps what it was asked, and answers from a list. */
function client(expire: "pExpire" | "pexpire", ...answers: unknown[]) {
  const asked: unknown[][] = [];
  const answer =
    (command: string) =>
    async (...args: unknown[]): Promise<unknown> => {
      asked.push([command, ...args]);
      return answers.shift();
    };
  const commands = { get: answer("get"), set: answer("set"), del: answer("del"), [expire]: answer("expire") };
  return { asked, client: commands as unknown as Parameters<typeof redisSessionStore>[0] };
}

describe.each(["pExpire", "pexpire"] as const)("a client with %s", (expire) => {
  const set = expire === "pExpire" ? [{ PX: 5_000, NX: true }] : ["PX", 5_000, "NX"];

  test("is asked in its own way", async () => {
    const redis = client(expire, "ses_1", "OK", 1, 1);
    const store = redisSessionStore(redis.client, { prefix: "p:", ttlMs: 60_000 });
    expect(store.ttlMs).toBe(60_000);
    expect(await store.get("k")).toBe("ses_1");
    expect(await store.setIfAbsent("k", "v", 5_000)).toBe(true);
    expect(await store.touch("k", 5_000)).toBe(true);
    await store.delete("k");
    expect(redis.asked).toEqual([
      ["get", "p:k"],
      ["set", "p:k", "v", ...set],
      ["expire", "p:k", 5_000],
      ["del", "p:k"],
    ]);
  });

  test.each([
    ["nothing there", [null, null, 0], [undefined, false, false]],
    ["Buffers", [Buffer.from("ses_1"), Buffer.from("OK"), 1], ["ses_1", true, true]],
    ["booleans and texts for numbers", [undefined, "OK", true], [undefined, true, true]],
    ["numbers as text", ["ses_1", null, "1"], ["ses_1", false, true]],
  ])("may answer with %s", async (_what, answers, expected) => {
    const store = redisSessionStore(client(expire, ...answers).client);
    expect([await store.get("k"), await store.setIfAbsent("k", "v", 1), await store.touch("k", 1)]).toEqual(
      expected,
    );
  });
});

test("real clients of both libraries are taken as they are", () => {
  const ioredis = new Redis({ lazyConnect: true });
  expect(redisSessionStore(createClient()).get).toBeTypeOf("function");
  expect(redisSessionStore(ioredis).get).toBeTypeOf("function");
  ioredis.disconnect();
});

const noop = (): void => undefined;

test.each([undefined, null, {}, "redis://localhost", { get: noop, set: noop, del: noop }, { pExpire: noop }])(
  "%j is refused with what is expected",
  (wrong) => {
    expect(() => redisSessionStore(wrong as never)).toThrow(ApieConfigError);
    expect(() => redisSessionStore(wrong as never)).toThrow(
      /redisSessionStore: client: expected a client of redis/,
    );
  },
);

test("a prefix that is no text is refused", () => {
  const { client: redis } = client("pExpire");
  expect(() => redisSessionStore(redis, { prefix: 5 as never })).toThrow(/prefix: expected text/);
});
