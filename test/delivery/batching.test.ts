/** When events go, how many at a time, and how much of it at once. */
import { expect, test, vi } from "vitest";
import type { EventItem, Lane } from "../../src/delivery/index.ts";
import { cleanup } from "../support/client.ts";
import type { RecordingApie, WireRecord } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";
import {
  COMPLETING,
  EVENTS,
  event,
  expectIdle,
  flushed,
  keyOf,
  loose,
  numbered,
  OPENING,
  push,
  run,
  session,
  start,
  taken,
  whole,
} from "./support.ts";

/** Longer than any test: what goes all the same was not waiting for it. */
const NEVER = 60_000;

const sizes = (server: RecordingApie): number[] =>
  server.to(EVENTS).map(({ body }) => (body as { events: unknown[] }).events.length);

test("a batch goes when it is full by count, the rest after the interval", async () => {
  const { server, delivery } = await start({ maxBatchSize: 10, flushIntervalMs: 150 });
  const lane = loose();
  await server.received("/v1/agents/identify");
  const began = performance.now();
  push(delivery, lane, 25);
  await until("two batches", () => taken(server).length === 20);
  expect(performance.now() - began).toBeLessThan(100);
  await until("the rest", () => taken(server).length === 25);
  expect(performance.now() - began).toBeGreaterThanOrEqual(148);
  expect(sizes(server)).toEqual([10, 10, 5]);
});

test("a batch goes when it is full by bytes, and is not larger than that", async () => {
  const { server, delivery } = await start({ maxBatchBytes: 10_000, flushIntervalMs: NEVER });
  const lane = loose();
  push(delivery, lane, 7, { bytes: 3_000, payload: "x".repeat(2_900) });
  await until("two batches", () => sizes(server).length === 2);
  await flushed(delivery);
  expect(sizes(server)).toEqual([3, 3, 1]);
  for (const { text } of server.to(EVENTS)) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(10_000);
  expect(taken(server)).toEqual(numbered("none", 7));
});

test("bytes are those of the wire, not characters", async () => {
  const { server, delivery } = await start({ maxBatchBytes: 10_000 });
  push(delivery, loose(), 4, { payload: "€".repeat(1_500) });
  await flushed(delivery);
  for (const { text } of server.to(EVENTS)) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(10_000);
  expect(sizes(server)).toEqual([2, 2]);
});

test("an event larger than a batch goes alone", async () => {
  const { server, delivery } = await start({ maxBatchBytes: 4_096 });
  const lane = loose();
  push(delivery, lane, 1);
  push(delivery, lane, 1, { payload: "x".repeat(5_000) });
  push(delivery, lane, 1);
  await flushed(delivery);
  expect(sizes(server)).toEqual([1, 1, 1]);
  expect(taken(server)).toEqual(numbered("none", 3));
});

test("a batch carries events of many runs", async () => {
  const { server, delivery } = await start({ flushIntervalMs: NEVER });
  const lanes = Array.from({ length: 5 }, (_, index) => run(`r${index}`));
  for (const lane of lanes) delivery.open(lane);
  await until("all are open", () => delivery.counters.runs.opened === 5);
  for (const lane of lanes) push(delivery, lane, 5);
  await until("all are sent", () => taken(server).length === 25);
  expect(sizes(server)).toEqual([25]);
});

test("at most so many batches are under way, and a run in at most one of them", async () => {
  const { server, delivery } = await start({ maxBatchSize: 2, maxConcurrentBatches: 3 });
  let underWay = 0;
  const most = { batches: 0, ofOneRun: 0 };
  const batchesOf = new Map<string, number>();
  const count = (key: string, by: number): number => {
    const now = (batchesOf.get(key) ?? 0) + by;
    batchesOf.set(key, now);
    return now;
  };
  server.rule((request) => {
    if (request.path !== EVENTS) return undefined;
    const touched = new Set((request.body as { events: WireRecord[] }).events.map(keyOf));
    underWay += 1;
    most.batches = Math.max(most.batches, underWay);
    for (const key of touched) most.ofOneRun = Math.max(most.ofOneRun, count(key, 1));
    return (response) => {
      setTimeout(() => {
        underWay -= 1;
        for (const key of touched) count(key, -1);
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
      }, 5);
    };
  });
  const lanes = Array.from({ length: 12 }, (_, index) => run(`r${index}`));
  for (const lane of lanes) whole(delivery, lane, 7);
  await flushed(delivery);
  expect(most).toEqual({ batches: 3, ofOneRun: 1 });
  expect(new Set(taken(server)).size).toBe(84);
});

test("a batch that fails holds up its own runs only", async () => {
  const { server, delivery } = await start({ retryBaseDelayMs: 200 });
  server.rule(({ path, body }) =>
    path === EVENTS && (body as { events: WireRecord[] }).events.some((sent) => keyOf(sent) === "stuck")
      ? { status: 500 }
      : undefined,
  );
  const stuck = whole(delivery, run("stuck"), 2);
  await server.received(EVENTS);
  for (let index = 0; index < 10; index += 1) whole(delivery, run(`r${index}`), 2);
  await until("the others are through", () => delivery.counters.runs.completed === 10);
  expect(delivery.counters.events).toMatchObject({ delivered: 20, pending: 2 });
  expect(stuck.completed).toBe(false);
});

test("openings that hang hold up their own runs only, more of them than may be under way or not", async () => {
  const { server, delivery } = await start({ timeoutMs: NEVER });
  server.fail("/v1/runs", "hang");
  const opened = run("opened", { knownId: "run_1" });
  for (let index = 0; index < 9; index += 1) delivery.open(run(`r${index}`));
  await server.received(OPENING, 8);
  push(delivery, opened, 2);
  await until("they are delivered", () => delivery.counters.events.delivered === 2);
  expect(server.to(OPENING)).toHaveLength(8);
});

test("what comes due while a step looks at what is due already is sent in its time", async () => {
  const { server, delivery } = await start({ timeoutMs: NEVER, flushIntervalMs: 100 });
  await delivery.whenRegistered();
  server.fail("/v1/runs", "hang");
  delivery.open(run("hanging"));
  await server.received(OPENING);
  const opened = run("opened", { knownId: "run_1" });
  push(delivery, opened);
  const due = opened.eventsDueAt;
  const clock = vi.spyOn(performance, "now");
  clock.mockReturnValue(due + 1).mockReturnValueOnce(due - 1);
  cleanup(async () => clock.mockRestore());
  await new Promise((resolve) => setImmediate(resolve));
  clock.mockRestore();
  await until("it is delivered", () => delivery.counters.events.delivered === 1);
});

test("a run that pauses is sent soon, and a session that waited for it alone is completed at once", async () => {
  const { delivery } = await start({ flushIntervalMs: NEVER });
  const within = session("s", "sess_1");
  const paused = run("r", { session: within });
  delivery.open(paused);
  delivery.complete(within, { status: "completed" });
  await until("the run is open", () => paused.isIdle);
  const { eventsDueAt } = within;
  await until("the look planned for the completion has passed", () => performance.now() > eventsDueAt + 20);
  push(delivery, paused);
  delivery.pause(paused);
  await until("the session is completed", () => within.completed);
  await until("the event is delivered", () => delivery.counters.events.delivered === 1);
});

test("what waited for a run that gave way is asked at once", async () => {
  const { delivery, server } = await start({ flushIntervalMs: NEVER, timeoutMs: NEVER, maxQueueSize: 3 });
  await delivery.whenRegistered();
  server.fail("/v1/runs", "hang");
  const parent = run("parent");
  delivery.open(parent);
  await server.received(OPENING);
  const within = session("s", "sess_1");
  const waiting = run("waiting", { session: within, parent });
  delivery.open(waiting);
  delivery.complete(within, { status: "completed" });
  const { eventsDueAt } = within;
  await until("the look planned for the completion has passed", () => performance.now() > eventsDueAt + 100);
  push(delivery, run("opened", { knownId: "run_1" }));
  expect(waiting.failure?.reason).toBe("queue_full");
  await until("the session is completed", () => within.completed);
});

test("a run is opened in the next turn of the event loop", async () => {
  const { server, delivery } = await start({ flushIntervalMs: NEVER });
  await delivery.whenRegistered();
  delivery.open(run("r"));
  expect(delivery.counters.requests).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(delivery.counters.requests).toBe(2);
  await server.received("/v1/runs");
});

test("the end of a run is told within 50 ms, its last events before it", async () => {
  const { server, delivery } = await start({ flushIntervalMs: NEVER });
  const waits: number[] = [];
  for (let index = 0; index < 5; index += 1) {
    const lane = run(`r${index}`);
    delivery.open(lane);
    await until("it is open", () => lane.id);
    push(delivery, lane, 3);
    const ended = performance.now();
    delivery.complete(lane, { status: "completed" });
    await server.received(COMPLETING, index + 1);
    waits.push(performance.now() - ended);
  }
  // The machine may be busy: one of five is enough to tell a plan of 20 ms from one of 2 s.
  expect(Math.min(...waits)).toBeLessThan(50);
  expect(taken(server)).toHaveLength(15);
});

test("nothing is asked in the caller's turn of the event loop", async () => {
  const calls: string[] = [];
  const { delivery } = await start({
    transport: async ({ url }) => {
      calls.push(url);
      return { kind: "response", status: 200, headers: {}, body: '{"id":"x"}' };
    },
    maxBatchSize: 1,
  });
  const lane = run("r");
  delivery.open(lane);
  push(delivery, lane, 3);
  delivery.complete(lane, { status: "completed" });
  const flushing = delivery.flush(1_000);
  expect(calls).toEqual([]);
  expect(await flushing).toMatchObject({
    ok: true,
    events: { delivered: 3 },
    runs: { opened: 1, completed: 1 },
  });
});

test("an event is written once: not before its run is open, not again when its batch was full", async () => {
  const { server, delivery } = await start({ maxBatchBytes: 4_200, maxBatchSize: 10 });
  const writes = new Map<string, number>();
  const counted = (lane: ReturnType<typeof run>): void => {
    const item = event(lane, { payload: "x".repeat(1_500) });
    const write = item.write.bind(item);
    const name = `${lane.key} ${writes.size}`;
    writes.set(name, 0);
    delivery.push(lane, {
      ...item,
      write: (bound) => {
        expect(lane.state).toBe("open");
        writes.set(name, (writes.get(name) ?? 0) + 1);
        return write(bound);
      },
    });
  };
  const lanes = [run("a"), run("b"), run("c")];
  for (const lane of lanes) delivery.open(lane);
  for (let index = 0; index < 5; index += 1) for (const lane of lanes) counted(lane);
  await flushed(delivery);
  expect(taken(server)).toHaveLength(15);
  expect([...writes.values()]).toEqual(Array.from({ length: 15 }, () => 1));
});

test("an event the user's redactor drops, or that cannot be written, is counted and costs no other", async () => {
  const { server, delivery, drops, problems } = await start();
  const lane = loose();
  push(delivery, lane, 1);
  delivery.push(lane, event(lane, { write: () => undefined }));
  delivery.push(
    lane,
    event(lane, {
      write: () => {
        throw new Error("cannot");
      },
    }),
  );
  push(delivery, lane, 1);
  const report = await flushed(delivery);
  expect(taken(server)).toEqual(["none/1", "none/4"]);
  expect(report).toMatchObject({
    events: { delivered: 2, dropped: 2 },
    reasons: { redacted: 1, unwritable: 1 },
  });
  expect(drops.map(({ reason }) => reason)).toEqual(["redacted", "unwritable"]);
  expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining("cannot")]);
});

/** Items that take a millisecond to write, and the most of them that were written in one turn of the event loop. */
function slowToWrite(written: (item: EventItem, bound: string) => ReturnType<EventItem["write"]>) {
  let inTurn = 0;
  const seen = { most: 0 };
  const item = (lane: Lane): EventItem => {
    const own = event(lane);
    const write = (bound: string) => {
      if (inTurn === 0) {
        setImmediate(() => {
          inTurn = 0;
        });
      }
      inTurn += 1;
      seen.most = Math.max(seen.most, inTurn);
      const until = performance.now() + 1;
      while (performance.now() < until);
      return written(own, bound);
    };
    return { ...own, write };
  };
  return { item, seen };
}

test("events that take long are written a few in each turn of the event loop, and go in one batch", async () => {
  const { server, delivery } = await start({ flushIntervalMs: 60_000 });
  const { item, seen } = slowToWrite((own, bound) => own.write(bound));
  for (let runs = 0; runs < 5; runs += 1) {
    const lane = run(`r${runs}`);
    delivery.open(lane);
    for (let count = 0; count < 20; count += 1) delivery.push(lane, item(lane));
  }
  expect(await flushed(delivery)).toMatchObject({ events: { delivered: 100 } });
  expect(seen.most).toBeLessThanOrEqual(4);
  expect(sizes(server)).toEqual([25, 25, 25, 25]);
  expectIdle(delivery);
});

test("so are those that a hook drops by the hundred", async () => {
  const { delivery } = await start({ flushIntervalMs: 60_000 });
  const { item, seen } = slowToWrite(() => undefined);
  const lane = run("r");
  delivery.open(lane);
  for (let count = 0; count < 200; count += 1) delivery.push(lane, item(lane));
  expect(await flushed(delivery)).toMatchObject({ events: { dropped: 200 } });
  expect(seen.most).toBeLessThanOrEqual(4);
  expectIdle(delivery);
});

test("a batch that is half written when the client stops is counted", async () => {
  const { delivery } = await start({ flushIntervalMs: 60_000, maxBatchSize: 500 });
  const { item } = slowToWrite((own, bound) => own.write(bound));
  const lane = loose();
  for (let count = 0; count < 500; count += 1) delivery.push(lane, item(lane));
  const { events } = await delivery.shutdown(150);
  expect(events).toEqual({ delivered: 0, rejected: 0, dropped: 500, pending: 0 });
  expectIdle(delivery);
});

test("an event that gives way while a hook looks at it is counted once, and costs no other", async () => {
  const { server, delivery } = await start({ maxQueueSize: 10 });
  const lane = loose();
  const first = event(lane);
  delivery.push(lane, {
    ...first,
    write: (bound) => {
      push(delivery, lane, 20);
      return first.write(bound);
    },
  });
  await until("the hook was asked", () => delivery.counters.events.dropped > 0);
  expect(await flushed(delivery)).toMatchObject({ events: { delivered: 10, dropped: 11 } });
  expect(taken(server)).toEqual(numbered("none", 10, 12));
  expectIdle(delivery);
});
