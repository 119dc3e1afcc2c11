/** Work that comes while the client is shut down, or after: it is dropped, counted, and told once. */
import { trace } from "@opentelemetry/api";
import { expect, test, vi } from "vitest";
import type { DropInfo } from "../../src/index.ts";
import { setup } from "../support/client.ts";
import { until } from "../support/until.ts";

const chat = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };

/** What a library writes. */
function ask(): void {
  trace.getTracer("library").startSpan("chat m", { attributes: chat }).end();
}

test("work after shutdown() is counted as dropped, run and events, and told once; nothing is sent", async () => {
  const drops: DropInfo[] = [];
  const { apie, server } = await setup({ onDrop: (info) => drops.push(info) });
  const warn = vi.spyOn(console, "warn").mockReturnValue(undefined);
  await apie.withRun({}, () => null);
  expect(await apie.shutdown()).toMatchObject({ ok: true, runs: { completed: 1 } });
  const requests = server.requests.length;
  const before = apie.queueDiagnostics();

  for (let times = 0; times < 3; times += 1) {
    ask();
    expect(await apie.withRun({}, () => apie.withTool({ tool: { name: "t" } }, () => 7))).toBe(7);
  }
  trace
    .getTracer("http")
    .startSpan("GET /", { attributes: { "http.request.method": "GET" } })
    .end();
  await until("all is looked at", () => drops.filter(({ what }) => what === "event").length === 3 * 5);

  const { events, runs, reasons } = apie.queueDiagnostics();
  expect(events).toEqual({ ...before.events, dropped: before.events.dropped + 15 });
  expect(runs).toMatchObject({ opened: 1, completed: 1, dropped: 6, pending: 0 });
  expect(reasons).toEqual({ shutdown: 15 + 6 });
  expect(await apie.flush()).toMatchObject({ ok: true, events: { dropped: 15, pending: 0 } });
  expect(server.requests).toHaveLength(requests);
  warn.mockRestore();
});

test("it is told once, through onError", async () => {
  const told: string[] = [];
  const { apie } = await setup({ onError: (error) => told.push(error.code) });
  await apie.shutdown();
  for (let times = 0; times < 5; times += 1) ask();
  await until("they were dropped", () => apie.queueDiagnostics().events.dropped === 10);
  expect(told).toEqual(["after_shutdown"]);
});

test("the end of work that shutdown() told as unfinished is no further loss", async () => {
  const { apie, server } = await setup();
  const span = trace.getTracer("library").startSpan("chat m", { attributes: chat });
  const report = await apie.shutdown();
  expect(report).toMatchObject({ ok: true, runs: { opened: 1, completed: 1 }, events: { delivered: 2 } });
  expect(server.types).toEqual(["agent.llm.called", "agent.llm.failed"]);
  span.end();
  await until("it came", () => apie.queueDiagnostics().lateSpans === 1);
  expect(apie.queueDiagnostics().events).toEqual(report.events);
});

test("work while it is shut down does not keep it from ending, and is counted", async () => {
  const { apie, server } = await setup({ shutdownTimeoutMs: 300 });
  server.fail("/v1/events", "hang");
  ask();
  await server.received("/v1/events");
  let isEnding = true;
  const ending = apie.shutdown().finally(() => {
    isEnding = false;
  });
  let asked = 1;
  const goOn = (): void => {
    ask();
    asked += 1;
    if (isEnding) setTimeout(goOn, 20);
  };
  goOn();
  expect(await ending).toMatchObject({ ok: false, timedOut: true });
  await until("all is looked at", () => apie.queueDiagnostics().events.dropped === 2 * asked);
  expect(apie.queueDiagnostics()).toMatchObject({ queueSize: 0, events: { delivered: 0, pending: 0 } });
});

test("flush and shutdown at once, in any order, give reports and end", async () => {
  const { apie, server } = await setup();
  ask();
  const reports = await Promise.all([apie.flush(), apie.shutdown(), apie.flush(), apie.shutdown()]);
  for (const { ok, events } of reports)
    expect({ ok, pending: events.pending }).toEqual({ ok: true, pending: 0 });
  expect(server.types).toEqual(["agent.llm.called", "agent.llm.completed"]);
});
