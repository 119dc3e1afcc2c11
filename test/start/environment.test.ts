/** `OTEL_*` mean what OpenTelemetry says, as far as `startApie` sets things up. */
import { context, propagation, ROOT_CONTEXT, TraceFlags, trace } from "@opentelemetry/api";
import { describe, expect, test, vi } from "vitest";
import { type StartOptions, startApie } from "../../src/start/index.ts";
import { cleanup } from "../support/client.ts";
import { until } from "../support/until.ts";
import { ask, type Destinations, destinations, environment, restoreGlobals, start } from "./support.ts";

/** Starts in this environment, lets an agent ask, ends. @returns what arrived, and what was complained about. */
async function asked(
  variables: (urls: Destinations) => Record<string, string>,
  options: StartOptions = {},
): Promise<Destinations & { told: string[] }> {
  const all = await destinations();
  environment(variables(all));
  const told: string[] = [];
  const { shutdown } = await start(all.server, {
    onError: (error) => void told.push(error.message),
    ...options,
  });
  ask();
  await shutdown();
  return { ...all, told };
}

const endpoint = ({ receiver }: Destinations) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });

describe("where spans go", () => {
  test.each<[string, (urls: Destinations) => Record<string, string>]>([
    ["OTEL_EXPORTER_OTLP_ENDPOINT", endpoint],
    [
      "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, as it is",
      ({ receiver }) => ({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces` }),
    ],
  ])("%s, with the headers of the environment", async (_name, variables) => {
    const { server, receiver, told } = await asked((urls) => ({
      ...variables(urls),
      OTEL_EXPORTER_OTLP_HEADERS: "x-team=a%20b",
    }));
    expect(receiver.names).toEqual(["chat m", "invoke_agent Desk"]);
    expect(receiver.exports[0]?.headers["x-team"]).toBe("a b");
    expect(server.to("/v1/runs")).toHaveLength(1);
    expect(told).toEqual([]);
  });

  test.each([
    ["http/protobuf", "application/x-protobuf"],
    ["http/json", "application/json"],
    ["", "application/x-protobuf"],
  ])("OTEL_EXPORTER_OTLP_PROTOCOL=%s", async (protocol, contentType) => {
    const { receiver } = await asked((urls) => ({
      ...endpoint(urls),
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    }));
    expect(receiver.exports.map((one) => one.contentType)).toEqual([contentType]);
  });

  test("a protocol that is unknown is told, and the default used", async () => {
    const { receiver, told } = await asked((urls) => ({
      ...endpoint(urls),
      OTEL_EXPORTER_OTLP_PROTOCOL: "smtp",
    }));
    expect(receiver.names).toHaveLength(2);
    expect(told).toEqual([expect.stringMatching(/^OTEL_EXPORTER_OTLP_PROTOCOL: unknown "smtp"/)]);
  });

  test("OTEL_TRACES_EXPORTER=none: to Apie alone", async () => {
    const { server, receiver } = await asked((urls) => ({ ...endpoint(urls), OTEL_TRACES_EXPORTER: "none" }));
    expect(receiver.exports).toEqual([]);
    expect(server.to("/v1/runs")).toHaveLength(1);
  });

  test("OTEL_TRACES_EXPORTER=console,otlp: printed too", async () => {
    const printed = vi.spyOn(console, "dir").mockReturnValue(undefined);
    cleanup(async () => printed.mockRestore());
    const { receiver } = await asked((urls) => ({ ...endpoint(urls), OTEL_TRACES_EXPORTER: "console,otlp" }));
    expect(receiver.names).toHaveLength(2);
    expect(printed.mock.calls.map(([span]) => span.name)).toEqual(["chat m", "invoke_agent Desk"]);
  });

  test("an exporter that is unknown is told", async () => {
    const { told, receiver } = await asked((urls) => ({
      ...endpoint(urls),
      OTEL_TRACES_EXPORTER: "otlp,zipkin",
    }));
    expect(told).toEqual(['OTEL_TRACES_EXPORTER: startApie has no "zipkin"; it knows otlp, console, none']);
    expect(receiver.names).toHaveLength(2);
  });

  test("an address in the options stands over the environment", async () => {
    const elsewhere = await destinations();
    const { receiver } = await asked(
      (urls) => ({ ...endpoint(urls), OTEL_TRACES_EXPORTER: "none", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }),
      { otlp: { url: `${elsewhere.receiver.url}/v1/traces` } },
    );
    expect(receiver.exports).toEqual([]);
    expect(elsewhere.receiver.names).toHaveLength(2);
  });

  test("OTEL_BSP_SCHEDULE_DELAY", async () => {
    const all = await destinations();
    environment({ ...endpoint(all), OTEL_BSP_SCHEDULE_DELAY: "20" });
    await start(all.server);
    ask();
    await until("spans without a flush", () => all.receiver.names.length === 2, 2_000);
  });
});

describe("the resource", () => {
  const nameOf = ({ receiver }: Destinations) => receiver.spans[0]?.resource.attributes["service.name"];

  test("OTEL_RESOURCE_ATTRIBUTES names the service, and the environment of events", async () => {
    const all = await asked((urls) => ({
      ...endpoint(urls),
      OTEL_RESOURCE_ATTRIBUTES: "service.name=from-attributes,deployment.environment.name=staging,team=a",
    }));
    expect(all.receiver.spans[0]?.resource.attributes).toMatchObject({
      "service.name": "from-attributes",
      team: "a",
    });
    expect(all.server.eventsOf("agent.llm.completed")[0]).toMatchObject({ environment: "staging" });
  });

  test("OTEL_SERVICE_NAME stands over it, the option over both", async () => {
    const variables = (urls: Destinations) => ({
      ...endpoint(urls),
      OTEL_RESOURCE_ATTRIBUTES: "service.name=from-attributes",
      OTEL_SERVICE_NAME: "from-variable",
    });
    expect(nameOf(await asked(variables))).toBe("from-variable");
    trace.disable();
    expect(nameOf(await asked(variables, { serviceName: "from-option" }))).toBe("from-option");
  });
});

describe("sampling", () => {
  /** Whether a span of no agent's work is sampled: as a root, below a sampled caller, below one that is not. */
  function decisions(): boolean[] {
    const below = (traceFlags: TraceFlags) =>
      trace.setSpanContext(ROOT_CONTEXT, {
        traceId: "1".repeat(32),
        spanId: "2".repeat(16),
        traceFlags,
        isRemote: true,
      });
    const tracer = trace.getTracer("t");
    return [ROOT_CONTEXT, below(TraceFlags.SAMPLED), below(TraceFlags.NONE)].map((parent) => {
      const span = tracer.startSpan("s", {}, parent);
      span.end();
      return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
    });
  }

  test.each([
    ["", "", [true, true, false]],
    ["always_on", "", [true, true, true]],
    ["always_off", "", [false, false, false]],
    ["traceidratio", "0", [false, false, false]],
    ["traceidratio", "1", [true, true, true]],
    ["parentbased_always_on", "", [true, true, false]],
    ["parentbased_always_off", "", [false, true, false]],
    ["parentbased_traceidratio", "0", [false, true, false]],
    ["parentbased_traceidratio", "", [true, true, false]],
  ])("OTEL_TRACES_SAMPLER=%s with %s", async (sampler, arg, expected) => {
    const { server } = await destinations();
    environment({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: arg });
    const told: string[] = [];
    await start(server, { onError: (error) => void told.push(error.message) });
    expect(decisions()).toEqual(expected);
    expect(told).toEqual([]);
  });

  test.each([
    [{ OTEL_TRACES_SAMPLER: "xray" }, /^OTEL_TRACES_SAMPLER: unknown "xray"/],
    [
      { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "10%" },
      /^OTEL_TRACES_SAMPLER_ARG: expected/,
    ],
  ])("%j is told, and all is sampled", async (variables, says) => {
    const { told } = await asked(() => variables as Record<string, string>);
    expect(told).toEqual([expect.stringMatching(says)]);
    expect(decisions()[0]).toBe(true);
  });

  test("what is dropped reaches Apie all the same", async () => {
    const { server, receiver } = await asked((urls) => ({
      ...endpoint(urls),
      OTEL_TRACES_SAMPLER: "always_off",
    }));
    expect(receiver.exports).toEqual([]);
    expect(server.types).toEqual(["agent.llm.called", "agent.llm.completed"]);
  });
});

describe("propagation", () => {
  test.each([
    ["", ["baggage", "traceparent"]],
    ["tracecontext,baggage", ["baggage", "traceparent"]],
    ["tracecontext", ["traceparent"]],
    ["none", []],
  ])("OTEL_PROPAGATORS=%s", async (value, expected) => {
    const { server } = await destinations();
    environment({ OTEL_PROPAGATORS: value });
    await start(server);
    const carrier: Record<string, string> = {};
    const baggage = propagation.createBaggage({ a: { value: "1" } });
    trace.getTracer("t").startActiveSpan("s", (span) => {
      propagation.inject(propagation.setBaggage(context.active(), baggage), carrier);
      span.end();
    });
    expect(Object.keys(carrier).sort()).toEqual(expected);
  });

  test("one that is unknown is told", async () => {
    const { told } = await asked(() => ({ OTEL_PROPAGATORS: "tracecontext,b3" }));
    expect(told).toEqual(['OTEL_PROPAGATORS: startApie has no "b3"; it knows tracecontext, baggage, none']);
  });
});

test("OTEL_SDK_DISABLED=true: nothing is registered, nothing is sent, no key is needed, and the code runs", async () => {
  restoreGlobals();
  const { receiver } = await destinations();
  environment({
    OTEL_SDK_DISABLED: "true",
    OTEL_SERVICE_NAME: "Desk",
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  });
  const { apie, provider, flush, shutdown } = await startApie();
  expect(
    await apie.withRun(
      {},
      async (run) => `${await apie.withTool({ tool: { name: "t" } }, () => 7)} ${run.id !== ""}`,
    ),
  ).toBe("7 true");
  expect(trace.getTracer("t").startSpan("s").isRecording()).toBe(false);
  await provider.forceFlush();
  expect(await flush()).toMatchObject({ ok: true, events: { delivered: 0 } });
  await shutdown();
  expect(receiver.exports).toEqual([]);
});
