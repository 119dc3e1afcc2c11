/**
 * `waitUntil`: on a platform that stops everything of ours as soon as the promises it was given are settled, all that was told
 * of before is at Apie by then.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import type { ApieOptions } from "../../src/index.ts";
import { setup as setupClient } from "../support/client.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";

const chat = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };
const COMPLETION = /^\/v1\/runs\/[^/]+\/complete$/;

/** A request as a platform has it, with the promises that were given to it. */
interface Invocation {
  name: string;
  promises: Promise<unknown>[];
}

/** A platform: it knows which request code runs for, and keeps running until the promises of that request are settled. */
class Platform {
  readonly #requests = new AsyncLocalStorage<Invocation>();
  readonly given: string[] = [];

  readonly waitUntil = (promise: Promise<unknown>): void => {
    const request = this.#requests.getStore();
    if (request === undefined) throw new Error("waitUntil outside of a request");
    this.given.push(request.name);
    request.promises.push(promise);
  };

  /** Answers a request, then waits as a platform does. @returns the moment after which it would stop the process. */
  async handle<T>(name: string, handler: () => Promise<T>): Promise<T> {
    const request: Invocation = { name, promises: [] };
    const result = await this.#requests.run(request, handler);
    for (const promise of request.promises) await promise;
    return result;
  }
}

/** Long intervals: what arrives, arrives because somebody waited for it. */
const LAZY: ApieOptions = { flushIntervalMs: 60_000 };

async function setup(more: ApieOptions = {}) {
  const platform = new Platform();
  return { platform, ...(await setupClient({ ...LAZY, waitUntil: platform.waitUntil, ...more })) };
}

const completed = (server: RecordingApie): number =>
  server.to(COMPLETION).filter(({ status }) => status === 200).length;

test("of a run of ours everything is there when the platform may stop", async () => {
  const { platform, apie, server } = await setup();
  server.rule(({ path }) => (path === "/v1/events" ? { delayMs: 50 } : undefined));
  const answer = await platform.handle("first", () =>
    apie.withRun({}, () => apie.withTool({ tool: { name: "t" } }, () => "answer")),
  );
  expect(answer).toBe("answer");
  expect(server.types).toEqual(["agent.action.requested", "agent.tool.called", "agent.action.completed"]);
  expect(completed(server)).toBe(1);
});

test("of what a library does below an HTTP request as well; the request itself is asked once", async () => {
  const { platform, server } = await setup();
  await platform.handle("first", async () => {
    const tracer = trace.getTracer("http");
    await tracer.startActiveSpan("POST /ask", async (request) => {
      tracer.startSpan("db").end();
      tracer.startSpan("chat m", { attributes: chat }).end();
      request.end();
    });
  });
  expect(platform.given).toEqual(["first"]);
  expect(server.types).toEqual(["agent.llm.called", "agent.llm.completed"]);
  expect(completed(server)).toBe(1);
});

test("work that goes on after the answer is waited for, each in the request it belongs to", async () => {
  const { platform, apie, server } = await setup();
  const gates: (() => void)[] = [];
  const stops = ["a", "b"].map((name) =>
    platform.handle(name, async () => {
      void apie.withRun({ metadata: { name } }, async () => {
        await new Promise<void>((resolve) => gates.push(resolve));
        apie.track({ type: name });
      });
    }),
  );
  await until("both are at work", () => gates.length === 2);
  expect([...platform.given].sort()).toEqual(["a", "b"]);
  let isStopped = false;
  const second = stops[1]?.then(() => {
    isStopped = true;
  });
  gates[0]?.();
  await stops[0];
  expect(server.types).toEqual(["a"]);
  expect(isStopped).toBe(false);
  gates[1]?.();
  await second;
  expect(server.types).toEqual(["a", "b"]);
});

test("a run whose last spans end after its root is waited for", async () => {
  const { platform, server } = await setup();
  await platform.handle("first", async () => {
    const tracer = trace.getTracer("library");
    const root = tracer.startSpan("invoke_agent A", {
      attributes: { "gen_ai.operation.name": "invoke_agent" },
    });
    const late = tracer.startSpan("chat m", { attributes: chat }, trace.setSpan(context.active(), root));
    root.end();
    setTimeout(() => late.end(), 120);
  });
  expect(server.types).toEqual(["agent.llm.called", "agent.llm.completed"]);
  expect(completed(server)).toBe(1);
});

test("a span that goes on from another service is a root here", async () => {
  const { platform } = await setup();
  const remote = { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1, isRemote: true };
  await platform.handle("first", async () => {
    trace.getTracer("http").startSpan("GET /", {}, trace.setSpanContext(ROOT_CONTEXT, remote)).end();
  });
  expect(platform.given).toEqual(["first"]);
});

test("a dead Apie is waited for as long as a flush takes, and no longer", async () => {
  const { platform, apie, server } = await setup({ flushTimeoutMs: 150 });
  server.fail("/", "hang");
  const began = performance.now();
  await platform.handle("first", () => apie.withRun({}, () => null));
  expect(performance.now() - began).toBeLessThan(1_500);
  expect(apie.queueDiagnostics().runs.pending).toBe(2);
});

test("a platform that refuses costs nothing but that, and is told once", async () => {
  const told: string[] = [];
  const { apie, server } = await setup({ onError: ({ message }) => told.push(message) });
  // Outside of any request.
  expect(await apie.withRun({}, () => apie.withRun({}, () => 7))).toBe(7);
  await apie.flush();
  expect(completed(server)).toBe(2);
  expect(told).toEqual(["waitUntil failed: waitUntil outside of a request"]);
});

test("spans that never end do not pile up, and shutdown settles what is left", async () => {
  const promises: Promise<void>[] = [];
  const { apie } = await setupClient({ waitUntil: (promise) => promises.push(promise) });
  let settled = 0;
  const tracer = trace.getTracer("library");
  for (let index = 0; index < 1_100; index += 1) tracer.startSpan("never");
  for (const promise of promises) void promise.then(() => (settled += 1));
  await until("the oldest are given up", () => settled === 100);
  await apie.shutdown();
  await Promise.all(promises);
});

test("without the option, and switched off, nobody is asked", async () => {
  const { apie, platform } = await setup({ enabled: false });
  await apie.withRun({}, () => null);
  expect(platform.given).toEqual([]);
});
