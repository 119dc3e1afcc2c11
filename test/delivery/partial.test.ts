/** Batches that Apie takes in part: what it says it did not take is sent again, or told to the user, and never counts as delivered. */
import { expect, test } from "vitest";
import { Apie } from "../../src/index.ts";
import { cleanup, options, setup, startServer } from "../support/client.ts";
import type { RecordedRequest, WireRecord } from "../support/recording-apie.ts";
import {
  EVENTS,
  expectAddsUp,
  expectIdle,
  flushed,
  loose,
  numbered,
  push,
  run,
  start,
  taken,
  whole,
} from "./support.ts";

const idsIn = ({ body }: RecordedRequest): string[] =>
  (body as { events: WireRecord[] }).events.map(({ event_id }) => String(event_id));

test("a count that falls short: halves are sent again, until it is clear which event is bad", async () => {
  const { server, delivery, drops } = await start();
  server.rule((request) => {
    if (request.path !== EVENTS) return undefined;
    const ids = idsIn(request);
    return { body: { accepted: ids.filter((id) => id !== "r/11").length } };
  });
  whole(delivery, run("r"), 16);
  const report = await flushed(delivery);
  expect(report.events).toEqual({ delivered: 15, rejected: 1, dropped: 0, pending: 0 });
  expect(drops).toEqual([
    expect.objectContaining({ eventId: "r/11", reason: "rejected_in_part", message: expect.any(String) }),
  ]);
  // Each event is the same event each time it is sent.
  expect([...new Set(taken(server))]).toEqual(numbered("r", 16));
  expect(server.to(EVENTS).length).toBeLessThanOrEqual(1 + 2 * 4);
  expectIdle(delivery);
});

test("an event that could not be taken this time is sent again, alone; what was taken is not", async () => {
  const { server, delivery, problems } = await start();
  let times = 0;
  server.rule((request) => {
    if (request.path !== EVENTS) return undefined;
    const ids = idsIn(request);
    if (!ids.includes("r/2") || times >= 2) return { body: {} };
    times += 1;
    return {
      status: 207,
      body: { results: ids.map((id) => (id === "r/2" ? { status: 503, error: "busy" } : { status: 201 })) },
    };
  });
  whole(delivery, run("r"), 4);
  const report = await flushed(delivery);
  expect(report.events).toEqual({ delivered: 4, rejected: 0, dropped: 0, pending: 0 });
  expect(server.to(EVENTS).map(idsIn)).toEqual([numbered("r", 4), ["r/2"], ["r/2"]]);
  expect(delivery.counters.retries).toBe(2);
  expect(problems).toEqual([expect.objectContaining({ code: "http_503" })]);
});

test("all ways at once: each event ends in one counter", async () => {
  const { server, delivery, drops } = await start();
  let isFirst = true;
  server.rule((request) => {
    if (request.path !== EVENTS) return undefined;
    const ids = idsIn(request);
    const isBad = (id: string): boolean => id === "r/5";
    if (!isFirst) return { body: { accepted: ids.filter((id) => !isBad(id)).length } };
    isFirst = false;
    // One named, one to come again, and one of the other four is missing.
    return {
      body: {
        accepted: 3,
        errors: [
          { event_id: "r/1", reason: "no" },
          { index: 1, status: 429 },
        ],
      },
    };
  });
  whole(delivery, run("r"), 6);
  await flushed(delivery);
  expectAddsUp(delivery, 6);
  expect(delivery.counters.events).toEqual({ delivered: 4, rejected: 2, dropped: 0, pending: 0 });
  expect(drops.map(({ eventId }) => eventId)).toEqual(["r/1", "r/5"]);
});

test("an answer of success whose body is an error is a refusal", async () => {
  const { server, delivery, drops } = await start();
  server.rule((request) =>
    request.path === EVENTS && idsIn(request).includes("r/2")
      ? { status: 200, body: { error: { message: "r/2 is bad" } } }
      : undefined,
  );
  whole(delivery, run("r"), 4);
  expect(await flushed(delivery)).toMatchObject({ reasons: { rejected_200: 1 } });
  expect(drops).toEqual([
    expect.objectContaining({ eventId: "r/2", status: 200, message: "HTTP 200: r/2 is bad" }),
  ]);
});

test("what Apie refused stands in the diagnostics, the last of it, with the reason and without content", async () => {
  const { apie, server } = await setup({ captureContent: true });
  server.rule(({ path, text }) =>
    path === EVENTS && text.includes('"type":"bad"')
      ? { status: 422, body: { error: "metadata: key apie_sk_live_0123456789abcdef is no text" } }
      : undefined,
  );
  await apie.withRun({}, () => {
    for (let index = 0; index < 25; index += 1)
      apie.track({ type: "bad", payload: { note: "private words" } });
    apie.track({ type: "good" });
  });
  const report = await apie.flush();
  expect(report.events).toMatchObject({ delivered: 1, rejected: 25 });
  const { quarantined } = apie.queueDiagnostics();
  expect(quarantined).toHaveLength(20);
  const bad = server.to(EVENTS).flatMap((request) => (request.body as { events: WireRecord[] }).events);
  const ids = [...new Set(bad.filter(({ type }) => type === "bad").map(({ event_id }) => event_id))];
  expect(quarantined.map(({ eventId }) => eventId)).toEqual(ids.slice(-20));
  expect(quarantined[0]).toEqual({
    at: expect.stringMatching(/^\d{4}-.*Z$/),
    what: "event",
    reason: "rejected_422",
    type: "bad",
    eventId: expect.any(String),
    runId: expect.any(String),
    sessionId: undefined,
    status: 422,
    message: expect.stringContaining("is no text"),
  });
  const text = JSON.stringify(quarantined);
  expect(text).not.toContain("private words");
  expect(text).not.toContain("0123456789abcdef");
});

test("also a run that was refused is there, and not once more for each of its events", async () => {
  const { apie, server } = await setup();
  server.fail("/v1/runs", { status: 422, body: { error: "agent_key: unknown" } });
  await apie.withRun({}, () => apie.withTool({ tool: { name: "t" } }, () => 1));
  await apie.flush();
  expect(apie.queueDiagnostics().quarantined).toEqual([
    expect.objectContaining({
      what: "run",
      type: "open",
      status: 422,
      message: "HTTP 422: agent_key: unknown",
    }),
  ]);
});

test("secrets in what is said of one event are replaced as well", async () => {
  const server = await startServer();
  const told: unknown[] = [];
  const apie = new Apie(options(server, { onDrop: (info) => told.push(info.message) }));
  cleanup(() => apie.shutdown());
  server.fail(
    EVENTS,
    { body: { errors: [{ index: 0, message: "Bearer apie_sk_live_0123456789abcdef" }] } },
    1,
  );
  const lane = loose();
  apie.spanProcessor.pipeline?.delivery.push(lane, {
    kind: "event",
    type: "x",
    bytes: 1,
    ticket: 0,
    write: () => ({ eventId: "x", json: "{}" }),
  });
  await apie.flush();
  expect(told).toEqual([expect.not.stringContaining("0123456789abcdef")]);
});

test("events that were not told of in any way are taken", async () => {
  const { server, delivery } = await start();
  push(delivery, loose(), 3);
  server.fail(EVENTS, { body: { received: true, took_ms: 4 } });
  expect((await flushed(delivery)).events.delivered).toBe(3);
});
