/** What the disk takes, and what memory does not have to. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startServer } from "../../support/client.ts";
import { until } from "../../support/until.ts";
import {
  EVENTS,
  expectAddsUp,
  expectIdle,
  expectOrder,
  flushed,
  numbered,
  pass,
  push,
  run,
  type Sender,
  settled,
  stopClock,
  taken,
  whole,
} from "../support.ts";
import { durable, folder, HAS_SQLITE, saved } from "./support.ts";

const MIB = 1_048_576;

/** Puts in as much as an outage brings, with turns of the event loop between. */
async function busy(sender: Sender, runs: number, events: number, payload: string): Promise<void> {
  for (let made = 0; made < runs; made += 1) {
    const lane = run(`r${made}`);
    sender.delivery.open(lane);
    push(sender.delivery, lane, events, { payload, bytes: 500 });
    sender.delivery.complete(lane, { status: "completed" });
    if (made % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.runIf(HAS_SQLITE)("an outage", () => {
  test("fills the disk and not the memory, and loses nothing", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const stop = server.fail(/^\/v1\/(runs|events)/, { status: 503 });
    const sender = durable(server, path, { maxQueueBytes: MIB, maxQueueSize: 2_000 });
    const { delivery, drops } = sender;
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, delivery.queued.bytes);
    }, 1);
    // Twelve times what memory may hold.
    await busy(sender, 200, 100, "x".repeat(400));
    await saved(sender);
    clearInterval(watch);
    expect(drops).toEqual([]);
    expect(delivery.queued.count).toBe(200 * 102);
    expect(most).toBeLessThanOrEqual(MIB);
    expect(delivery.storage?.bytes).toBeGreaterThan(12 * MIB);
    stop();
    await flushed(delivery, 20_000);
    expect(new Set(taken(server)).size).toBe(20_000);
    expectOrder(server, run("r7"));
    expectIdle(delivery);
  }, 60_000);
});

test.runIf(HAS_SQLITE)("a run is not refused because memory is full of what is yet to be saved", async () => {
  const server = await startServer();
  const stop = server.fail(/^\/v1\/(runs|events)/, { status: 503 });
  const { delivery, drops } = durable(server, join(folder(), "queue"), { maxQueueBytes: 65_536 });
  const first = run("first");
  delivery.open(first);
  while (delivery.queued.bytes < 64_000) push(delivery, first, 1, { payload: "x".repeat(300), bytes: 500 });
  const next = run("next".padEnd(3_000, "."));
  whole(delivery, next, 1);
  delivery.complete(first, { status: "completed" });
  expect(drops).toEqual([]);
  stop();
  await flushed(delivery);
  expectOrder(server, next);
  expectIdle(delivery);
});

describe.runIf(HAS_SQLITE)("when the disk has what it may", () => {
  const full = async (queueDropPolicy: "drop_oldest" | "drop_newest") => {
    const server = await startServer();
    const stop = server.fail(/^\/v1\/(runs|events)/, { status: 503 });
    const sender = durable(server, join(folder(), "queue"), { queueDropPolicy }, { maxBytes: MIB });
    const long = run("long");
    sender.delivery.open(long);
    for (let put = 0; put < 40; put += 1) {
      push(sender.delivery, long, 100, { payload: "x".repeat(300), bytes: 600 });
      await saved(sender);
      expect(sender.delivery.storage?.bytes).toBeLessThanOrEqual(MIB);
    }
    return { ...sender, server, long, stop };
  };

  test.each(["drop_oldest", "drop_newest"] as const)(
    "events of the longest run give way: %s",
    async (policy) => {
      const { server, delivery, drops, long, stop } = await full(policy);
      const { dropped, pending } = delivery.counters.events;
      expect(dropped).toBeGreaterThan(500);
      expect(drops).toHaveLength(dropped);
      expect(new Set(drops.map(({ what, reason, type }) => `${what} ${reason} ${type}`))).toEqual(
        new Set(["event queue_full custom.event"]),
      );
      expectAddsUp(delivery, 4_000);
      delivery.complete(long, { status: "completed" });
      stop();
      await flushed(delivery);
      const ofLong = taken(server).filter((id) => id.startsWith("long/"));
      const kept = pending - (delivery.counters.events.dropped - dropped);
      expect(ofLong).toEqual(numbered("long", kept, policy === "drop_oldest" ? 4_000 - kept + 1 : 1));
      // The hole is told where the run is.
      expect(server.to(/complete$/).map(({ body }) => body)).toContainEqual({
        status: "completed",
        metadata: { lost_events: { queue_full: delivery.counters.events.dropped } },
      });
      expectIdle(delivery);
      await until("the file is empty", () => delivery.storage?.bytes === 0);
    },
    60_000,
  );

  test("what an earlier process left gives way, too", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const stop = server.fail(/^\/v1\/(runs|events)/, { status: 503 });
    const first = durable(server, path);
    for (let runs = 0; runs < 20; runs += 1)
      whole(first.delivery, run(`old${runs}`), 100, { payload: "x".repeat(300) });
    await first.delivery.shutdown(2_000);
    const second = durable(server, path, {}, { maxBytes: MIB });
    expect(second.delivery.counters.events.pending).toBe(2_000);
    await until("the rest fits", () => (second.delivery.storage?.bytes ?? 0) <= MIB);
    for (let runs = 0; runs < 10; runs += 1)
      whole(second.delivery, run(`new${runs}`), 100, { payload: "x".repeat(300) });
    await saved(second);
    expect(second.delivery.storage?.bytes).toBeLessThanOrEqual(MIB);
    stop();
    await flushed(second.delivery, 20_000);
    expectAddsUp(second.delivery, 3_000);
    expect(second.delivery.counters.events.delivered).toBe(new Set(taken(server)).size);
    expect(second.drops.length).toBeGreaterThan(0);
    expectIdle(second.delivery);
  }, 60_000);

  test("it gives way a little in each turn of the event loop", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    server.fail(/^\/v1\/(runs|events)/, { status: 503 });
    const first = durable(server, path);
    whole(first.delivery, run("old"), 400, { payload: "x".repeat(300) });
    await first.delivery.shutdown(50);
    let inTurn = 0;
    let most = 0;
    const onDrop = (): void => {
      inTurn += 1;
      most = Math.max(most, inTurn);
      if (inTurn === 1)
        setImmediate(() => {
          inTurn = 0;
        });
      // The user's hook takes its time.
      for (const from = performance.now(); performance.now() - from < 1; );
    };
    const second = durable(server, path, { onDrop }, { maxBytes: 65_536 });
    await until("the rest fits", () => (second.delivery.storage?.bytes ?? 0) <= 65_536);
    expect(second.delivery.counters.events.dropped).toBeGreaterThan(200);
    expectAddsUp(second.delivery, 400);
    expect(most).toBeLessThan(20);
  });

  test("an event that could never fit is dropped alone", async () => {
    const server = await startServer();
    const sender = durable(server, join(folder(), "queue"), {}, { maxBytes: MIB });
    const lane = run("r");
    sender.delivery.open(lane);
    push(sender.delivery, lane, 1);
    push(sender.delivery, lane, 1, { bytes: 2 * MIB });
    push(sender.delivery, lane, 1);
    await flushed(sender.delivery);
    expect(taken(server)).toEqual(["r/1", "r/3"]);
    expect(sender.drops).toEqual([expect.objectContaining({ what: "event", reason: "queue_full" })]);
  });
});

describe.runIf(HAS_SQLITE)("age", () => {
  test("is counted from when it was taken in, over processes", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    server.fail(EVENTS, { status: 503 });
    const first = durable(server, path);
    push(first.delivery, run("r", { knownId: "run_1" }), 2);
    await first.delivery.shutdown(50);
    const { SqliteStore } = await import("../../../src/delivery/durable/sqlite-store.ts");
    const store = new SqliteStore(process.getBuiltinModule("node:sqlite"), path);
    const [lane] = store.lanesAfter(0, 1);
    const items = store.itemsAfter(lane?.id ?? 0, 0, 10, 10_000);
    const DAY = 24 * 60 * 60_000;
    const aged = items.map((item, index) => ({
      ...item,
      lane: lane?.id ?? 0,
      at: Date.now() - (index === 0 ? 8 : 6) * DAY,
    }));
    store.commit({ lanes: [], items: aged, seen: [], at: 0, removedItems: [], removedLanes: [] });
    store.close();
    stopClock();
    const second = durable(server, path);
    await settled();
    // What is under way when the ages are looked at is seen a minute later.
    while (second.drops.length === 0) await pass(61_000);
    expect(second.drops).toEqual([expect.objectContaining({ what: "event", reason: "expired" })]);
    expect(second.delivery.counters.events).toMatchObject({ pending: 1, dropped: 1 });
  });
});
