/** `shutdown()`: the last flush, in its time; after it nothing is sent, counted twice or left running. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Transport } from "../../src/config/index.ts";
import type { FlushReport } from "../../src/delivery/index.ts";
import { cleanup, startServer } from "../support/client.ts";
import { until } from "../support/until.ts";
import {
  COMPLETING,
  deliveryTo,
  EVENTS,
  expectAddsUp,
  expectIdle,
  handoff,
  loose,
  numbered,
  push,
  run,
  session,
  start,
  taken,
  whole,
} from "./support.ts";

test("what is queued is delivered first", async () => {
  const { server, delivery } = await start({ flushIntervalMs: 60_000 });
  whole(delivery, run("r"), 3);
  const report = await delivery.shutdown(5_000);
  expect(report).toMatchObject({
    ok: true,
    timedOut: false,
    events: { delivered: 3, pending: 0 },
    runs: { opened: 1, completed: 1 },
  });
  expect(taken(server)).toEqual(numbered("r", 3));
  expectIdle(delivery);
});

describe("a server that never answers", () => {
  test.each(["/v1/agents/identify", "/v1/runs", EVENTS, COMPLETING])(
    "to %s: it ends in its time, and all that is left is dropped with the reason",
    async (path) => {
      const { server, delivery, drops } = await start({ timeoutMs: 10_000 });
      server.fail(path, "hang");
      const lane = whole(delivery, run("r"), 2);
      push(delivery, lane, 0);
      await server.received(path);
      const began = performance.now();
      const report = await delivery.shutdown(200);
      const took = performance.now() - began;
      expect(took).toBeLessThan(300);
      expect(report).toMatchObject({
        ok: false,
        timedOut: true,
        events: { pending: 0 },
        runs: { pending: 0 },
      });
      expect(report.durationMs).toBeLessThan(300);
      expectAddsUp(delivery, 2);
      expectIdle(delivery);
      expect(new Set(drops.map(({ reason }) => reason))).toEqual(new Set(["shutdown"]));
      expect(report.reasons).toEqual({ shutdown: drops.length });
    },
  );

  test("and a transport that ignores its signal: it ends in its time all the same, and a late answer counts nothing", async () => {
    const server = await startServer();
    const answers: (() => void)[] = [];
    const transport: Transport = ({ url }) =>
      url.endsWith("/identify")
        ? Promise.resolve({ kind: "response", status: 200, headers: {}, body: '{"agent_id":"a"}' })
        : new Promise((resolve) =>
            answers.push(() =>
              resolve({ kind: "response", status: 200, headers: {}, body: '{"id":"late"}' }),
            ),
          );
    const { delivery } = deliveryTo(server, { transport, timeoutMs: 10_000 });
    delivery.start();
    const known = run("known", { session: session("s", "ses_1"), knownId: "run_1" });
    push(delivery, known, 2);
    const handing = run("handing", { session: session("t", "ses_2"), knownId: "run_2" });
    delivery.push(handing, handoff());
    const ending = run("ending", { knownId: "run_3" });
    delivery.complete(ending, { status: "completed" });
    delivery.open(run("opening"));
    await until("four requests are under way", () => answers.length === 4);
    const began = performance.now();
    const report = await delivery.shutdown(200);
    expect(performance.now() - began).toBeLessThan(300);
    const counted = structuredClone({
      ...delivery.counters,
      reasons: Object.fromEntries(delivery.counters.reasons),
    });
    expect(report).toMatchObject({
      events: { dropped: 2, delivered: 0, pending: 0 },
      runs: { dropped: 2, opened: 0, completed: 0, pending: 0 },
    });
    expect(delivery.counters.callsRejected).toBe(1);
    for (const answer of answers) answer();
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect({ ...delivery.counters, reasons: Object.fromEntries(delivery.counters.reasons) }).toEqual(counted);
    expectIdle(delivery);
    expect(answers).toHaveLength(4);
  });
});

test("with no time at all it drops what is left, and says so", async () => {
  const { delivery } = await start();
  whole(delivery, run("r"), 2);
  const report = await delivery.shutdown(0);
  expect(report.events.delivered + report.events.dropped).toBe(2);
  expectIdle(delivery);
});

test("called again, at once or later, it gives the same report", async () => {
  const { server, delivery } = await start();
  whole(delivery, run("r"), 1);
  const [first, second] = await Promise.all([delivery.shutdown(1_000), delivery.shutdown(1_000)]);
  const requests = server.requests.length;
  const third = await delivery.shutdown(1_000);
  expect(second).toEqual(first);
  expect(third).toEqual(first);
  expect(server.requests).toHaveLength(requests);
});

test("what comes after it is dropped with the reason, and nothing is asked any more", async () => {
  const { server, delivery, drops } = await start();
  const open = run("open");
  delivery.open(open);
  await until("open", () => open.id);
  await delivery.shutdown(1_000);
  const requests = server.requests.length;
  push(delivery, open, 1);
  delivery.complete(open, { status: "completed" });
  whole(delivery, run("new"), 2);
  delivery.open(session("s"));
  push(delivery, loose(), 1);
  expect(drops.map(({ what, reason }) => `${what} ${reason}`)).toEqual([
    "event shutdown",
    "run shutdown",
    "run shutdown",
    "event shutdown",
    "event shutdown",
    "session shutdown",
    "event shutdown",
  ]);
  expectIdle(delivery);
  expectAddsUp(delivery, 4);
  expect(await delivery.flush(1_000)).toMatchObject({ ok: true, events: { pending: 0 } });
  expect(await delivery.identify()).toBeUndefined();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(server.requests).toHaveLength(requests);
});

test("who waits for the registration is told", async () => {
  const { server, delivery } = await start({ timeoutMs: 10_000 });
  server.fail("/v1/agents/identify", "hang");
  const ready = delivery.whenRegistered();
  await server.received("/v1/agents/identify");
  await delivery.shutdown(50);
  expect(await ready).toMatchObject({ code: "shutdown" });
  expect(await delivery.whenRegistered()).toMatchObject({ code: "shutdown" });
  expect(await delivery.identify()).toMatchObject({ code: "shutdown" });
});

test("its sockets are closed", async () => {
  const server = await startServer();
  const { delivery } = deliveryTo(server);
  delivery.start();
  whole(delivery, run("r"), 1);
  await delivery.shutdown(1_000);
  await until("no connection is left", () => server.connections === 0);
});

describe("a program", () => {
  /** The Node of the npm scripts, which runs TypeScript as it is. */
  const NODE = fileURLToPath(new URL("bin/node", import.meta.resolve("node/package.json")));
  const script = fileURLToPath(new URL("scripts/one-run.ts", import.meta.url));

  async function end(
    baseUrl: string,
    ending: string,
  ): Promise<{ code: number | null; out: string; ms: number }> {
    const child = spawn(NODE, ["--disable-warning=ExperimentalWarning", script, baseUrl, ending], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    cleanup(async () => child.kill());
    let out = "";
    let endedAt = 0;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (out.includes("end\n")) endedAt ||= performance.now();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, out, ms: performance.now() - endedAt };
  }

  const reportIn = (out: string): FlushReport => JSON.parse(out.split("\n")[0] ?? "");

  test("ends by itself after a flush, although nothing was shut down", async () => {
    const server = await startServer();
    const { code, out, ms } = await end(server.url, "flush");
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/end\n$/) });
    expect(reportIn(out)).toMatchObject({ ok: true, events: { delivered: 3 }, runs: { completed: 1 } });
    expect(ms).toBeLessThan(1_500);
  });

  test("ends by itself when nothing is called at its end", async () => {
    const server = await startServer();
    const { code, ms } = await end(server.url, "nothing");
    expect(code).toBe(0);
    expect(ms).toBeLessThan(1_500);
  });

  test.each(["flush", "shutdown"])("stays for a %s that waits for its next try", async (ending) => {
    const server = await startServer();
    server.fail("/v1/runs", { status: 503 }, 2);
    const { code, out } = await end(server.url, ending);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/end\n$/) });
    expect(reportIn(out)).toMatchObject({ ok: true, events: { delivered: 3 }, runs: { completed: 1 } });
  });

  test("ends by itself whatever Apie does, with nothing shut down", async () => {
    const dead = await startServer();
    await dead.close();
    const [silent, failing, slow] = [await startServer(), await startServer(), await startServer()];
    silent.fail("/", "hang");
    failing.fail(EVENTS, { status: 503 });
    slow.fail("/v1/agents/identify", { delayMs: 1_600 });
    const ends = await Promise.all([
      end(dead.url, "nothing"),
      end(dead.url, "flush"),
      end(silent.url, "nothing"),
      end(failing.url, "nothing"),
      end(slow.url, "ready"),
    ]);
    expect(ends.map(({ code, out }) => [code, out.endsWith("end\n")])).toEqual(ends.map(() => [0, true]));
    // Far less than the 10 s of a request that is never answered.
    for (const { ms } of ends) expect(ms).toBeLessThan(5_000);
    expect(reportIn(ends[1]?.out ?? "")).toMatchObject({ ok: false, events: { pending: 3 } });
    // What is awaited is waited for.
    expect(reportIn(ends[4]?.out ?? "")).toMatchObject({ agentId: "agt_1" });
  }, 40_000);

  test("ends with a dead server, and says what was lost", async () => {
    const server = await startServer();
    await server.close();
    const { code, out, ms } = await end(server.url, "shutdown");
    expect(code).toBe(0);
    expect(reportIn(out)).toMatchObject({
      ok: false,
      events: { delivered: 0, dropped: 3, pending: 0 },
      runs: { dropped: 1 },
    });
    expect(ms).toBeLessThan(1_500);
  });
});
