/** One call sets OpenTelemetry and the bridge up, for a service that has neither. */
import { context, propagation, ROOT_CONTEXT, type TextMapPropagator, trace } from "@opentelemetry/api";
import { StackContextManager } from "@opentelemetry/sdk-trace";
import { AlwaysOffSampler, BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { ApieConfigError } from "../../src/index.ts";
import { type StartOptions, startApie } from "../../src/start/index.ts";
import { options } from "../support/client.ts";
import { until } from "../support/until.ts";
import { ask, destinations, restoreGlobals, start } from "./support.ts";

test("spans go to both destinations, in one trace with their parents", async () => {
  const { server, receiver } = await destinations();
  const { apie, flush } = await start(server, {
    otlp: { url: `${receiver.url}/v1/traces`, headers: { "x-team": "a" } },
  });
  ask();
  await apie.withRun({ inputSummary: "a question" }, () =>
    apie.withTool({ tool: { name: "search" } }, () => 1),
  );
  const report = await flush();
  expect(report).toMatchObject({ ok: true, runs: { completed: 2 }, events: { delivered: 5 } });
  expect(receiver.names).toEqual([
    "chat m",
    "execute_tool search",
    "invoke_agent Desk",
    "invoke_agent Support",
  ]);
  expect(receiver.span("chat m").parent_span_id).toBe(receiver.span("invoke_agent Desk").span_id);
  expect(receiver.exports[0]?.headers["x-team"]).toBe("a");
  expect(server.types).toContain("agent.llm.completed");
});

test("without an address, spans go to Apie alone", async () => {
  const { server } = await destinations();
  const { flush } = await start(server);
  ask();
  expect(await flush()).toMatchObject({ ok: true, runs: { completed: 1 } });
});

test("otlp: false is nowhere, whatever the environment says", async () => {
  const { server, receiver } = await destinations();
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url;
  try {
    const { shutdown } = await start(server, { otlp: false });
    ask();
    await shutdown();
  } finally {
    delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
  }
  expect(receiver.exports).toEqual([]);
  expect(server.to("/v1/runs")).toHaveLength(1);
});

test("the service is named by the option, else after the agent; further attributes are added", async () => {
  const { server, receiver } = await destinations();
  const otlp = { url: `${receiver.url}/v1/traces` };
  const first = await start(server, { otlp });
  ask();
  await first.shutdown();
  trace.disable();
  const second = await start(server, {
    otlp,
    serviceName: "desk-service",
    resourceAttributes: { "deployment.environment.name": "staging" },
  });
  ask();
  await second.shutdown();
  const resources = receiver.exports.map(({ spans }) => spans[0]?.resource.attributes);
  expect(resources).toEqual([
    expect.objectContaining({ "service.name": "support", "telemetry.sdk.language": "nodejs" }),
    expect.objectContaining({ "service.name": "desk-service", "deployment.environment.name": "staging" }),
  ]);
  expect(server.eventsOf("agent.llm.completed").at(-1)).toMatchObject({ environment: "staging" });
});

test("agent runs reach Apie also where the sampler drops them", async () => {
  const { server, receiver } = await destinations();
  const { flush } = await start(server, {
    otlp: { url: `${receiver.url}/v1/traces` },
    sampler: new AlwaysOffSampler() as never,
  });
  ask();
  expect(await flush()).toMatchObject({ runs: { completed: 1 } });
  expect(receiver.exports).toEqual([]);
});

test("shutdown closes open runs, and sends what waits to both", async () => {
  const { server, receiver } = await destinations();
  const { apie, shutdown } = await start(server, { otlp: { url: `${receiver.url}/v1/traces` } });
  ask();
  apie.runs.start({ inputSummary: "never ended" });
  expect(await shutdown()).toMatchObject({ ok: true, runs: { opened: 2, completed: 2 } });
  expect(receiver.names).toContain("chat m");
});

test("a dead Apie does not hold up OTLP at the end", async () => {
  const { server, receiver } = await destinations();
  server.fail("/", "hang");
  const { shutdown } = await start(server, {
    otlp: { url: `${receiver.url}/v1/traces` },
    shutdownTimeoutMs: 1_500,
  });
  ask();
  let hasEnded = false;
  const ending = shutdown().finally(() => {
    hasEnded = true;
  });
  await until("the spans to arrive", () => receiver.names.includes("chat m"));
  expect(hasEnded).toBe(false);
  expect(await ending).toMatchObject({ ok: false, runs: { dropped: 1 } });
});

describe("what the application has set", () => {
  test("a provider stays, and the way to add the bridge to it is told", async () => {
    restoreGlobals();
    const { server } = await destinations();
    trace.setGlobalTracerProvider(new BasicTracerProvider());
    await expect(startApie(options(server) as StartOptions)).rejects.toMatchObject({
      code: "already_started",
      message: expect.stringContaining("new ApieSpanProcessor("),
    });
    expect(server.requests).toEqual([]);
  });

  test("context manager and propagator stay", async () => {
    const { server } = await destinations();
    const manager = new StackContextManager().enable();
    context.setGlobalContextManager(manager);
    const propagator: TextMapPropagator = {
      inject: (_context, carrier, setter) => setter.set(carrier, "x-mine", "1"),
      extract: (given) => given,
      fields: () => ["x-mine"],
    };
    propagation.setGlobalPropagator(propagator);
    await start(server);
    const carrier = {};
    propagation.inject(ROOT_CONTEXT, carrier);
    expect(carrier).toEqual({ "x-mine": "1" });
    const key = ROOT_CONTEXT.setValue(Symbol.for("test"), 1);
    context.with(key, () => expect(manager.active()).toBe(key));
  });
});

describe("wrong options", () => {
  test("are named all at once, those of the start and those of the client, and nothing is started", async () => {
    restoreGlobals();
    const wrong = {
      agent: { key: "support" },
      otlp: { url: "localhost", header: {} },
      serviceName: " ",
      resourceAttributes: { a: 1 },
      sampler: {},
    } as unknown as StartOptions;
    const error = await startApie(wrong).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApieConfigError);
    expect((error as ApieConfigError).issues.map(({ path }) => path)).toEqual([
      "otlp",
      "serviceName",
      "resourceAttributes.a",
      "sampler",
      "agent.name",
      "apiKey",
      "baseUrl",
    ]);
    // What is right is not told of.
    await expect(
      startApie({ ...options({ url: "http://127.0.0.1:9" }), otlp: "x" } as never),
    ).rejects.toThrow(/^Invalid configuration:\n {2}otlp: expected \{ url: .*\}, or false$/);
    // The next one finds no provider in its way.
    const { server } = await destinations();
    await start(server);
  });
});
