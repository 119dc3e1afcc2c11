/** Memory is bounded whatever happens, and what gives way is counted and told, with the reason. */
import { describe, expect, test } from "vitest";
import type { Delivery } from "../../src/delivery/index.ts";
import { Room } from "../../src/delivery/room.ts";
import { startServer } from "../support/client.ts";
import { until } from "../support/until.ts";
import {
  deliveryTo,
  event,
  expectAddsUp,
  expectIdle,
  flushed,
  handoff,
  loose,
  meanwhile,
  numbered,
  type Options,
  pass,
  push,
  run,
  type Sender,
  session,
  start,
  stopClock,
  taken,
  whole,
} from "./support.ts";

/** Bytes an opening or a completion counts. */
const CALL = 600;

/** A registered delivery whose server takes nothing more; `mend` makes it work. */
async function deaf(options: Options = {}): Promise<Sender & { mend: () => void }> {
  const server = await startServer();
  const sender = deliveryTo(server, options);
  sender.delivery.start();
  await until("registered", () => sender.delivery.registration.isSettled);
  return { ...sender, mend: server.rule(() => ({ status: 503 })) };
}

/** Watches that the bounds hold after every step, also while the user is told of a loss. */
function watched(delivery: Delivery, bounds: { count?: number; bytes?: number }): () => void {
  return () => {
    const { count, bytes } = delivery.queued;
    expect(count).toBeLessThanOrEqual(bounds.count ?? Number.POSITIVE_INFINITY);
    expect(bytes).toBeLessThanOrEqual(bounds.bytes ?? Number.POSITIVE_INFINITY);
    expect(count).toBeGreaterThanOrEqual(0);
    expect(bytes).toBeGreaterThanOrEqual(0);
  };
}

test("the count is held exactly: what is more than it gives way, one for one", async () => {
  const { server, delivery, drops, mend } = await deaf({ maxQueueSize: 100 });
  const check = watched(delivery, { count: 100 });
  const lane = run("r");
  delivery.open(lane);
  for (let sent = 0; sent < 150; sent += 1) {
    push(delivery, lane);
    check();
  }
  expect(delivery.queued.count).toBe(100);
  expect(delivery.counters.events).toMatchObject({ dropped: 51, pending: 99 });
  expect(drops).toHaveLength(51);
  expect(drops[0]).toEqual({
    what: "event",
    outcome: "dropped",
    reason: "queue_full",
    type: "custom.event",
    runId: "r",
    sessionId: undefined,
  });
  mend();
  await flushed(delivery);
  expect(taken(server)).toEqual(numbered("r", 99, 52));
  expectAddsUp(delivery, 150);
});

test("the bytes are held exactly", async () => {
  const { delivery } = await deaf({ maxQueueBytes: 10_000 });
  const check = watched(delivery, { bytes: 10_000 });
  const lane = run("r");
  delivery.open(lane);
  for (const bytes of [3_000, 3_000, 3_000, 400, 100, 1_000, 9_000, 9_401, 200]) {
    push(delivery, lane, 1, { bytes });
    check();
  }
  // 9,401 and the opening can never be held together; nothing is thrown away for it but what it needed before it was known.
  expect(delivery.queued.bytes).toBeLessThanOrEqual(10_000);
  expectAddsUp(delivery, 9);
});

test("an event larger than the whole queue is dropped, and costs no other", async () => {
  const { delivery, drops } = await deaf({ maxQueueBytes: 10_000 });
  const lane = loose();
  push(delivery, lane, 3);
  push(delivery, lane, 1, { bytes: 10_001 });
  expect(delivery.counters.events).toMatchObject({ pending: 3, dropped: 1 });
  expect(drops).toEqual([expect.objectContaining({ reason: "queue_full" })]);
});

test("openings, completions and hand-offs count too", async () => {
  const { delivery } = await deaf({ maxQueueSize: 6, maxQueueBytes: 100_000 });
  const check = watched(delivery, { count: 6 });
  const pipeline = session("s");
  delivery.open(pipeline);
  const lane = run("r", { session: pipeline });
  delivery.open(lane);
  delivery.push(lane, handoff());
  push(delivery, lane, 1);
  delivery.complete(lane, { status: "completed" });
  delivery.complete(pipeline, { status: "completed" });
  expect(delivery.queued).toEqual({ count: 6, bytes: 4 * CALL + 50 + 100 });
  push(delivery, lane, 1);
  check();
  expect(delivery.queued.count).toBe(6);
});

test("events of the longest run give way first", async () => {
  const { server, delivery, drops, mend } = await deaf({ maxQueueSize: 33 });
  const lanes = [run("short"), run("long"), run("middle")] as const;
  for (const lane of lanes) delivery.open(lane);
  push(delivery, lanes[0], 2);
  push(delivery, lanes[1], 20);
  push(delivery, lanes[2], 8);
  push(delivery, lanes[0], 7);
  expect(new Set(drops.map(({ runId }) => runId))).toEqual(new Set(["long"]));
  expect(drops).toHaveLength(7);
  mend();
  await flushed(delivery);
  expect(taken(server).filter((id) => id.startsWith("short/"))).toEqual(numbered("short", 9));
  expect(taken(server).filter((id) => id.startsWith("middle/"))).toEqual(numbered("middle", 8));
});

test("no run is emptied while another is much longer", async () => {
  const { delivery, drops } = await deaf({ maxQueueSize: 2_000 });
  const lanes = Array.from({ length: 100 }, (_, index) => run(`r${index}`));
  for (const lane of lanes) delivery.open(lane);
  for (const [index, lane] of lanes.entries()) push(delivery, lane, index < 10 ? 100 : 10);
  push(delivery, run("last"), 0);
  const last = run("last");
  delivery.open(last);
  expect(last.failure).toMatchObject({ reason: "run_not_admitted" });
  push(delivery, lanes[99] as ReturnType<typeof run>, 500);
  const lost = new Map<string | undefined, number>();
  for (const { runId } of drops.filter(({ what }) => what === "event"))
    lost.set(runId, (lost.get(runId) ?? 0) + 1);
  for (let index = 10; index < 99; index += 1) expect(lost.get(`r${index}`) ?? 0).toBe(0);
});

describe.each([
  ["drop_oldest", numbered("r", 9, 12)],
  ["drop_newest", numbered("r", 9)],
] as const)("%s", (queueDropPolicy, kept) => {
  test("says which events of a run go", async () => {
    const { server, delivery, mend } = await deaf({ maxQueueSize: 10, queueDropPolicy });
    const lane = run("r");
    delivery.open(lane);
    push(delivery, lane, 20);
    mend();
    await flushed(delivery);
    expect(taken(server)).toEqual(kept);
    expect(delivery.counters.events).toMatchObject({ delivered: 9, dropped: 11 });
  });

  test("and of two runs the longer one pays", async () => {
    const { server, delivery, mend } = await deaf({ maxQueueSize: 10, queueDropPolicy });
    const [long, short] = [run("long"), run("short")];
    for (const lane of [long, short]) delivery.open(lane);
    push(delivery, long, 7);
    push(delivery, short, 1);
    push(delivery, short, 2);
    mend();
    await flushed(delivery);
    expect(taken(server).filter((id) => id.startsWith("short/"))).toEqual(numbered("short", 3));
    expect(taken(server).filter((id) => id.startsWith("long/"))).toEqual(
      queueDropPolicy === "drop_oldest" ? numbered("long", 5, 3) : numbered("long", 5),
    );
  });
});

test("a new run is refused whole when the queue is full, and all it says with it", async () => {
  const { server, delivery, drops, mend } = await deaf({ maxQueueSize: 10 });
  const lane = run("r");
  delivery.open(lane);
  push(delivery, lane, 9);
  const refused = whole(delivery, run("refused"), 3);
  expect(refused.failure).toEqual({ outcome: "dropped", reason: "run_not_admitted" });
  expect(delivery.counters).toMatchObject({
    runs: { dropped: 1, pending: 1 },
    events: { dropped: 3, pending: 9 },
  });
  expect(Object.fromEntries(delivery.counters.reasons)).toEqual({ run_not_admitted: 4 });
  expect(drops[0]).toEqual({
    what: "run",
    outcome: "dropped",
    reason: "run_not_admitted",
    type: "open",
    message: "the queue is full",
    runId: "refused",
    sessionId: undefined,
  });
  mend();
  await flushed(delivery);
  expect(server.to("/v1/runs").filter(({ text }) => text.includes("refused"))).toEqual([]);
  expect(taken(server)).toEqual(numbered("r", 9));
});

test("a session is let in at the cost of an event, and refused when there is none", async () => {
  const { delivery } = await deaf({ maxQueueSize: 3 });
  const lane = run("r");
  delivery.open(lane);
  push(delivery, lane, 2);
  delivery.open(session("s1"));
  delivery.open(session("s2"));
  expect(delivery.counters).toMatchObject({ sessions: { pending: 2 }, events: { dropped: 2 } });
  const third = session("s3");
  delivery.open(third);
  delivery.open(session("s4"));
  // The unopened run went for the third; sessions do not give way to each other.
  expect(delivery.counters).toMatchObject({ sessions: { pending: 3, dropped: 1 }, runs: { dropped: 1 } });
  expect(Object.fromEntries(delivery.counters.reasons)).toEqual({ queue_full: 3, session_not_admitted: 1 });
});

test("when only runs that were never opened are left, the oldest goes whole", async () => {
  const { server, delivery, drops, mend } = await deaf({ maxQueueSize: 4 });
  const lanes = ["a", "b", "c", "d"].map((key) => run(key));
  for (const lane of lanes) delivery.open(lane);
  push(delivery, lanes[3] as ReturnType<typeof run>, 1);
  expect(drops).toEqual([expect.objectContaining({ what: "run", reason: "queue_full", runId: "a" })]);
  expect(delivery.queued.count).toBe(4);
  mend();
  await flushed(delivery);
  expect(taken(server)).toEqual(["d/1"]);
  expect(delivery.counters.runs).toMatchObject({ opened: 3, dropped: 1 });
});

test("a run does not give way to its own event", async () => {
  const { delivery, drops } = await deaf({ maxQueueSize: 1 });
  const lane = run("r");
  delivery.open(lane);
  push(delivery, lane, 2);
  delivery.complete(lane, { status: "completed" });
  expect(drops.slice(0, 2)).toEqual([
    expect.objectContaining({ what: "event", reason: "queue_full" }),
    expect.objectContaining({ what: "event", reason: "queue_full" }),
  ]);
  // An end without room for it: the run could be opened and never closed, so it goes whole.
  expect(drops[2]).toMatchObject({ what: "run", type: "open", reason: "queue_full" });
  expectIdle(delivery);
});

test("the end of an open run takes the place of an event; without one it is dropped, and its session goes on", async () => {
  const server = await startServer();
  const { delivery, drops } = deliveryTo(server, { maxQueueSize: 3 });
  delivery.start();
  const pipeline = session("s");
  const lanes = ["a", "b", "c"].map((key) => run(key, { session: pipeline }));
  delivery.open(pipeline);
  await until("the session is open", () => pipeline.id);
  for (const lane of lanes) delivery.open(lane);
  await until("all are open", () => delivery.counters.runs.opened === 3);
  const mend = server.rule(() => ({ status: 503 }));
  const [a, b, c] = lanes as [ReturnType<typeof run>, ReturnType<typeof run>, ReturnType<typeof run>];
  push(delivery, a, 1);
  delivery.complete(a, { status: "completed" });
  delivery.complete(b, { status: "completed" });
  delivery.complete(c, { status: "completed" });
  expect(delivery.counters.events).toMatchObject({ dropped: 1 });
  delivery.complete(pipeline, { status: "completed" });
  expect(drops.map(({ what, type }) => `${what} ${type}`)).toEqual([
    "event custom.event",
    "session complete",
  ]);
  mend();
  await flushed(delivery);
  expect(delivery.counters).toMatchObject({ runs: { completed: 3 }, sessions: { dropped: 1, completed: 0 } });
  expect(server.to(`/v1/runs/${a.id}/complete`).at(-1)?.body).toMatchObject({
    metadata: { lost_events: { queue_full: 1 } },
  });
});

test("what is lost to the bounds is told in the completion of the run", async () => {
  const { server, delivery, mend } = await deaf({ maxQueueSize: 10 });
  const lane = run("r");
  delivery.open(lane);
  push(delivery, lane, 20);
  delivery.complete(lane, { status: "completed", metadata: { tool_calls: 3 } });
  mend();
  await flushed(delivery);
  expect(server.to(`/v1/runs/${lane.id}/complete`).at(-1)?.body).toEqual({
    status: "completed",
    metadata: { tool_calls: 3, lost_events: { queue_full: 12 } },
  });
});

test("however long Apie is down, few events are on their way, out of reach of the bounds", async () => {
  const server = await startServer();
  stopClock();
  const { delivery } = deliveryTo(server, {
    maxQueueSize: 200,
    maxBatchSize: 5,
    timeoutMs: 3_600_000,
    retryBaseDelayMs: 250,
  });
  delivery.start();
  const lanes = Array.from({ length: 20 }, (_, index) => run(`r${index}`));
  for (const lane of lanes) delivery.open(lane);
  await meanwhile("all are open", () => delivery.counters.runs.opened === 20);
  const mend = server.rule(() => ({ status: 503 }));
  let written = 0;
  for (const lane of lanes) {
    for (let index = 0; index < 10; index += 1) {
      const item = event(lane);
      delivery.push(lane, {
        ...item,
        write: (bound) => {
          written += 1;
          return item.write(bound);
        },
      });
    }
  }
  await pass(30 * 60_000, 1_000);
  expect(delivery.counters.events).toMatchObject({ pending: 200, dropped: 0 });
  // Four batches of five.
  expect(written).toBeLessThanOrEqual(20);
  push(delivery, lanes[0] as ReturnType<typeof run>, 150);
  mend();
  await pass(120_000, 1_000);
  expect(taken(server)).toContain("r0/160");
  expect(delivery.counters.events).toMatchObject({ delivered: 200, dropped: 150 });
});

test("a hand-off that gives way is counted as a call", async () => {
  const { delivery, drops } = await deaf({ maxQueueSize: 2 });
  const lane = run("r");
  delivery.open(lane);
  delivery.push(lane, handoff());
  push(delivery, lane, 1);
  expect(delivery.counters).toMatchObject({ callsRejected: 1, events: { pending: 1, dropped: 0 } });
  expect(drops).toEqual([
    expect.objectContaining({ what: "call", type: "handoff", reason: "queue_full", runId: "r" }),
  ]);
});

test("events under way are counted, and neither lost nor doubled when the queue is full", async () => {
  const server = await startServer();
  const { delivery } = deliveryTo(server, { maxQueueSize: 30, maxBatchSize: 10, timeoutMs: 5_000 });
  delivery.start();
  const lane = run("r");
  delivery.open(lane);
  await until("open", () => lane.id);
  const answers: (() => void)[] = [];
  const stop = server.rule(({ path }) =>
    path === "/v1/events"
      ? (response) =>
          answers.push(() => response.writeHead(200, { "content-type": "application/json" }).end("{}"))
      : undefined,
  );
  push(delivery, lane, 30);
  await until("a batch is under way", () => answers.length === 1);
  push(delivery, lane, 30);
  expect(delivery.queued.count).toBe(30);
  expect(delivery.counters.events).toMatchObject({ dropped: 30, pending: 30 });
  stop();
  answers[0]?.();
  await flushed(delivery);
  // Those under way were not among the ones that gave way.
  expect(taken(server)).toEqual([...numbered("r", 10), ...numbered("r", 20, 41)]);
  expectIdle(delivery);
});

test("the search for the longest run is paid for by many removals, so that a full queue costs little per event", () => {
  const room = new Room({ maxQueueSize: 1, maxQueueBytes: 1, queueDropPolicy: "drop_oldest" });
  const lanes = Array.from({ length: 1_000 }, (_, index) => run(`r${index}`));
  for (const [index, lane] of lanes.entries()) {
    for (let items = 0; items < 100 + (index % 7); items += 1) lane.queue.push(event(lane));
    lane.queuedBytes = lane.queue.length * 100;
  }
  let looks = 0;
  function* counted(): Iterable<(typeof lanes)[0]> {
    for (const lane of lanes) {
      looks += 1;
      yield lane;
    }
  }
  for (let removed = 0; removed < 10_000; removed += 1) {
    const longest = room.longestOf(counted(), false);
    if (longest === undefined || room.takeOut(longest, false) === undefined)
      throw new Error("nothing found to remove");
    longest.queuedBytes -= 100;
  }
  expect(looks / 10_000).toBeLessThan(20);
  // Not one run after the other: all of about the same length pay about the same.
  expect(Math.min(...lanes.map((lane) => lane.queue.length))).toBeGreaterThan(30);
});

test("calls count with what they say", async () => {
  const { delivery, drops } = await deaf({ maxQueueBytes: 200_000 });
  const check = watched(delivery, { bytes: 200_000 });
  const lanes = Array.from({ length: 20 }, (_, index) => run(`r${index}`));
  for (const lane of lanes) {
    delivery.open(lane);
    delivery.complete(lane, { status: "completed", metadata: { output: "x".repeat(20_000) } });
    check();
  }
  expect(drops.filter(({ reason }) => reason === "queue_full").length).toBeGreaterThan(10);
  await delivery.shutdown(0);
  expectIdle(delivery);
});

test("a run whose end says more than the queue holds is ended, and says so", async () => {
  const { server, delivery, mend } = await deaf({ maxQueueBytes: 65_536 });
  const lane = run("r");
  delivery.open(lane);
  delivery.complete(lane, { status: "failed", metadata: { output: "x".repeat(65_536) } });
  mend();
  await flushed(delivery);
  expect(server.to(`/v1/runs/${lane.id}/complete`)).toMatchObject([
    { body: { status: "failed", metadata: { trimmed: true, trimmed_bytes: expect.any(Number) } } },
  ]);
});

test("runs that give way leave nothing behind at the session they waited for", async () => {
  const { delivery } = await deaf({ maxQueueSize: 10 });
  const pipeline = session("s");
  delivery.open(pipeline);
  for (let index = 0; index < 200; index += 1) {
    const lane = run(`r${index}`, { session: pipeline });
    delivery.open(lane);
    delivery.complete(lane, { status: "completed" });
  }
  expect(delivery.counters.runs.dropped).toBeGreaterThan(100);
  expect(pipeline.awaitedBy?.size).toBeLessThanOrEqual(10);
});

test("a lane keeps nothing of what was said in its calls once they are through", async () => {
  const { delivery } = await start();
  const parent = run("p");
  const lane = run("r", { parent });
  delivery.open(parent);
  delivery.open(lane);
  delivery.complete(lane, { status: "completed", metadata: { output: "long" } });
  delivery.complete(parent, { status: "completed" });
  await flushed(delivery);
  expect(lane.opening).toEqual({ kind: "run", body: {}, session: undefined, parent: undefined });
  expect(lane.completion).toEqual({ status: "completed" });
});
