/** What one process leaves on disk, the next one sends. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startServer } from "../../support/client.ts";
import { until } from "../../support/until.ts";
import {
  COMPLETING,
  EVENTS,
  event,
  expectAddsUp,
  expectIdle,
  expectOrder,
  flushed,
  handoff,
  idAtServer,
  loose,
  numbered,
  openingOf,
  push,
  run,
  session,
  taken,
  whole,
} from "../support.ts";
import { durable, folder, HAS_SQLITE, saved } from "./support.ts";

describe.runIf(HAS_SQLITE)("a queue on disk", () => {
  test("delivers as one in memory does, and nothing is left in its file", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const { delivery } = durable(server, path);
    const around = session("s");
    delivery.open(around);
    const lanes = ["a", "b", "c"].map((key) => whole(delivery, run(key, { session: around }), 30));
    delivery.complete(around, { status: "completed" });
    push(delivery, loose(), 2);
    await flushed(delivery);
    for (const lane of lanes) expectOrder(server, lane);
    expect(server.events).toHaveLength(92);
    expect(server.to(COMPLETING)).toHaveLength(4);
    expectIdle(delivery);
    await until("nothing waits to be saved", () => delivery.storage?.unsaved === 0);
    expect(delivery.storage).toMatchObject({
      path,
      recovered: { events: 0, runs: 0, sessions: 0 },
      bytes: 0,
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("what could not be sent is there after the end, pending, and is sent by the next", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const stop = server.fail(/^\/v1\/(runs|sessions|events)/, { status: 503 });
    const first = durable(server, path);
    const around = session("s");
    first.delivery.open(around);
    const parent = run("parent", { session: around });
    whole(first.delivery, parent, 3);
    first.delivery.open(run("child", { session: around, parent, orphanStatus: "failed" }));
    const handing = run("handing", { session: around });
    first.delivery.open(handing);
    push(first.delivery, handing, 1);
    first.delivery.push(handing, handoff());
    push(first.delivery, handing, 1);
    first.delivery.complete(handing, { status: "completed", metadata: { told: "by itself" } });
    const report = await first.delivery.shutdown(2_000);
    expect(report).toMatchObject({
      ok: false,
      events: { delivered: 0, dropped: 0, pending: 5 },
      runs: { dropped: 0, pending: 5 },
      sessions: { dropped: 0, pending: 1 },
    });
    expect(first.drops).toEqual([]);
    stop();

    const second = durable(server, path);
    expect(second.delivery.counters.events.pending).toBe(5);
    expect(second.delivery.storage?.recovered).toEqual({ events: 5, runs: 3, sessions: 1 });
    await flushed(second.delivery);
    expect(taken(server).sort()).toEqual([...numbered("handing", 2), ...numbered("parent", 3)]);
    const child = openingOf(server, "child");
    expect(child.body).toMatchObject({ parent_run_id: idAtServer(openingOf(server, "parent")) });
    expect(child.path).toBe(`/v1/sessions/${idAtServer(openingOf(server, "s"))}/runs`);
    expect(server.to(/handoffs$/)).toHaveLength(1);
    expectAddsUp(second.delivery, 5);
    // The child's end was never told, nor that of the session, which may go on.
    const ends = server.to(COMPLETING).map(({ path: to, body }) => [to, body]);
    expect(ends).toContainEqual([
      `/v1/runs/${idAtServer(child)}/complete`,
      { status: "failed", metadata: expect.objectContaining({ closed_by: "process_ended" }) },
    ]);
    expect(ends).toContainEqual([
      `/v1/runs/${idAtServer(openingOf(server, "handing"))}/complete`,
      { status: "completed", metadata: { told: "by itself" } },
    ]);
    expect(ends).toHaveLength(3);
  });

  test("a run that Apie knows is gone on with under its id", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const first = durable(server, path);
    const lane = run("r");
    first.delivery.open(lane);
    push(first.delivery, lane, 2);
    await flushed(first.delivery);
    const stop = server.fail(EVENTS, { status: 503 });
    push(first.delivery, lane, 2);
    first.delivery.complete(lane, { status: "completed" });
    await first.delivery.shutdown(2_000);
    stop();
    const second = durable(server, path);
    await flushed(second.delivery);
    expectOrder(server, lane);
    expect(taken(server)).toEqual(numbered("r", 4));
    expect(server.to("/v1/runs")).toHaveLength(1);
    expect(server.to(COMPLETING)).toHaveLength(1);
  });

  test("events of no run, and of a run of another process, are sent as what they are", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const stop = server.fail(EVENTS, { status: 503 });
    const first = durable(server, path);
    push(first.delivery, loose(), 2);
    push(first.delivery, run("elsewhere", { knownId: "run_elsewhere" }), 2);
    await first.delivery.shutdown(2_000);
    stop();
    const second = durable(server, path);
    await flushed(second.delivery);
    expect(server.events.map(({ event_id, run_id }) => [event_id, run_id])).toEqual([
      ["none/1", undefined],
      ["none/2", undefined],
      ["elsewhere/1", "run_elsewhere"],
      ["elsewhere/2", "run_elsewhere"],
    ]);
    expect(server.to(COMPLETING)).toEqual([]);
    await until("the file is empty", () => second.delivery.storage?.bytes === 0);
  });

  test("an event is written once, and not again by the next", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const stop = server.fail("/v1/runs", { status: 503 });
    const first = durable(server, path);
    const lane = run("r");
    first.delivery.open(lane);
    let writes = 0;
    const item = event(lane);
    first.delivery.push(lane, {
      ...item,
      write: (bound) => {
        writes += 1;
        return item.write(bound);
      },
    });
    first.delivery.push(lane, event(lane, { write: () => undefined }));
    await saved(first);
    expect(writes).toBe(1);
    expect(first.delivery.counters).toMatchObject({ events: { pending: 1, dropped: 1 } });
    await first.delivery.shutdown(50);
    stop();
    const second = durable(server, path);
    await flushed(second.delivery);
    expect(writes).toBe(1);
    expect(taken(server)).toEqual(["r/1"]);
  });

  test("what a hook drops leaves nothing to be done", async () => {
    const server = await startServer();
    const sender = durable(server, join(folder(), "queue"));
    const lane = run("r");
    sender.delivery.open(lane);
    await saved(sender);
    push(sender.delivery, lane, 50, { write: () => undefined });
    await saved(sender);
    expect(sender.delivery.counters.events).toMatchObject({ dropped: 50, pending: 0 });
    expect(sender.delivery.counters.reasons).toEqual(new Map([["redacted", 50]]));
    await flushed(sender.delivery);
    // Nothing goes on in every turn of the event loop.
    const before = performance.eventLoopUtilization();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5);
  });

  test("the registration of the process they come from goes along", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    let versions = 0;
    server.rule(({ path: to }) => {
      if (to !== "/v1/agents/identify") return undefined;
      versions += 1;
      return { body: { agent_id: "agt_1", agent_version_id: `ver_${versions}` } };
    });
    const stop = server.fail(EVENTS, { status: 503 });
    const first = durable(server, path);
    whole(first.delivery, run("old"), 1);
    await first.delivery.shutdown(2_000);
    stop();
    const second = durable(server, path);
    whole(second.delivery, run("new"), 1);
    await flushed(second.delivery);
    expect(
      server.events.map(({ event_id, agent_version_id }) => [event_id, agent_version_id]).sort(),
    ).toEqual([
      ["new/1", "ver_2"],
      ["old/1", "ver_1"],
    ]);
  });
});

test.runIf(HAS_SQLITE)(
  "in a folder each process has a file of its own, which is taken away once it is empty",
  async () => {
    const server = await startServer();
    const path = folder();
    const stop = server.fail(EVENTS, { status: 503 });
    const first = durable(server, path);
    const other = durable(server, path);
    whole(first.delivery, run("a"), 2);
    whole(other.delivery, run("b"), 2);
    expect(first.delivery.storage?.path).not.toBe(other.delivery.storage?.path);
    await first.delivery.shutdown(2_000);
    await other.delivery.shutdown(2_000);
    expect(readdirSync(path).filter((name) => name.endsWith(".queue"))).toHaveLength(2);
    stop();
    const third = durable(server, `${path}/`);
    await until("all is sent", () => server.events.length === 4 && server.to(COMPLETING).length === 2);
    await flushed(third.delivery);
    expect(third.delivery.storage?.recovered).toEqual({ events: 4, runs: 2, sessions: 0 });
    await third.delivery.shutdown(200);
    expect(readdirSync(path)).toEqual([]);
    expect(existsSync(path)).toBe(true);
  },
);

describe.runIf(HAS_SQLITE)("what Apie refuses of what an earlier process left", () => {
  test("holds up nothing else, however much of it there is", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const stop = server.fail(/^\/v1\/(runs|sessions|events)/, { status: 503 });
    const first = durable(server, path);
    for (let index = 0; index < 200; index += 1) first.delivery.open(session(`s${index}`));
    whole(first.delivery, run("behind"), 3);
    await saved(first);
    await first.delivery.shutdown(100);
    stop();
    server.fail("/v1/sessions", { status: 402 });
    const second = durable(server, path);
    await until("its run is delivered", () => second.delivery.counters.runs.completed === 1);
    expect(taken(server)).toEqual(numbered("behind", 3));
    expect(second.delivery.counters.sessions.pending).toBe(200);
  });
});
