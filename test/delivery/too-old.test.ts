/** Apie may be out of reach for longer than events are kept: what is too old is given up, and told. */
import { describe, expect, test } from "vitest";
import { startServer } from "../support/client.ts";
import { jumpingClock } from "../support/jumping-clock.ts";
import {
  deliveryTo,
  expectAddsUp,
  expectIdle,
  loose,
  meanwhile,
  numbered,
  type Options,
  pass,
  push,
  run,
  type Sender,
  session,
  settled,
  stopClock,
  taken,
  whole,
} from "./support.ts";

const HOUR = 60 * 60_000;

describe("what is too old", () => {
  async function outOfReach(): Promise<Sender & { mend: () => void }> {
    const server = await startServer();
    stopClock();
    const sender = deliveryTo(server, { timeoutMs: 10 * HOUR, retryBaseDelayMs: 250 });
    sender.delivery.start();
    await meanwhile("registered", () => sender.delivery.registration.isSettled);
    return { ...sender, mend: server.rule(() => ({ status: 503 })) };
  }

  test("is given up after an hour, with the reason, and not before", async () => {
    const { delivery, drops } = await outOfReach();
    whole(delivery, run("r"), 3);
    push(delivery, loose(), 2);
    await pass(59 * 60_000, 20_000);
    expect(drops).toEqual([]);
    expect(delivery.counters.events).toMatchObject({ pending: 5 });
    await pass(6 * 60_000, 5_000);
    expect(delivery.counters).toMatchObject({
      events: { dropped: 5, pending: 0 },
      runs: { dropped: 1, pending: 0 },
    });
    expect(Object.fromEntries(delivery.counters.reasons)).toEqual({ expired: 6 });
    expectIdle(delivery);
  });

  test("goes by the age of each event: the newer ones stay", async () => {
    const { server, delivery, mend } = await outOfReach();
    mend();
    const lane = run("r");
    delivery.open(lane);
    await meanwhile("open", () => lane.id);
    const revive = server.rule(() => ({ status: 503 }));
    push(delivery, lane, 3);
    await pass(40 * 60_000, 20_000);
    push(delivery, lane, 3);
    await pass(25 * 60_000, 5_000);
    expect(delivery.counters.events).toMatchObject({ dropped: 3, pending: 3 });
    delivery.complete(lane, { status: "completed" });
    revive();
    await pass(60_000, 500);
    expect(taken(server)).toEqual(numbered("r", 3, 4));
    expect(server.to(`/v1/runs/${lane.id}/complete`).at(-1)?.body).toMatchObject({
      metadata: { lost_events: { expired: 3 } },
    });
  });

  test("includes completions, and runs that could not be opened; what they say later is dropped too", async () => {
    const { server, delivery, mend } = await outOfReach();
    mend();
    const [open, unopened] = [run("open"), run("unopened")];
    delivery.open(open);
    await meanwhile("open", () => open.id);
    server.rule(() => ({ status: 503 }));
    delivery.complete(open, { status: "completed" });
    delivery.open(unopened);
    await pass(66 * 60_000, 5_000);
    push(delivery, unopened, 2);
    expect(delivery.counters).toMatchObject({
      runs: { opened: 1, completed: 0, dropped: 2, pending: 0 },
      events: { dropped: 2 },
    });
    expectIdle(delivery);
  });

  test("is not a session that waits for its runs, however long they take", async () => {
    const { server, delivery, mend } = await outOfReach();
    mend();
    const pipeline = session("s");
    const lane = run("r", { session: pipeline });
    for (const opened of [pipeline, lane]) delivery.open(opened);
    await meanwhile("open", () => lane.id);
    delivery.complete(pipeline, { status: "completed" });
    for (let hour = 0; hour < 3; hour += 1) {
      push(delivery, lane, 1);
      await pass(HOUR, 60_000);
    }
    delivery.complete(lane, { status: "completed" });
    await pass(1_000, 10);
    await settled();
    expect(delivery.counters).toMatchObject({
      sessions: { completed: 1, dropped: 0 },
      events: { delivered: 3, dropped: 0 },
    });
    expect(server.to(/sessions\/.*\/complete$/)).toHaveLength(1);
  });
});

describe("much that is too old at once", () => {
  /** The user's hook takes a millisecond for each. @returns how often it was called in one turn of the event loop at most. */
  function slowHook() {
    const seen = { inTurn: 0, most: 0 };
    const onDrop = (): void => {
      seen.inTurn += 1;
      seen.most = Math.max(seen.most, seen.inTurn);
      if (seen.inTurn === 1)
        setImmediate(() => {
          seen.inTurn = 0;
        });
      for (const from = performance.now(); performance.now() - from < 1; );
    };
    return { seen, onDrop };
  }

  /** @returns `expiring` lets all that is in it grow old, until some of it is given up. */
  async function old(options: Options): Promise<Sender & { expiring: () => Promise<void> }> {
    const server = await startServer();
    const jump = jumpingClock();
    const sender = deliveryTo(server, { timeoutMs: 10 * HOUR, retryBaseDelayMs: HOUR, ...options });
    const { delivery } = sender;
    delivery.start();
    await meanwhile("registered", () => delivery.registration.isSettled);
    server.rule(() => ({ status: 503 }));
    const expiring = async (): Promise<void> => {
      await meanwhile("tried", () => delivery.heldBecause);
      jump(60_000);
      jump(HOUR);
      await meanwhile("some of it is given up", () => {
        if (delivery.counters.events.dropped === 0) jump(100);
        return delivery.counters.events.dropped > 0;
      });
    };
    return { ...sender, expiring };
  }

  test.each([
    ["events of a run that is open", true],
    ["a run that was never opened", false],
  ])("gives up %s a little in each turn of the event loop", async (_what, isOpen) => {
    const { seen, onDrop } = slowHook();
    const { delivery, expiring } = await old({ onDrop });
    const lane = run("r", isOpen ? { knownId: "run_1" } : {});
    whole(delivery, lane, 200);
    await expiring();
    // Whatever is said of it meanwhile.
    push(delivery, lane);
    await meanwhile("all is given up", () => delivery.counters.events.dropped >= 200);
    expect(seen.most).toBeLessThan(20);
    expect(Object.fromEntries(delivery.counters.reasons).expired).toBeGreaterThanOrEqual(200);
    expectAddsUp(delivery, 201);
  });

  test("a flush meanwhile waits for it", async () => {
    const { onDrop } = slowHook();
    const { delivery, expiring } = await old({ onDrop });
    whole(delivery, run("r"), 100);
    await expiring();
    expect(delivery.counters.events.pending).toBeGreaterThan(0);
    const report = await delivery.flush(10_000);
    expect(report).toMatchObject({ ok: true, events: { dropped: 100, pending: 0 }, runs: { dropped: 1 } });
    expectIdle(delivery);
  });

  test("a shutdown in the middle of it loses count of nothing", async () => {
    const { onDrop } = slowHook();
    const { delivery, expiring } = await old({ onDrop });
    for (const key of ["a", "b"]) whole(delivery, run(key), 50);
    await expiring();
    await delivery.shutdown(0);
    expectAddsUp(delivery, 100);
    expectIdle(delivery);
  });
});
