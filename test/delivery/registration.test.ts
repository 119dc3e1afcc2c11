/** The agent is registered before anything else, again on demand, and never in the way of the events for good. */
import { expect, test } from "vitest";
import { startServer } from "../support/client.ts";
import { until } from "../support/until.ts";
import {
  deliveryTo,
  EVENTS,
  expectIdle,
  flushed,
  openingOf,
  push,
  run,
  start,
  taken,
  whole,
} from "./support.ts";

const IDENTIFY = "/v1/agents/identify";

test("it is asked for once, and gives what Apie answers", async () => {
  const { server, delivery } = await start();
  server.fail(IDENTIFY, {
    body: {
      agent_id: "agt_9",
      agent_version_id: "ver_9",
      workspace_id: "ws_9",
      config_hash: "abc",
      created: false,
      version_created: true,
      dashboard_url: "https://apie.test/a",
      recommended_next_step: "declare",
      ingest_url: "ignored",
    },
  });
  expect(await delivery.whenRegistered()).toBeUndefined();
  expect(delivery.registration.value).toEqual({
    agentId: "agt_9",
    agentVersionId: "ver_9",
    workspaceId: "ws_9",
    configHash: "abc",
    created: false,
    versionCreated: true,
    dashboardUrl: "https://apie.test/a",
    recommendedNextStep: "declare",
  });
  for (let index = 0; index < 5; index += 1) whole(delivery, run(`r${index}`), 1);
  await flushed(delivery);
  expect(server.to(IDENTIFY)).toHaveLength(1);
});

test.each([400, 422])(
  "refused for its content (%i): it is told, and events go without agent ids",
  async (status) => {
    const { server, delivery, problems } = await start();
    server.fail(IDENTIFY, { status, body: { error: { message: "agent.key: too long" } } });
    const error = await delivery.whenRegistered();
    expect(error).toMatchObject({ code: `http_${status}`, status });
    whole(delivery, run("r"), 1);
    await flushed(delivery);
    expect(openingOf(server, "r").body).not.toHaveProperty("agent_id");
    expect(server.events[0]).not.toHaveProperty("agent_id");
    expect(taken(server)).toEqual(["r/1"]);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining("going on without agent ids"),
    ]);
    expect(problems[0]?.message).toContain("agent.key: too long");
    expect(server.to(IDENTIFY)).toHaveLength(1);
  },
);

test("who waits is told of the attempt that failed; it goes on in the background", async () => {
  const { server, delivery } = await start();
  server.fail(IDENTIFY, { status: 503, headers: { "x-request-id": "req_1" } }, 2);
  const error = await delivery.whenRegistered();
  expect(error).toMatchObject({ code: "http_503", status: 503, requestId: "req_1" });
  expect(error?.message).toContain("registration: HTTP 503");
  await until("registered", () => delivery.registration.isSettled);
  expect(await delivery.whenRegistered()).toBeUndefined();
});

test("asked by somebody who waits, it is tried at once, whatever was planned", async () => {
  const { server, delivery } = await start({ retryBaseDelayMs: 30_000 });
  server.fail(IDENTIFY, { status: 401 }, 1);
  expect(await delivery.whenRegistered()).toMatchObject({ code: "http_401" });
  const began = performance.now();
  expect(await delivery.whenRegistered()).toBeUndefined();
  expect(performance.now() - began).toBeLessThan(1_000);
});

test("again: what is opened after it carries the new ids, what failed leaves the old ones", async () => {
  const { server, delivery } = await start();
  await delivery.whenRegistered();
  server.fail(IDENTIFY, { body: { agent_id: "agt_1", agent_version_id: "ver_2" } }, 1);
  expect(await delivery.identify()).toBeUndefined();
  whole(delivery, run("second"), 1);
  await flushed(delivery);
  expect(openingOf(server, "second").body).toMatchObject({ agent_version_id: "ver_2" });
  server.fail(IDENTIFY, { status: 422 }, 1);
  expect(await delivery.identify()).toMatchObject({ code: "http_422" });
  whole(delivery, run("third"), 1);
  await flushed(delivery);
  expect(openingOf(server, "third").body).toMatchObject({ agent_version_id: "ver_2" });
});

test("again while it is under way: one request for both", async () => {
  const { server, delivery } = await start();
  server.fail(IDENTIFY, { delayMs: 30 });
  const first = delivery.whenRegistered();
  await server.received(IDENTIFY);
  expect(await Promise.all([first, delivery.identify()])).toEqual([undefined, undefined]);
  expect(server.to(IDENTIFY)).toHaveLength(1);
});

test("capabilities are declared once registered; when that fails it is told, and changes nothing else", async () => {
  const server = await startServer();
  const capabilities = [{ tool: { name: "search" }, actions: ["read"], riskLevel: "low" }];
  server.fail(/capabilities/, { status: 400, body: { error: "no" } });
  const { delivery, problems } = deliveryTo(server, { capabilities });
  delivery.start();
  whole(delivery, run("r"), 1);
  await flushed(delivery);
  const [declared] = await server.received("/v1/agents/agt_1/capabilities/declare");
  expect(declared?.body).toEqual({ capabilities });
  await until("told", () => problems.length === 1);
  expect(problems[0]?.message).toContain("capabilities not declared: HTTP 400: no");
  expect(delivery.counters.runs.completed).toBe(1);
});

test("what cannot be written as JSON is told, and the process and the events go on", async () => {
  const cycle: Record<string, unknown> = { tool: { name: "search" } };
  cycle.self = cycle;
  const { server, delivery, problems } = await start({ capabilities: [cycle, { big: 1n }] });
  whole(delivery, run("r"), 1);
  await flushed(delivery);
  expect(problems.map(({ code }) => code)).toEqual(["unserializable"]);
  expect(problems[0]?.message).toContain("cannot be written as JSON");
  const broken = run("broken");
  Object.assign(broken.opening, { body: { agent_key: "support", metadata: { big: 1n } } });
  whole(delivery, broken, 1);
  await flushed(delivery);
  // Without the metadata it can be.
  expect(server.to("/v1/runs").at(-1)?.body).not.toHaveProperty("metadata");
  expect(delivery.counters.runs).toMatchObject({ opened: 2, completed: 2 });
  expectIdle(delivery);
});

test("events of no run wait for it too", async () => {
  const { server, delivery } = await start({ maxBatchSize: 2 });
  server.fail(IDENTIFY, { delayMs: 30 }, 1);
  const lane = run("known", { knownId: "run_1" });
  push(delivery, lane, 4);
  await until("all are sent", () => taken(server).length === 4);
  expect(server.to(EVENTS)[0]?.arrived).toBeGreaterThan(server.to(IDENTIFY)[0]?.answered ?? Number.NaN);
});
