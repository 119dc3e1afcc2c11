/** What is retried: each way of failing, on each kind of call, ends as it should, and every event in one counter. */
import { describe, expect, test, vi } from "vitest";
import { startServer } from "../support/client.ts";
import { stopNameServer } from "../support/name-server.ts";
import type { Behaviour, RecordingApie } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";
import {
  COMPLETING,
  deliveryTo,
  EVENTS,
  expectAddsUp,
  expectIdle,
  expectOrder,
  handoff,
  loose,
  numbered,
  OPENING,
  openingOf,
  push,
  run,
  session,
  start,
  taken,
  whole,
} from "./support.ts";

/** Of requests that are never answered: long enough for all others, also on a busy machine. */
const TIMEOUT_MS = 200;
/** One session with two runs, 3 events, a hand-off and the ends of all. */
const EVENT_COUNT = 3;

/** Cuts the body after the status line and a few bytes. */
const truncated: Behaviour = (response, request) => {
  request.status = 200;
  response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
  response.write('{"id":"ru', () => response.destroy());
};

/** A status line, then a byte now and then. */
const drip: Behaviour = (response) => {
  response.writeHead(503, { "content-type": "application/json" });
  const timer = setInterval(() => response.write(" "), 10);
  response.on("close", () => clearInterval(timer));
};

/** Failures after which the call is repeated until it works. */
const RETRIED: Record<string, Behaviour> = {
  "408": { status: 408 },
  "425": { status: 425 },
  "429 without a time": { status: 429 },
  "429 in seconds": { status: 429, headers: { "retry-after": "0" } },
  "429 in fractions of a second": { status: 429, headers: { "retry-after": "0.02" } },
  "429 with a date": { status: 429, headers: { "retry-after": new Date(0).toUTCString() } },
  "500": { status: 500, body: { error: "boom" } },
  "502 with a page": {
    status: 502,
    headers: { "content-type": "text/html" },
    text: "<html>Bad gateway</html>",
  },
  "503": { status: 503 },
  "504": { status: 504 },
  "599": { status: 599 },
  reset: "reset",
  hang: "hang",
  "a slow drip after 503": drip,
};

/** Those that take the whole timeout. */
const SLOW = new Set<Behaviour>(["hang", drip]);

const CALLS: Record<string, string | RegExp> = {
  identify: "/v1/agents/identify",
  session: /^\/v1\/sessions$/,
  run: /^\/v1\/sessions\/[^/]+\/runs$/,
  events: EVENTS,
  handoff: /\/handoffs$/,
  "run's end": /^\/v1\/runs\/.*\/complete$/,
  "session's end": /^\/v1\/sessions\/.*\/complete$/,
};

function work(delivery: ReturnType<typeof deliveryTo>["delivery"]): ReturnType<typeof run> {
  const pipeline = session("s");
  delivery.open(pipeline);
  const lane = run("r", { session: pipeline });
  delivery.open(lane);
  push(delivery, lane, 2);
  delivery.push(lane, handoff());
  push(delivery, lane, 1);
  delivery.complete(lane, { status: "completed" });
  delivery.complete(pipeline, { status: "completed" });
  return lane;
}

async function afterFailing(
  path: string | RegExp,
  behaviour: Behaviour,
  times: number,
): Promise<RecordingApie> {
  const server = await startServer();
  server.fail(path, behaviour, times);
  const { delivery } = deliveryTo(server, SLOW.has(behaviour) ? { timeoutMs: TIMEOUT_MS } : {});
  delivery.start();
  const lane = work(delivery);
  await until(
    "everything is through",
    () => delivery.counters.events.pending === 0 && delivery.queued.count === 0,
  );
  expectOrder(server, lane);
  expectIdle(delivery);
  expectAddsUp(delivery, EVENT_COUNT);
  expect(delivery.counters).toMatchObject({
    events: { delivered: EVENT_COUNT },
    runs: { opened: 1, completed: 1 },
    sessions: { opened: 1, completed: 1 },
    callsRejected: 0,
  });
  expect(taken(server)).toEqual(numbered("r", EVENT_COUNT));
  return server;
}

describe.each(Object.entries(CALLS))("%s", (_, path) => {
  test.each(Object.entries(RETRIED))("is repeated after %s", async (_name, behaviour) => {
    const times = SLOW.has(behaviour) ? 1 : 2;
    const server = await afterFailing(path, behaviour, times);
    expect(server.to(path).length).toBeGreaterThan(times);
  });
});

test.each(["session", "run", "events", "handoff"])("409 is repeated: %s", async (call) => {
  const path = CALLS[call] as string | RegExp;
  const server = await afterFailing(path, { status: 409 }, 2);
  expect(server.to(path).length).toBeGreaterThanOrEqual(3);
});

test.each(["run's end", "session's end"])("409 to the %s says that it was told before", async (call) => {
  const path = CALLS[call] as RegExp;
  const server = await afterFailing(path, { status: 409 }, 1);
  expect(server.to(path)).toHaveLength(1);
});

/** Answers that are success although there is little or nothing to read in them. */
const TAKEN: Record<string, Behaviour> = {
  "204 without a body": { status: 204, text: "" },
  "202 with text": { status: 202, headers: { "content-type": "text/plain" }, text: "accepted" },
  "200 with broken JSON": { status: 200, text: '{"accepted": 1' },
  "200 with other JSON": { status: 200, text: "[1, null]" },
  "200, cut short": truncated,
};

describe.each(["identify", "events", "handoff", "run's end", "session's end"])("%s", (call) => {
  test.each(Object.entries(TAKEN))("is taken with %s", async (_name, behaviour) => {
    const path = CALLS[call] as string | RegExp;
    const server = await afterFailing(path, behaviour, 1);
    expect(server.to(path)).toHaveLength(call === "events" ? 2 : 1);
  });
});

describe.each(["session", "run"])("the id of a %s", (call) => {
  const path = CALLS[call] as RegExp;

  test.each(Object.entries(TAKEN))("is asked for again after %s", async (_name, behaviour) => {
    const server = await afterFailing(path, behaviour, 1);
    expect(server.to(path)).toHaveLength(2);
  });
});

test("a run whose id is never told is given up after three answers, with its events and the reason", async () => {
  const { server, delivery, drops } = await start();
  server.fail("/v1/runs", { status: 204, text: "" });
  whole(delivery, run("r"), 2);
  await until("given up", () => delivery.queued.count === 0);
  expect(server.to("/v1/runs")).toHaveLength(3);
  expect(server.to(EVENTS)).toEqual([]);
  expect(delivery.counters).toMatchObject({ runs: { rejected: 1 }, events: { rejected: 2 } });
  expect(Object.fromEntries(delivery.counters.reasons)).toEqual({ answer_without_id: 3 });
  expect(drops.map(({ what, type }) => `${what} ${type}`)).toEqual([
    "run open",
    "event custom.event",
    "event custom.event",
  ]);
  // A server that answers is not down: others go on at once.
  expect(delivery.heldBecause).toBeUndefined();
});

test("a redirect is not followed: events stay, and the message names the address to use", async () => {
  const { server, delivery, problems } = await start();
  const elsewhere = await startServer();
  server.fail(EVENTS, { status: 308, headers: { location: `${elsewhere.url}/v1/events` } });
  push(delivery, loose(), 2);
  await until("told", () => problems.length > 0);
  expect(problems[0]).toMatchObject({ code: "http_308" });
  expect(problems[0]?.message).toContain(`${elsewhere.url}/v1/events; set baseUrl`);
  expect(delivery.counters.events).toMatchObject({ pending: 2 });
  expect(elsewhere.requests).toEqual([]);
});

test("a web page is not taken for success: nothing is lost to a wrong address", async () => {
  const server = await startServer();
  server.rule(() => ({
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
    text: "<!doctype html><p>Hi",
  }));
  const { delivery, problems } = deliveryTo(server);
  delivery.start();
  whole(delivery, run("r"), 2);
  const report = await delivery.flush(1_000);
  expect(report).toMatchObject({ ok: false, events: { pending: 2, delivered: 0 }, runs: { pending: 2 } });
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringContaining("a web page, not Apie's API: check baseUrl"),
  ]);
});

/** Endpoints that cannot be reached at all. */
const UNREACHABLE: Record<string, () => Promise<string>> = {
  "a port nobody listens on": async () => {
    const server = await startServer();
    await server.close();
    return server.url;
  },
  "a host that does not exist": async () => "http://apie.invalid",
};

test.each(Object.entries(UNREACHABLE))(
  "%s: everything waits, and nothing is marked as possibly done",
  async (_name, address) => {
    stopNameServer();
    const { delivery, problems } = deliveryTo(await startServer(), { baseUrl: await address() });
    delivery.start();
    whole(delivery, run("r"), 2);
    const report = await delivery.flush(5_000);
    expect(report).toMatchObject({
      ok: false,
      timedOut: false,
      events: { pending: 2 },
      runs: { pending: 2 },
    });
    expect(report.lastError).toMatch(/ECONNREFUSED|ENOTFOUND/);
    expect(problems[0]).toMatchObject({ code: "network" });
    expect(delivery.counters.possibleDuplicates).toBe(0);
    expectAddsUp(delivery, 2);
  },
);

test("a server that comes back at its address gets everything, with no new traffic", async () => {
  const first = await startServer();
  const { delivery } = deliveryTo(first);
  delivery.start();
  const lane = run("r");
  delivery.open(lane);
  await until("it is open", () => lane.id);
  await first.close();
  push(delivery, lane, 5);
  delivery.complete(lane, { status: "completed" });
  await until("several tries", () => delivery.counters.retries >= 2);
  const second = await startServer(first.port);
  await until("everything is through", () => delivery.queued.count === 0, 10_000);
  expect(taken(second)).toEqual(numbered("r", 5));
  expect(second.to(COMPLETING)).toHaveLength(1);
  expect(second.to(OPENING)).toEqual([]);
});

test("a time the server asks for is kept, by everything", async () => {
  const { server, delivery } = await start();
  server.fail(EVENTS, { status: 429, headers: { "retry-after": "0.25" } }, 1);
  push(delivery, loose(), 1);
  await until("it was refused", () => delivery.counters.retries === 0 && delivery.heldBecause);
  const asked = performance.now();
  delivery.open(run("r"));
  await until("sent and open", () => taken(server).length === 1 && delivery.counters.runs.opened === 1);
  expect(performance.now() - asked).toBeGreaterThan(200);
  expect(openingOf(server, "r").arrived).toBeGreaterThan(server.to(EVENTS)[0]?.answered ?? Number.NaN);
});

test("every try after the first is counted as a retry", async () => {
  const { server, delivery } = await start();
  for (const path of ["/v1/runs", EVENTS, COMPLETING]) server.fail(path, { status: 503 }, 2);
  whole(delivery, run("r"), 1);
  await until("everything is through", () => delivery.queued.count === 0);
  expect(delivery.counters.retries).toBe(6);
  expect(delivery.counters.requests).toBe(server.requests.length);
});

test("retries are spread over growing times", async () => {
  const { server, delivery } = await start({ retryBaseDelayMs: 20 });
  const arrivals: number[] = [];
  server.rule(({ path }) => {
    if (path !== EVENTS) return undefined;
    arrivals.push(performance.now());
    return arrivals.length < 6 ? { status: 500 } : undefined;
  });
  push(delivery, loose(), 1);
  await until("delivered", () => delivery.counters.events.delivered === 1);
  const waits = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? 0));
  // Full jitter: anything up to 20, 40, 80, … ms, and a little for the way.
  for (const [index, wait] of waits.entries()) expect(wait).toBeLessThan(20 * 2 ** index + 150);
  expect(delivery.counters.retries).toBe(5);
});

test("a request that breaks down in us is told and made again, and ends nothing", async () => {
  const { server, delivery, client, problems } = await start();
  vi.spyOn(client, "sendEvents").mockRejectedValueOnce(new TypeError("a mistake of ours"));
  vi.spyOn(client, "createRun").mockRejectedValueOnce(new TypeError("a mistake of ours"));
  whole(delivery, run("r"), 2);
  await until("everything is through", () => delivery.queued.count === 0);
  expect(taken(server)).toEqual(numbered("r", 2));
  expect(problems.map(({ message }) => message)).toEqual(["opening a run: failed: a mistake of ours"]);
});
