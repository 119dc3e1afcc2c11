/** Files of processes that have ended, taken over with what is to go on in them. */
import { readdirSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { SqliteStore } from "../../../src/delivery/durable/sqlite-store.ts";
import type { Lane } from "../../../src/delivery/index.ts";
import { cleanup, startServer } from "../../support/client.ts";
import { until } from "../../support/until.ts";
import { COMPLETING, expectIdle, flushed, push, run, session } from "../support.ts";
import { durable, folder, HAS_SQLITE, saved } from "./support.ts";

test.runIf(HAS_SQLITE)("what goes on later is not taken away with the file it came in", async () => {
  const server = await startServer();
  const path = folder();
  const keys = Array.from({ length: 200 }, (_, index) => `run ${index} ${"x".repeat(900)}`);
  const first = durable(server, path);
  const lanes = keys.map((key) => run(key));
  for (const lane of lanes) first.delivery.open(lane);
  await until("all are open", () => lanes.every(({ id }) => id !== undefined));
  await saved(first);
  await first.delivery.shutdown(1_000);
  const queues = (): string[] => readdirSync(path).filter((name) => name.endsWith(".queue"));
  expect(queues()).toHaveLength(1);

  // Room for the tables, and not for all of that.
  const second = durable(server, path, {}, { maxPages: 20, scanMs: 20 });
  await until("it cannot take them over", () =>
    second.delivery.lastError?.message.includes("cannot be used"),
  );
  await second.delivery.shutdown(100);

  const third = durable(server, path, {}, { scanMs: 20 });
  await until("all of them are known", () =>
    keys.every((key) => third.delivery.kept("run", key)?.id !== undefined),
  );
});

test.runIf(HAS_SQLITE)(
  "what goes on later is taken over a little in each turn of the event loop",
  async () => {
    const server = await startServer();
    const path = folder();
    const lanes = Array.from({ length: 200 }, (_, index) => session(`s${index}`));
    const first = durable(server, path);
    for (const lane of lanes) first.delivery.open(lane);
    await flushed(first.delivery);
    await first.delivery.shutdown(1_000);

    const { commit } = SqliteStore.prototype;
    let commits = 0;
    let most = 0;
    const writing = vi.spyOn(SqliteStore.prototype, "commit").mockImplementation(function (
      this: SqliteStore,
      changes,
    ) {
      commits += 1;
      most = Math.max(most, commits);
      // The next turn begins anew.
      setImmediate(() => {
        commits = 0;
      });
      commit.call(this, changes);
    });
    cleanup(async () => writing.mockRestore());
    const second = durable(server, path, {}, { scanMs: 20 });
    const { delivery } = second;
    const early = delivery.kept("session", "s199") as Lane;
    expect(early.id).toBe(lanes[199]?.id);
    await until("all of it is in its own file", () => delivery.storage?.adoptedFiles.length === 0);
    expect(writing.mock.calls.length).toBeGreaterThan(3);
    for (const [{ lanes: rows }] of writing.mock.calls) expect(rows.length).toBeLessThanOrEqual(64);
    expect(most).toBeLessThanOrEqual(4);

    expect(delivery.kept("session", "s199")).toBe(early);
    for (const { key, id } of lanes) {
      const lane = delivery.kept("session", key) as Lane;
      expect(lane.id).toBe(id);
      push(delivery, lane, 1);
      delivery.complete(lane, { status: "completed" });
    }
    await flushed(delivery);
    await saved(second);
    expect(server.to(COMPLETING)).toHaveLength(200);
    expect(delivery.storage?.bytes).toBe(0);
    expectIdle(delivery);
    await delivery.shutdown(1_000);
    expect(readdirSync(path)).toEqual([]);
  },
);
