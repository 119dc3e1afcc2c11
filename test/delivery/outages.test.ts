/** What happens while Apie is down, or refuses us: nothing is hammered, nothing is lost, and it goes on by itself. */
import { describe, expect, test, vi } from "vitest";
import { cleanup, startServer } from "../support/client.ts";
import type { RecordedRequest, RecordingApie } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";
import {
  COMPLETING,
  deliveryTo,
  EVENTS,
  expectIdle,
  flushed,
  handoff,
  idAtServer,
  isTaken,
  loose,
  meanwhile,
  numbered,
  OPENING,
  openingOf,
  pass,
  push,
  run,
  session,
  settled,
  start,
  stopClock,
  taken,
  whole,
} from "./support.ts";

/** A request is not timed out by the steps in which a stopped clock is moved. */
const HOUR = 3_600_000;

const DENIALS: Record<number, RegExp> = {
  401: /HTTP 401: bad key: check the API key/,
  402: /HTTP 402: bad key: the workspace's plan or payment/,
  403: /HTTP 403: bad key: the API key may not do this/,
  404: /HTTP 404: bad key: check baseUrl/,
  405: /HTTP 405: bad key: check baseUrl/,
};
const CASES = Object.keys(DENIALS).map(Number);

const body = { error: { message: "bad key" } };

describe.each(CASES)("%i", (status) => {
  test("to everything: one request, then silence; all is kept, and goes once it is allowed, with no new traffic", async () => {
    const server = await startServer();
    const allow = server.rule(() => ({ status, body }));
    stopClock();
    const { delivery, problems, drops } = deliveryTo(server, { timeoutMs: HOUR });
    delivery.start();
    const lane = whole(delivery, run("r"), 3);
    await meanwhile("it was refused", () => problems.length > 0);
    expect(problems[0]).toMatchObject({
      code: `http_${status}`,
      status,
      message: expect.stringMatching(DENIALS[status] as RegExp),
    });
    expect(delivery.heldBecause).toMatch(DENIALS[status] as RegExp);
    await pass(10_000);
    whole(delivery, run("later"), 3);
    await pass(4_000);
    expect(server.requests).toHaveLength(1);
    // Asked again after 15 s, 30 s, 60 s, … at most every five minutes.
    await pass(20 * 60_000, 5_000);
    expect(server.requests.length).toBeGreaterThanOrEqual(6);
    expect(server.requests.length).toBeLessThanOrEqual(8);
    expect(delivery.counters.events).toEqual({ delivered: 0, rejected: 0, dropped: 0, pending: 6 });
    allow();
    await pass(5 * 60_000, 5_000);
    await pass(2_000, 10);
    expect(taken(server).filter((id) => id.startsWith("r/"))).toEqual(numbered("r", 3));
    expect(lane.completed).toBe(true);
    expect(delivery.heldBecause).toBeUndefined();
    expect(drops).toEqual([]);
    expectIdle(delivery);
  });

  test("to events: runs are opened all the same; a flush asks at once, and once, and says so", async () => {
    const { server, delivery, problems } = await start();
    const allow = server.fail(EVENTS, { status, body });
    const lanes = ["a", "b", "c"].map((key) => run(key));
    for (const lane of lanes) delivery.open(lane);
    await until("opened", () => delivery.counters.runs.opened === 3);
    // All in one batch: of several under way at once, each would be asked for again.
    for (const lane of lanes) {
      push(delivery, lane, 2);
      delivery.complete(lane, { status: "completed" });
    }
    await until("refused", () => problems.length > 0);
    const before = server.to(EVENTS).length;
    const report = await delivery.flush(60_000);
    expect(report).toMatchObject({
      ok: false,
      timedOut: false,
      events: { pending: 6 },
      runs: { opened: 3, pending: 3 },
    });
    expect(report.durationMs).toBeLessThan(1_000);
    expect(report.lastError).toMatch(DENIALS[status] as RegExp);
    expect(server.to(EVENTS).length - before).toBe(1);
    allow();
    await flushed(delivery);
    expect(taken(server)).toHaveLength(6);
    expect(problems).toHaveLength(1);
  });
});

test.each([402, 403, 405])("a call that alone is refused (%i) does not stop the others", async (status) => {
  const { server, delivery, problems } = await start();
  const allow = server.fail("/v1/sessions", { status });
  const pipeline = session("s");
  delivery.open(pipeline);
  whole(delivery, run("inside", { session: pipeline }), 1);
  await until("refused", () => problems.length > 0);
  for (let index = 0; index < 20; index += 1) {
    delivery.open(session(`more ${index}`));
    whole(delivery, run(`r${index}`), 2);
  }
  await until("the runs are through", () => delivery.counters.runs.completed === 20);
  expect(server.to("/v1/sessions")).toHaveLength(1);
  expect(delivery.heldBecause).toContain(`HTTP ${status}`);
  expect(delivery.counters.sessions).toMatchObject({ opened: 0, pending: 21 });
  allow();
  await flushed(delivery);
  expect(openingOf(server, "inside").path).toBe(`/v1/sessions/${pipeline.id}/runs`);
  expect(delivery.heldBecause).toBeUndefined();
});

test("a hand-off that is forbidden holds up its own run, and only that", async () => {
  const { server, delivery, problems } = await start();
  server.fail(/\/handoffs$/, { status: 403 });
  const pipeline = session("s");
  const lanes = ["a", "b"].map((key) => run(key, { session: pipeline })) as [
    ReturnType<typeof run>,
    ReturnType<typeof run>,
  ];
  for (const lane of [pipeline, ...lanes]) delivery.open(lane);
  delivery.push(lanes[0], handoff());
  push(delivery, lanes[0], 2);
  await until("refused", () => problems.length > 0);
  push(delivery, lanes[1], 2);
  delivery.complete(lanes[1], { status: "completed" });
  await until("the other run is through", () => lanes[1].completed);
  expect(taken(server)).toEqual(numbered("b", 2));
});

test("a key that is refused halfway stops everything after what was under way", async () => {
  const { server, delivery, problems } = await start();
  const lanes = Array.from({ length: 30 }, (_, index) => whole(delivery, run(`r${index}`), 2));
  await until("some are through", () => delivery.counters.runs.completed > 0);
  server.rule(() => ({ status: 401, body }));
  await until("refused", () => problems.length > 0);
  await until("nothing is under way", () => server.requests.every(({ status }) => status !== undefined));
  const refused = server.requests.filter(({ status }) => status === 401).length;
  expect(refused).toBeLessThanOrEqual(12);
  for (const lane of lanes.slice(20)) push(delivery, lane, 0);
  delivery.open(run("new"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(server.requests.filter(({ status }) => status === 401)).toHaveLength(refused);
});

describe("a dead server", () => {
  /** A server that answers nothing but 503, with a clock that stands. */
  async function dead(): Promise<ReturnType<typeof deliveryTo> & { arrivals: number[]; revive: () => void }> {
    const server = await startServer();
    const arrivals: number[] = [];
    stopClock();
    const { delivery, ...rest } = deliveryTo(server, { retryBaseDelayMs: 250, timeoutMs: HOUR });
    delivery.start();
    await meanwhile("registered", () => delivery.registration.isSettled);
    const revive = server.rule(() => {
      arrivals.push(performance.now());
      return { status: 503 };
    });
    return { ...rest, delivery, arrivals, revive };
  }

  test("is probed with one request at a time at growing intervals, however much there is to say", async () => {
    const { server, delivery, arrivals } = await dead();
    for (let index = 0; index < 50; index += 1) whole(delivery, run(`r${index}`), 2);
    await pass(2_000, 10);
    const first = arrivals.length;
    await pass(10 * 60_000, 500);
    const waits = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? 0));
    // The first round is under way at once; from then on it is one request after the other.
    expect(first).toBeLessThan(30);
    expect(arrivals.length - first).toBeLessThan(90);
    expect(Math.max(...waits)).toBeGreaterThan(5_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(31_000);
    expect(
      server.requests
        .slice(-40)
        .every((request, index, all) => index === 0 || request.arrived > (all[index - 1]?.answered ?? 0)),
    ).toBe(true);
  });

  test("the intervals double from the base to half a minute; what failed together counts once", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    cleanup(async () => vi.restoreAllMocks());
    const { delivery, arrivals } = await dead();
    for (let index = 0; index < 20; index += 1) whole(delivery, run(`r${index}`), 1);
    await pass(95_000, 50);
    const rounds = [...new Set(arrivals.map((at) => Math.round((at - (arrivals[0] ?? 0)) / 50) * 50))];
    const waits = rounds.slice(1).map((at, index) => at - (rounds[index] ?? 0));
    expect(waits.slice(0, 9)).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test("gets everything when it is back, with no new traffic and no flush", async () => {
    const { server, delivery, revive } = await dead();
    for (let index = 0; index < 20; index += 1) whole(delivery, run(`r${index}`), 3);
    await pass(5 * 60_000, 500);
    expect(delivery.counters.events).toMatchObject({ delivered: 0, pending: 60 });
    revive();
    await pass(60_000, 500);
    expect(delivery.counters).toMatchObject({
      events: { delivered: 60, pending: 0, dropped: 0, rejected: 0 },
      runs: { opened: 20, completed: 20 },
      possibleDuplicates: 0,
    });
    expect(taken(server)).toHaveLength(60);
    expect(delivery.heldBecause).toBeUndefined();
    expectIdle(delivery);
  });

  test("is told once a minute, not with every failure", async () => {
    const { delivery, problems } = await dead();
    whole(delivery, run("r"), 1);
    await pass(5 * 60_000, 500);
    expect(delivery.counters.requests).toBeGreaterThan(10);
    expect(problems.length).toBeGreaterThanOrEqual(4);
    expect(problems.length).toBeLessThanOrEqual(6);
    expect(problems[0]).toMatchObject({ code: "http_503", status: 503 });
  });

  test("does not take one part of it that is down for the whole", async () => {
    const { server, delivery, revive } = await dead();
    revive();
    server.fail("/v1/sessions", { status: 500 });
    for (let index = 0; index < 40; index += 1) delivery.open(session(`s${index}`));
    await pass(60_000, 250);
    for (let index = 0; index < 5; index += 1) whole(delivery, run(`r${index}`), 3);
    await pass(3 * 60_000, 250);
    expect(delivery.counters).toMatchObject({ runs: { completed: 5 }, events: { delivered: 15 } });
  });
});

test("a time the server asks for is not cut short by answers to other requests", async () => {
  const server = await startServer();
  stopClock();
  const { delivery } = deliveryTo(server, { timeoutMs: HOUR });
  delivery.start();
  await meanwhile("registered", () => delivery.registration.isSettled);
  const held: (() => void)[] = [];
  server.rule(({ path }) =>
    path === EVENTS
      ? (response) =>
          held.push(() => response.writeHead(200, { "content-type": "application/json" }).end("{}"))
      : undefined,
  );
  push(delivery, loose(), 1);
  await pass(20, 20);
  await meanwhile("events are under way", () => held.length === 1);
  server.fail("/v1/runs", { status: 429, headers: { "retry-after": "30" } }, 1);
  delivery.open(run("r"));
  await meanwhile("asked to wait", () => delivery.heldBecause !== undefined);
  held[0]?.();
  await meanwhile("the events are through", () => delivery.counters.events.delivered === 1);
  const before = server.requests.length;
  await pass(29_000);
  expect(server.requests).toHaveLength(before);
  await pass(2_000);
  expect(delivery.counters.runs.opened).toBe(1);
});

describe("an opening that was sent and not answered", () => {
  const AMBIGUOUS = {
    hang: "hang",
    reset: "reset",
    "500": { status: 500 },
    "502": { status: 502 },
    "504": { status: 504 },
    "408": { status: 408 },
  } as const;
  const CLEAR = {
    "429": { status: 429 },
    "503": { status: 503 },
    "409": { status: 409 },
    "425": { status: 425 },
  } as const;

  const isMarked = ({ body }: RecordedRequest): boolean =>
    (body as { metadata?: { possible_duplicate?: boolean } }).metadata?.possible_duplicate === true;

  const openings = (server: RecordingApie): RecordedRequest[] => server.to(OPENING);

  test.each(Object.entries(AMBIGUOUS))("%s: is repeated, counted and marked", async (_, behaviour) => {
    const { server, delivery } = await start(behaviour === "hang" ? { timeoutMs: 200 } : {});
    server.fail(OPENING, behaviour, 1);
    whole(delivery, run("r"), 1);
    await until("through", () => delivery.queued.count === 0);
    expect(openings(server).map(isMarked)).toEqual([false, true]);
    expect(delivery.counters).toMatchObject({
      possibleDuplicates: 1,
      runs: { opened: 1, completed: 1 },
      events: { delivered: 1 },
    });
    expect(server.to(COMPLETING)[0]?.path).toBe(
      `/v1/runs/${idAtServer(openings(server)[1] as RecordedRequest)}/complete`,
    );
  });

  test.each(Object.entries(AMBIGUOUS))("%s: also of a session", async (_, behaviour) => {
    const { server, delivery } = await start(behaviour === "hang" ? { timeoutMs: 200 } : {});
    server.fail(OPENING, behaviour, 1);
    delivery.open(session("s"));
    await until("through", () => delivery.queued.count === 0);
    expect(openings(server).map(isMarked)).toEqual([false, true]);
    expect(delivery.counters.possibleDuplicates).toBe(1);
  });

  test.each(Object.entries(CLEAR))("%s: was not done, and is not marked", async (_, behaviour) => {
    const { server, delivery } = await start();
    server.fail(OPENING, behaviour, 2);
    whole(delivery, run("r"), 1);
    await until("through", () => delivery.queued.count === 0);
    expect(openings(server).map(isMarked)).toEqual([false, false, false]);
    expect(delivery.counters.possibleDuplicates).toBe(0);
  });

  test("is repeated only once Apie answers again, so that an outage does not make a run per try", async () => {
    const { server, delivery } = await start();
    const recover = server.rule(({ path }) => (path === "/v1/agents/identify" ? undefined : "reset"));
    await until("registered", () => delivery.registration.isSettled);
    delivery.open(run("r"));
    await until("the server was asked again and again", () => server.requests.length > 8);
    expect(openings(server)).toHaveLength(1);
    recover();
    await until("open", () => delivery.counters.runs.opened === 1, 15_000);
    expect(openings(server).map(isMarked)).toEqual([false, true]);
    expect(delivery.counters.possibleDuplicates).toBe(1);
    const asked = server.requests.filter(({ path }) => path === "/health");
    expect(asked.some(isTaken)).toBe(true);
  });

  test("is not repeated before Apie answers something, be it the question whether it is there", async () => {
    const { server, delivery } = await start();
    server.fail("/v1/runs", "reset", 1);
    delivery.open(run("r"));
    await until("open", () => delivery.counters.runs.opened === 1);
    const [question] = server.to("/health");
    expect(openings(server)[1]?.arrived).toBeGreaterThan(question?.answered ?? Number.NaN);
  });

  test("needs no such question when other answers show that Apie is there", async () => {
    const server = await startServer();
    stopClock();
    const { delivery } = deliveryTo(server, { timeoutMs: HOUR });
    delivery.start();
    await meanwhile("registered", () => delivery.registration.isSettled);
    server.fail("/v1/runs", "reset", 1);
    delivery.open(run("r"));
    await meanwhile("reset", () => delivery.lastError);
    whole(delivery, run("other"), 1);
    await meanwhile("the other is open", () => delivery.counters.runs.opened === 1);
    await pass(100, 10);
    expect(delivery.counters.runs.opened).toBe(2);
    expect(server.to("/health")).toEqual([]);
  });

  test("is not repeated for all runs at once because Apie says that it is well", async () => {
    const server = await startServer();
    stopClock();
    const { delivery } = deliveryTo(server, { timeoutMs: HOUR, retryBaseDelayMs: 250 });
    delivery.start();
    await meanwhile("registered", () => delivery.registration.isSettled);
    server.fail("/v1/runs", { status: 500 });
    for (let index = 0; index < 40; index += 1) delivery.open(run(`r${index}`));
    await pass(60_000, 50);
    // The first round, and one more at each of the growing intervals.
    expect(openings(server).length).toBeLessThan(35);
    expect(server.to("/health").length).toBeGreaterThan(3);
  });

  test("and then refused at the door: counted once, not with every try", async () => {
    const { server, delivery } = await start();
    server.fail("/v1/runs", { status: 503 }, 4);
    server.fail("/v1/runs", { status: 502 }, 1);
    delivery.open(run("r"));
    await until("open", () => delivery.counters.runs.opened === 1);
    expect(openings(server)).toHaveLength(6);
    expect(delivery.counters.possibleDuplicates).toBe(1);
    expect(openings(server).slice(1).every(isMarked)).toBe(true);
  });
});

test("after an outage everything is in order", async () => {
  const server = await startServer();
  stopClock();
  const { delivery } = deliveryTo(server, { timeoutMs: HOUR });
  delivery.start();
  const lanes = Array.from({ length: 6 }, (_, index) => run(`r${index}`));
  for (const lane of lanes) delivery.open(lane);
  await meanwhile("all are open", () => delivery.counters.runs.opened === 6);
  const revive = server.rule(() => "reset");
  for (let round = 0; round < 5; round += 1) {
    for (const lane of lanes) push(delivery, lane, 2);
    await pass(500, 50);
  }
  for (const lane of lanes) delivery.complete(lane, { status: "completed" });
  await pass(60_000);
  revive();
  await pass(120_000);
  await settled();
  for (const lane of lanes) {
    expect(taken(server).filter((id) => id.startsWith(`${lane.key}/`))).toEqual(numbered(lane.key, 10));
    expect(lane.completed).toBe(true);
  }
  expectIdle(delivery);
});
