/** One bad event costs one event: what Apie refuses is found, tried in a short form, and given to the user; the others arrive. */
import { describe, expect, test } from "vitest";
import type { RecordedRequest, Rule, WireRecord } from "../support/recording-apie.ts";
import {
  COMPLETING,
  EVENTS,
  event,
  expectAddsUp,
  expectIdle,
  expectOrder,
  flushed,
  keyOf,
  loose,
  numbered,
  push,
  run,
  start,
  taken,
  whole,
} from "./support.ts";

const eventsIn = ({ body }: RecordedRequest): WireRecord[] => (body as { events: WireRecord[] }).events;

/** Refuses a batch as long as one of its events is bad. */
const refusing =
  (status: number, isBad: (event: WireRecord) => boolean): Rule =>
  (request) =>
    request.path === EVENTS && eventsIn(request).some(isBad)
      ? { status, body: { error: { message: "that one is bad" } } }
      : undefined;

const named =
  (...ids: string[]) =>
  (sent: WireRecord): boolean =>
    ids.includes(String(sent.event_id));

const without = (ids: string[], bad: string[]): string[] => ids.filter((id) => !bad.includes(id));

describe.each([400, 413, 422, 418])("%i", (status) => {
  test.each([
    ["the first", ["r/1"]],
    ["one in the middle", ["r/13"]],
    ["the last", ["r/25"]],
    ["several", ["r/3", "r/4", "r/20"]],
  ])("%s: the bad ones are rejected, the others arrive once and in order", async (_, bad) => {
    const { server, delivery, drops } = await start();
    server.rule(refusing(status, named(...bad)));
    const lane = whole(delivery, run("r"), 25);
    const report = await flushed(delivery);
    expect(taken(server)).toEqual(without(numbered("r", 25), bad));
    expectOrder(server, lane);
    expectAddsUp(delivery, 25);
    expectIdle(delivery);
    expect(report).toMatchObject({
      events: { delivered: 25 - bad.length, rejected: bad.length, dropped: 0 },
      reasons: { [`rejected_${status}`]: bad.length },
      runs: { opened: 1, completed: 1 },
    });
    expect(drops.map(({ eventId }) => eventId)).toEqual(bad);
  });
});

test("halving finds the bad one in few requests", async () => {
  const { server, delivery } = await start({ maxBatchSize: 64 });
  server.rule(refusing(422, named("r/40")));
  whole(delivery, run("r"), 64);
  await flushed(delivery);
  // 64, six halvings, each with the other half, the short form.
  expect(server.to(EVENTS).length).toBeLessThanOrEqual(1 + 2 * 6 + 1);
});

test("events of other runs in the same batch are not held by the search", async () => {
  const { server, delivery } = await start();
  server.rule(refusing(400, named("b/2")));
  const lanes = ["a", "b", "c"].map((key) => whole(delivery, run(key), 4));
  await flushed(delivery);
  for (const lane of lanes) expectOrder(server, lane);
  expect(taken(server).sort()).toEqual(
    without([...numbered("a", 4), ...numbered("b", 4), ...numbered("c", 4)], ["b/2"]),
  );
  expect(server.to(COMPLETING)).toHaveLength(3);
});

test("every event of a batch may be bad", async () => {
  const { server, delivery } = await start();
  server.rule(refusing(422, () => true));
  whole(delivery, run("r"), 5);
  const report = await flushed(delivery);
  expect(report).toMatchObject({ events: { delivered: 0, rejected: 5 }, runs: { opened: 1, completed: 1 } });
});

test("the short form of an event is tried: what says which event it is stays, the payload goes", async () => {
  const { server, delivery, drops } = await start();
  const isLong = (sent: WireRecord): boolean => sent.payload_summary !== undefined;
  server.rule(refusing(422, isLong));
  const lane = run("r");
  delivery.open(lane);
  push(delivery, lane, 1);
  const full = {
    type: "agent.action.failed",
    agent_key: "support",
    event_id: "poison",
    sequence_number: 2,
    session_sequence_number: 5,
    timestamp: "2026-01-01T00:00:00.000Z",
    environment: "prod",
    tool: { name: "search" },
    action: { type: "read", name: "search" },
    resource: { type: "work_item" },
    error: { message: "e".repeat(400), stack: "at …" },
    payload_summary: { text: "long" },
    metadata: { key: "r", more: true },
  };
  delivery.push(
    lane,
    event(lane, {
      type: full.type,
      write: (bound) => ({ eventId: "poison", json: `${JSON.stringify(full).slice(0, -1)}${bound}}` }),
    }),
  );
  push(delivery, lane, 1);
  await flushed(delivery);
  const { payload_summary, metadata, error, ...kept } = full;
  const sent = server.events.find(({ event_id }) => event_id === "poison");
  expect(sent).toEqual({
    ...kept,
    run_id: lane.id,
    agent_id: "agt_1",
    agent_version_id: "ver_1",
    error: { message: "e".repeat(200) },
    metadata: { trimmed: true, trimmed_bytes: expect.any(Number) },
  });
  expect(taken(server)).toEqual(["r/1", "poison", "r/3"]);
  expect(delivery.counters).toMatchObject({ trimmed: 1, events: { delivered: 3, rejected: 0 } });
  expect(drops).toEqual([]);
});

test("an event that is refused in its short form too is given to onDrop whole, with what Apie said", async () => {
  const { server, delivery, drops } = await start();
  server.rule(refusing(422, named("r/2")));
  const lane = run("r");
  delivery.open(lane);
  push(delivery, lane, 3, { payload: "kept for later" });
  await flushed(delivery);
  expect(drops).toEqual([
    {
      what: "event",
      outcome: "rejected",
      reason: "rejected_422",
      type: "custom.event",
      runId: "r",
      sessionId: undefined,
      eventId: "r/2",
      status: 422,
      message: "HTTP 422: that one is bad",
      event: expect.objectContaining({
        event_id: "r/2",
        run_id: lane.id,
        metadata: { key: "r", payload: "kept for later" },
      }),
    },
  ]);
  // Nothing was taken in the short form.
  expect(delivery.counters.trimmed).toBe(0);
});

test("what is lost is told in the completion of the run, so that a hole in a replay is seen as one", async () => {
  const { server, delivery } = await start();
  server.rule(refusing(422, named("r/2", "r/3")));
  const lane = run("r");
  delivery.open(lane);
  push(delivery, lane, 4);
  delivery.complete(lane, { status: "completed", metadata: { outputSummary: "done" } });
  whole(delivery, run("other"), 1);
  await flushed(delivery);
  const [completion] = server.to(`/v1/runs/${lane.id}/complete`);
  expect(completion?.body).toEqual({
    status: "completed",
    metadata: { outputSummary: "done", lost_events: { rejected_422: 2 } },
  });
  const [other] = server.to(COMPLETING).filter((request) => request !== completion);
  expect(other?.body).toEqual({ status: "completed" });
});

test("a completion that is refused for its content is told with its status only", async () => {
  const { server, delivery } = await start();
  server.rule(({ path, body }) =>
    COMPLETING.test(path) && (body as { metadata?: unknown }).metadata !== undefined
      ? { status: 422 }
      : undefined,
  );
  const lane = run("r");
  delivery.open(lane);
  delivery.complete(lane, { status: "failed", metadata: { outputSummary: "x" } });
  const report = await flushed(delivery);
  expect(server.to(COMPLETING).map(({ body }) => body)).toEqual([
    { status: "failed", metadata: { outputSummary: "x" } },
    { status: "failed" },
  ]);
  expect(report.runs).toMatchObject({ completed: 1, rejected: 0 });
});

test.each([404, 410, 422])(
  "a completion Apie never takes (%i) is counted and told, and holds nothing up",
  async (status) => {
    const { server, delivery, drops } = await start();
    server.fail(COMPLETING, { status });
    whole(delivery, run("r"), 1);
    const report = await flushed(delivery);
    expect(report).toMatchObject({
      events: { delivered: 1 },
      runs: { opened: 1, completed: 0, rejected: 1, pending: 0 },
      reasons: { [`not_completed_${status}`]: 1 },
    });
    expect(drops).toEqual([
      expect.objectContaining({
        what: "run",
        type: "complete",
        reason: `not_completed_${status}`,
        runId: "r",
      }),
    ]);
  },
);

test("a run that is refused takes its events along, each counted, and those that come later too", async () => {
  const { server, delivery, drops } = await start();
  server.fail("/v1/runs", { status: 422, body: { error: { message: "agent_key: unknown" } } });
  const lane = whole(delivery, run("r"), 2);
  await flushed(delivery);
  push(delivery, lane, 1);
  expect(delivery.counters).toMatchObject({
    events: { rejected: 3, pending: 0 },
    runs: { rejected: 1, pending: 0 },
  });
  expect(Object.fromEntries(delivery.counters.reasons)).toEqual({ run_not_opened_422: 4 });
  expect(drops[0]).toMatchObject({
    what: "run",
    outcome: "rejected",
    message: "HTTP 422: agent_key: unknown",
  });
  expect(server.to(EVENTS)).toEqual([]);
});

describe.each(["errors", "rejected"])("an answer that names refused events in `%s`", (member) => {
  test("costs those, with what it says of each", async () => {
    const { server, delivery, drops } = await start();
    server.fail(
      EVENTS,
      {
        status: 207,
        body: {
          accepted: 3,
          [member]: [
            { index: 1, message: "no such tool" },
            { index: 3, reason: "too old" },
            { index: 99, error: "?" },
            { index: "2" },
            null,
          ],
          warnings: ["undeclared tool", 7],
        },
      },
      1,
    );
    const lane = run("r");
    delivery.open(lane);
    push(delivery, lane, 5);
    delivery.complete(lane, { status: "completed" });
    const report = await flushed(delivery);
    expect(report).toMatchObject({ events: { delivered: 3, rejected: 2 }, reasons: { rejected_in_part: 2 } });
    expect(drops.map(({ eventId, message }) => [eventId, message])).toEqual([
      ["r/2", "no such tool"],
      ["r/4", "too old"],
    ]);
    expect(drops[0]?.event).toMatchObject({ event_id: "r/2" });
    expect(delivery.counters.warnings).toBe(1);
    // What was taken is not sent again.
    expect(server.to(EVENTS)).toHaveLength(1);
  });
});

test("a server that takes less than we send is sent less from then on", async () => {
  const { server, delivery } = await start({ flushIntervalMs: 10 });
  const limit = 6_000;
  server.rule(({ path, text }) =>
    path === EVENTS && Buffer.byteLength(text) > limit ? { status: 413 } : undefined,
  );
  const lane = loose();
  push(delivery, lane, 20, { payload: "x".repeat(900) });
  await flushed(delivery);
  const learning = server.to(EVENTS).filter(({ status }) => status === 413).length;
  expect(learning).toBeGreaterThan(0);
  push(delivery, lane, 20, { payload: "x".repeat(900) });
  await flushed(delivery);
  expect(server.to(EVENTS).filter(({ status }) => status === 413)).toHaveLength(learning);
  expect(taken(server)).toEqual(numbered("none", 40));
});

test("a failure of the network during the search loses and doubles nothing", async () => {
  const { server, delivery } = await start();
  let calls = 0;
  server.rule((request) => {
    if (request.path !== EVENTS) return undefined;
    calls += 1;
    if (calls % 3 === 0) return calls % 2 === 0 ? "reset" : { status: 503 };
    return refusing(400, named("r/7"))(request, 0);
  });
  const lane = whole(delivery, run("r"), 20);
  await flushed(delivery);
  expect(taken(server)).toEqual(without(numbered("r", 20), ["r/7"]));
  expectOrder(server, lane);
});

test("a bad event in one run leaves the other runs of later batches alone", async () => {
  const { server, delivery } = await start({ maxBatchSize: 4 });
  server.rule(refusing(422, (sent) => keyOf(sent) === "bad" && Number(sent.sequence_number) % 2 === 0));
  const lanes = ["bad", "good"].map((key) => whole(delivery, run(key), 12));
  await flushed(delivery);
  for (const lane of lanes) expectOrder(server, lane);
  expect(server.events.filter((sent) => keyOf(sent) === "good")).toHaveLength(12);
  expect(server.events.filter((sent) => keyOf(sent) === "bad")).toHaveLength(6);
});
