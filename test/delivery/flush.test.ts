/** `flush()`: a barrier that says what became of everything, in its time. */
import { describe, expect, test } from "vitest";
import { startServer } from "../support/client.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";
import {
  COMPLETING,
  deliveryTo,
  EVENTS,
  expectAddsUp,
  expectIdle,
  flushed,
  loose,
  meanwhile,
  numbered,
  OPENING,
  pass,
  push,
  run,
  session,
  start,
  stopClock,
  taken,
  whole,
} from "./support.ts";

/** Keeps requests to a path until it is called; the number of those that wait is its `size`. */
function gateAt(server: RecordingApie, path: string | RegExp): { open: () => void; waiting: () => number } {
  const waiting: (() => void)[] = [];
  const remove = server.rule((request) => {
    const isIt = typeof path === "string" ? request.path === path : path.test(request.path);
    if (!isIt) return undefined;
    return (response) => {
      waiting.push(() => response.writeHead(200, { "content-type": "application/json" }).end('{"id":"x"}'));
    };
  });
  return {
    open: () => {
      remove();
      for (const answer of waiting.splice(0)) answer();
    },
    waiting: () => waiting.length,
  };
}

test("nothing to wait for: it resolves at once", async () => {
  const { delivery } = await start();
  const report = await delivery.flush(5_000);
  expect(report).toEqual({
    ok: true,
    timedOut: false,
    durationMs: expect.any(Number),
    events: { delivered: 0, rejected: 0, dropped: 0, pending: 0 },
    runs: { opened: 0, completed: 0, rejected: 0, dropped: 0, pending: 0 },
    sessions: { opened: 0, completed: 0, rejected: 0, dropped: 0, pending: 0 },
    reasons: {},
    sessionsLeftOpen: 0,
    lastError: undefined,
  });
  expect(report.durationMs).toBeLessThan(100);
});

test("it does not wait for the interval", async () => {
  const { server, delivery } = await start({ flushIntervalMs: 60_000 });
  whole(delivery, run("r"), 3);
  await flushed(delivery);
  expect(taken(server)).toEqual(numbered("r", 3));
  expect(delivery.counters.runs.completed).toBe(1);
});

test("it waits for a batch that is under way", async () => {
  const { server, delivery } = await start();
  const gate = gateAt(server, EVENTS);
  push(delivery, loose(), 1);
  await until("a batch is under way", () => gate.waiting() === 1);
  let done = false;
  const flushing = delivery.flush(5_000).then((report) => {
    done = true;
    return report;
  });
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(done).toBe(false);
  gate.open();
  expect(await flushing).toMatchObject({ ok: true, events: { delivered: 1, pending: 0 } });
});

test("it does not wait for the next try that was planned", async () => {
  const { server, delivery } = await start({ retryBaseDelayMs: 20_000 });
  server.fail(EVENTS, { status: 500 }, 1);
  push(delivery, loose(), 1);
  await server.received(EVENTS);
  await until("it failed", () => delivery.lastError);
  const report = await flushed(delivery);
  expect(report.durationMs).toBeLessThan(1_000);
});

test("two at once both wait, each for what was before it", async () => {
  const { server, delivery } = await start();
  const gate = gateAt(server, EVENTS);
  const lane = loose();
  push(delivery, lane, 1);
  const first = delivery.flush(5_000);
  await until("a batch is under way", () => gate.waiting() === 1);
  push(delivery, lane, 1);
  const second = delivery.flush(5_000);
  gate.open();
  expect(await first).toMatchObject({ ok: true });
  expect(await second).toMatchObject({ ok: true, events: { delivered: 2, pending: 0 } });
  expect(delivery.counters.flushes).toBe(2);
});

test("it does not wait for what comes after it", async () => {
  const { server, delivery } = await start();
  const lane = run("r");
  delivery.open(lane);
  await until("open", () => lane.id);
  push(delivery, lane, 1);
  let adding = true;
  const add = (): void => {
    push(delivery, lane, 1);
    if (adding) setImmediate(add);
  };
  const flushing = delivery.flush(5_000);
  add();
  const report = await flushing;
  adding = false;
  expect(report).toMatchObject({ ok: true, timedOut: false });
  expect(report.durationMs).toBeLessThan(2_000);
  expect(taken(server)).toContain("r/1");
  await flushed(delivery);
  expectIdle(delivery);
});

test("a run that is still open is not waited for, its events are", async () => {
  const { server, delivery } = await start();
  const pipeline = session("s");
  const lane = run("r", { session: pipeline });
  for (const opened of [pipeline, lane]) delivery.open(opened);
  push(delivery, lane, 2);
  const report = await flushed(delivery);
  expect(report).toMatchObject({ events: { delivered: 2 }, runs: { opened: 1, pending: 0 } });
  expect(server.to(COMPLETING)).toEqual([]);
});

test("a session that waits for a run nobody has ended is not waited for: it says so at once", async () => {
  const { delivery } = await start();
  const pipeline = session("s");
  const lane = run("r", { session: pipeline });
  for (const opened of [pipeline, lane]) delivery.open(opened);
  delivery.complete(pipeline, { status: "completed" });
  const report = await delivery.flush(5_000);
  expect(report).toMatchObject({ ok: false, timedOut: false, sessions: { opened: 1, pending: 1 } });
  expect(report.durationMs).toBeLessThan(1_000);
});

describe("a hopeless flush ends early", () => {
  test("with a dead server: after as many tries as one flush makes", async () => {
    const server = await startServer();
    await server.close();
    const { delivery } = deliveryTo(server, { retryAttempts: 4 });
    delivery.start();
    whole(delivery, run("r"), 3);
    const report = await delivery.flush(10_000);
    expect(report).toMatchObject({
      ok: false,
      timedOut: false,
      events: { pending: 3 },
      runs: { pending: 2 },
    });
    expect(report.durationMs).toBeLessThan(2_000);
    expect(report.lastError).toContain("ECONNREFUSED");
    expect(delivery.counters.requests).toBeGreaterThanOrEqual(4);
    expect(delivery.counters.requests).toBeLessThanOrEqual(6);
  });

  test("with a server that fails: tries are spread as retries are, however long it has been down", async () => {
    const server = await startServer();
    stopClock();
    const { delivery } = deliveryTo(server, { retryBaseDelayMs: 250, timeoutMs: 3_600_000 });
    delivery.start();
    await meanwhile("registered", () => delivery.registration.isSettled);
    server.rule(() => ({ status: 503 }));
    whole(delivery, run("r"), 1);
    await pass(20 * 60_000, 1_000);
    const before = server.requests.length;
    let done = false;
    const flushing = delivery.flush(10_000).then((report) => {
      done = true;
      return report;
    });
    for (let waited = 0; waited < 10_000 && !done; waited += 10) await pass(10, 10);
    const report = await flushing;
    expect(report).toMatchObject({ ok: false, timedOut: false });
    expect(server.requests.length - before).toBe(3);
    // 250 and 500 ms at most between three tries.
    expect(report.durationMs).toBeLessThan(1_000);
  });

  test("many things that fail together are one try", async () => {
    const { server, delivery } = await start();
    await until("registered", () => delivery.registration.isSettled);
    // All that are asked for at once.
    server.fail(OPENING, { status: 503 }, 8);
    for (let index = 0; index < 20; index += 1) whole(delivery, run(`r${index}`), 1);
    const report = await flushed(delivery);
    expect(report).toMatchObject({ runs: { opened: 20, completed: 20 }, events: { delivered: 20 } });
  });

  test("what failed before something worked is forgotten", async () => {
    const { server, delivery } = await start({ retryAttempts: 2, retryBaseDelayMs: 60 });
    const pipeline = session("s", "ses_1");
    const parent = run("parent", { session: pipeline });
    delivery.open(parent);
    // The parent fails once; then all children that are asked for at once do, all together.
    const failed = new Set<unknown>();
    server.rule(({ path, body }) => {
      const { key } = (body as { metadata?: { key?: string } }).metadata ?? {};
      if (!path.endsWith("/runs") || failed.has(key)) return undefined;
      failed.add(key);
      return { status: 503 };
    });
    for (let index = 0; index < 8; index += 1)
      whole(delivery, run(`r${index}`, { session: pipeline, parent }), 1);
    expect(await flushed(delivery)).toMatchObject({ runs: { opened: 9, completed: 8 } });
  });

  test("one thing that fails does not keep the others from being flushed", async () => {
    const { server, delivery } = await start();
    server.rule(({ path, text }) =>
      path === EVENTS && text.includes('"stuck/') ? { status: 500 } : undefined,
    );
    whole(delivery, run("stuck"), 1);
    await server.received(EVENTS);
    for (let index = 0; index < 10; index += 1) whole(delivery, run(`r${index}`), 2);
    const report = await delivery.flush(5_000);
    expect(report).toMatchObject({
      ok: false,
      timedOut: false,
      events: { delivered: 20, pending: 1 },
      runs: { completed: 10, pending: 1 },
    });
    expect(report.lastError).toContain("HTTP 500");
    expect(report.durationMs).toBeLessThan(2_000);
  });

  test("when the server asks for more time than the flush has", async () => {
    const { server, delivery } = await start();
    server.fail(EVENTS, { status: 429, headers: { "retry-after": "120" } });
    push(delivery, loose(), 1);
    const report = await delivery.flush(10_000);
    expect(report).toMatchObject({ ok: false, timedOut: false, events: { pending: 1 } });
    expect(report.durationMs).toBeLessThan(1_000);
    expect(server.to(EVENTS)).toHaveLength(1);
    // A flush does not break in on that time.
    await delivery.flush(10_000);
    expect(server.to(EVENTS)).toHaveLength(1);
  });

  test("but waits when the time is short enough", async () => {
    const { server, delivery } = await start();
    server.fail(EVENTS, { status: 503, headers: { "retry-after": "0.2" } }, 1);
    push(delivery, loose(), 1);
    const report = await flushed(delivery);
    expect(report.durationMs).toBeGreaterThanOrEqual(190);
  });
});

test("what a flush could not send goes on being tried after it", async () => {
  const { server, delivery } = await start();
  server.fail(EVENTS, { status: 503 }, 5);
  push(delivery, loose(), 2);
  expect(await delivery.flush(5_000)).toMatchObject({ ok: false, events: { pending: 2 } });
  await until("delivered", () => taken(server).length === 2);
});

describe("the deadline", () => {
  test("is kept with a server that never answers", async () => {
    const { server, delivery } = await start({ timeoutMs: 10_000 });
    server.fail(EVENTS, "hang");
    push(delivery, loose(), 2);
    const began = performance.now();
    const report = await delivery.flush(150);
    expect(performance.now() - began).toBeLessThan(400);
    expect(report).toMatchObject({ ok: false, timedOut: true, events: { pending: 2 } });
  });

  test("is that of each flush", async () => {
    const { server, delivery } = await start();
    const gate = gateAt(server, EVENTS);
    push(delivery, loose(), 1);
    const [short, long] = [delivery.flush(60), delivery.flush(5_000)];
    expect(await short).toMatchObject({ ok: false, timedOut: true });
    gate.open();
    expect(await long).toMatchObject({ ok: true, timedOut: false, events: { delivered: 1 } });
  });

  test("does not stop the delivery: what was under way arrives", async () => {
    const { server, delivery } = await start();
    const gate = gateAt(server, EVENTS);
    push(delivery, loose(), 1);
    await delivery.flush(40);
    gate.open();
    await until("delivered", () => delivery.counters.events.delivered === 1);
    expect(delivery.counters.retries).toBe(0);
  });
});

test("the figures of a report add up, whatever happened", async () => {
  const { server, delivery } = await start({ maxQueueSize: 40, maxBatchSize: 4 });
  server.rule(({ path, text }) =>
    path === EVENTS && text.includes('"event_id":"r1/2"') ? { status: 422 } : undefined,
  );
  server.rule(({ path, text }) =>
    path === "/v1/runs" && text.includes('"refused"') ? { status: 400 } : undefined,
  );
  server.rule(({ path, text }) =>
    path === "/v1/runs" && !text.includes('"input_summary"') ? { status: 400 } : undefined,
  );
  for (const key of ["r1", "r2", "refused"]) {
    const lane = run(key);
    delivery.open(lane);
    push(delivery, lane, 20);
    delivery.complete(lane, { status: "completed" });
  }
  const report = await flushed(delivery);
  const { delivered, rejected, dropped, pending } = report.events;
  expect(delivered + rejected + dropped + pending).toBe(60);
  expect(delivered).toBe(taken(server).length);
  expect(Object.values(report.reasons).reduce((sum, count) => sum + count, 0)).toBe(
    rejected + dropped + report.runs.rejected + report.runs.dropped,
  );
  expectAddsUp(delivery, 60);
  expectIdle(delivery);
});
