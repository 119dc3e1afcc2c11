/** Commands of ours make no spans in the user's traces; the application's own do, as before. */
import { afterEach, describe, expect, test } from "vitest";
import { runChild } from "../api/support/child.ts";
import { RecordingApie } from "../support/recording-apie.ts";
import { HAS_REDIS, RedisServer } from "./server.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe.skipIf(!HAS_REDIS)("with instrumentation of", () => {
  test.each(["redis", "ioredis"])("%s", async (library) => {
    const [server, redis] = await Promise.all([RecordingApie.start(), RedisServer.start()]);
    closing.push(
      () => server.close(),
      () => redis.close(),
    );
    const spans = await runChild(new URL("./instrumented.ts", import.meta.url), {
      url: server.url,
      port: redis.port,
      library,
    });
    // What the application asks of Redis within its run is traced, and nothing of ours is.
    expect(spans).toEqual([
      expect.stringMatching(/^(redis-)?get$/i),
      "event at.work",
      "invoke_agent Support",
    ]);
    expect(server.to("/v1/sessions")).toHaveLength(1);
    expect(await redis.ask("DBSIZE")).toBe(":1");
  });
});
