/** Runs and sessions that outlive the process: while nothing happens in them they are on disk only. */
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import type { Lane } from "../../../src/delivery/index.ts";
import { startServer } from "../../support/client.ts";
import { until } from "../../support/until.ts";
import {
  COMPLETING,
  expectIdle,
  flushed,
  idAtServer,
  numbered,
  openingOf,
  push,
  run,
  session,
  taken,
} from "../support.ts";
import { durable, folder, HAS_SQLITE, saved } from "./support.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Memory has let go of so many lanes. A weak reference that is asked keeps what it refers to for a while; this does not. */
function forgotten(): { watch: (lane: Lane) => void; until: (count: number) => Promise<unknown> } {
  let gone = 0;
  const registry = new FinalizationRegistry<undefined>(() => {
    gone += 1;
  });
  return {
    watch: (lane) => registry.register(lane, undefined),
    until: (count) =>
      until("memory has none of them", () => {
        collect();
        return gone === count;
      }),
  };
}

describe.runIf(HAS_SQLITE)("while nothing happens in it", () => {
  test("a session takes no memory, and goes on when it is named", async () => {
    const server = await startServer();
    const sender = durable(server, join(folder(), "queue"));
    const { delivery } = sender;
    const lanes = forgotten();
    Array.from({ length: 300 }, (_, index) => `s${index}`).forEach((key) => {
      const lane = session(key);
      lanes.watch(lane);
      delivery.open(lane);
      push(delivery, lane, 2);
    });
    await flushed(delivery);
    await saved(sender);
    await lanes.until(300);

    const lane = delivery.kept("session", "s7");
    expect(lane?.id).toBe(idAtServer(openingOf(server, "s7")));
    expect(delivery.kept("session", "s7")).toBe(lane);
    delivery.complete(lane as Lane, { status: "completed" });
    await flushed(delivery);
    await saved(sender);
    expect(server.to(COMPLETING).map(({ path }) => path)).toEqual([`/v1/sessions/${lane?.id}/complete`]);
    expect(delivery.kept("session", "s7")).toBeUndefined();
    expect(delivery.counters.sessions).toMatchObject({ opened: 300, completed: 1, pending: 0 });
    expectIdle(delivery);
  });

  test("a paused run takes none, and goes on in its session, with its registration", async () => {
    const server = await startServer();
    const sender = durable(server, join(folder(), "queue"));
    const { delivery } = sender;
    const lanes = forgotten();
    (() => {
      const around = session("s");
      const lane = run("r", { session: around });
      lanes.watch(around);
      lanes.watch(lane);
      delivery.open(around);
      delivery.open(lane);
      push(delivery, lane, 2);
      delivery.pause(lane);
    })();
    await flushed(delivery);
    await saved(sender);
    await lanes.until(2);

    const lane = delivery.kept("run", "r") as Lane;
    delivery.resume(lane, "failed");
    delivery.push(lane, {
      kind: "event",
      type: "custom.event",
      bytes: 100,
      ticket: 0,
      write: (bound) => ({ eventId: "later", json: `{"event_id":"later"${bound}}` }),
    });
    delivery.complete(lane, { status: "completed" });
    await flushed(delivery);
    delivery.complete(delivery.kept("session", "s") as Lane, { status: "completed" });
    await flushed(delivery);
    const run_id = idAtServer(openingOf(server, "r"));
    const session_id = idAtServer(openingOf(server, "s"));
    const [first] = server.events.filter((event) => event.run_id === run_id);
    expect(server.events.at(-1)).toMatchObject({
      event_id: "later",
      run_id,
      session_id,
      agent_id: first?.agent_id,
      agent_version_id: first?.agent_version_id,
    });
    expect(server.to(COMPLETING).map(({ path }) => path)).toEqual([
      `/v1/runs/${run_id}/complete`,
      `/v1/sessions/${session_id}/complete`,
    ]);
    expectIdle(delivery);
  });

  test("one that somebody still has is the same when it is named", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const sender = durable(server, path);
    const { delivery } = sender;
    const lane = session("s");
    delivery.open(lane);
    push(delivery, lane, 2);
    await flushed(delivery);
    await saved(sender);
    collect();
    expect(delivery.kept("session", "s")).toBe(lane);
    push(delivery, lane, 2);
    await flushed(delivery);
    expect(delivery.kept("session", "s")).toBe(lane);
    await saved(sender);
    delivery.complete(lane, { status: "completed" });
    await flushed(delivery);
    await until("nothing is left of it", () => delivery.storage?.bytes === 0);
    expect(taken(server)).toEqual(numbered("s", 4));
    expect(server.to(COMPLETING)).toHaveLength(1);
  });
});
