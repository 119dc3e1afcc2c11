/** The bridge's own metrics, in a real metrics SDK. */
import { metrics } from "@opentelemetry/api";
import { DataPointType, MeterProvider, MetricReader, type ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { afterEach, describe, expect, test } from "vitest";
import { DURATION_METRIC, OBSERVED_METRICS } from "../../src/diagnostics/metrics/definitions.ts";
import { Apie } from "../../src/index.ts";
import { AGENT, cleanup, options, setup, startServer } from "../support/client.ts";
import { until } from "../support/until.ts";

class Reader extends MetricReader {
  protected onForceFlush = (): Promise<void> => Promise.resolve();
  protected onShutdown = (): Promise<void> => Promise.resolve();
}

/** What was collected, of our scope. */
class Collected {
  readonly #metrics: ResourceMetrics["scopeMetrics"][number]["metrics"];

  constructor({ scopeMetrics }: ResourceMetrics) {
    this.#metrics = scopeMetrics
      .filter(({ scope }) => scope.name === "apie-otel")
      .flatMap((scope) => scope.metrics);
  }

  get names(): string[] {
    return this.#metrics.map(({ descriptor }) => descriptor.name).toSorted();
  }

  metric(name: string) {
    const found = this.#metrics.find(({ descriptor }) => descriptor.name === name);
    if (found === undefined) throw new Error(`${name} among ${this.names.join(", ")}`);
    return found;
  }

  points(name: string): { value: unknown; attributes: Record<string, unknown> }[] {
    return this.metric(name).dataPoints.map(({ value, attributes }) => ({ value, attributes }));
  }

  /** Values by `error.type`, the empty text for none; sums over components. */
  values(name: string): Record<string, number> {
    const found: Record<string, number> = {};
    for (const { value, attributes } of this.points(name)) {
      const key = String(attributes["error.type"] ?? "");
      found[key] = (found[key] ?? 0) + Number(value);
    }
    return found;
  }
}

function meterProvider(): { provider: MeterProvider; collect(): Promise<Collected> } {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  cleanup(() => provider.shutdown());
  return { provider, collect: async () => new Collected((await reader.collect()).resourceMetrics) };
}

function registered() {
  const made = meterProvider();
  metrics.setGlobalMeterProvider(made.provider);
  return made;
}

afterEach(() => metrics.disable());

const work = (apie: Apie) =>
  apie.withSession({}, () => apie.withRun({}, () => apie.withTool({ tool: { name: "t" } }, () => 1)));

test("tell what became of everything, under the names, units and kinds of the table", async () => {
  const { collect } = registered();
  const { apie } = await setup({ maxQueueSize: 500, maxQueueBytes: 1_000_000 });
  await work(apie);
  await apie.flush();
  const collected = await collect();
  expect(collected.names).toEqual(
    [...OBSERVED_METRICS, DURATION_METRIC]
      .map(({ name }) => name)
      // Nothing was lost, so there is no reason to tell it by.
      .filter((name) => name !== "apie.loss")
      .toSorted(),
  );
  for (const { name, unit, description, instrument } of OBSERVED_METRICS.filter(
    ({ name }) => name !== "apie.loss",
  )) {
    const { descriptor, dataPointType } = collected.metric(name);
    expect(descriptor).toMatchObject({ unit, description });
    expect(dataPointType).toBe(DataPointType.SUM);
    expect(collected.metric(name)).toMatchObject({ isMonotonic: instrument === "counter" });
  }
  const queue = apie.queueDiagnostics();
  expect(queue.events.delivered).toBeGreaterThan(2);
  // A session, a run, its tool, and the marker of the run.
  expect(collected.values("otel.sdk.processor.span.processed")[""]).toBeGreaterThan(2);
  expect(collected.values("apie.event.exported")).toEqual({
    "": queue.events.delivered,
    rejected: 0,
    dropped: 0,
  });
  for (const [name, value] of Object.entries({
    "apie.run.opened": 1,
    "apie.run.completed": 1,
    "apie.run.active": 0,
    "apie.session.opened": 1,
    "apie.session.completed": 1,
    "apie.queue.size": 0,
    "apie.queue.capacity": 500,
    "apie.queue.memory.usage": 0,
    "apie.queue.memory.limit": 1_000_000,
    "apie.request.sent": queue.requests,
    "apie.request.retried": 0,
    "apie.span.late": 0,
    "apie.span.evicted": 0,
    "otel.sdk.processor.span.queue.size": 0,
    "otel.sdk.processor.span.queue.capacity": 1_024,
  }))
    expect([name, collected.values(name)]).toEqual([name, { "": value }]);
});

test("tell of losses by their reason", async () => {
  const { collect } = registered();
  const { apie, server } = await setup();
  server.fail("/v1/events", { status: 422 });
  await work(apie);
  apie.spanProcessor.onEnd({} as never);
  await apie.flush();
  const collected = await collect();
  const { rejected } = apie.queueDiagnostics().events;
  expect(rejected).toBeGreaterThan(2);
  expect(collected.values("apie.event.exported")).toEqual({ "": 0, rejected, dropped: 0 });
  expect(collected.values("apie.loss")).toEqual({ rejected_422: rejected });
  expect(collected.values("otel.sdk.processor.span.processed")).toMatchObject({ unreadable: 1 });
});

test("tell how long posts of events take, and how they fail", async () => {
  const { collect } = registered();
  const { apie, server } = await setup();
  await work(apie);
  await apie.flush();
  server.fail("/v1/events", { status: 503 }, 1);
  server.fail("/v1/events", "reset", 1);
  await work(apie);
  await apie.flush();
  const common = {
    "otel.component.type": "ApieSpanProcessor",
    "otel.component.name": expect.stringMatching(/^ApieSpanProcessor\/\d+$/),
    "server.address": "127.0.0.1",
    "server.port": server.port,
  };
  const points = (await collect()).points(DURATION_METRIC.name);
  expect(points.map(({ attributes }) => attributes)).toEqual(
    expect.arrayContaining([
      { ...common, "http.response.status_code": 200 },
      { ...common, "http.response.status_code": 503, "error.type": "503" },
      { ...common, "error.type": "ECONNRESET" },
    ]),
  );
  expect(points).toHaveLength(3);
  for (const { value } of points) {
    const { count, sum } = value as { count: number; sum?: number };
    expect(count).toBeGreaterThan(0);
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThan(60);
  }
});

describe("a meter provider", () => {
  test("registered after spans were written is found", async () => {
    const { apie } = await setup();
    await work(apie);
    await apie.flush();
    const { collect } = registered();
    await apie.flush();
    expect((await collect()).values("apie.run.completed")).toEqual({ "": 1 });
  });

  test("is found without a flush, as spans come in", async () => {
    const { apie } = await setup();
    const { collect } = registered();
    await work(apie);
    const collected = await until("our metrics", async () => {
      const found = await collect();
      return found.names.length > 0 && found;
    });
    expect(collected.names).toContain("apie.queue.size");
  });

  test("that takes another's place is told alone from then on", async () => {
    const { apie } = await setup();
    const first = registered();
    await work(apie);
    await apie.flush();
    expect((await first.collect()).names).toContain("apie.run.opened");
    metrics.disable();
    const second = registered();
    await work(apie);
    await apie.flush();
    expect((await second.collect()).values("apie.run.completed")).toEqual({ "": 2 });
  });

  test("that throws hurts nobody, and is told of once", async () => {
    const told: string[] = [];
    metrics.setGlobalMeterProvider({
      getMeter: () => {
        throw new Error("no meters today");
      },
    });
    const { apie, server } = await setup({ onError: (error) => void told.push(error.message) });
    await work(apie);
    expect((await apie.flush()).ok).toBe(true);
    expect(server.eventsOf("agent.tool.called")).toHaveLength(1);
    expect(told).toEqual([expect.stringMatching(/^the meter provider failed: .*no meters today/)]);
  });
});

test("two clients are told apart, by names that come again after a restart", async () => {
  const { collect } = registered();
  const { apie, otel } = await setup();
  const server = await startServer();
  const other = new Apie(options(server, { tracerProvider: otel.provider }));
  cleanup(() => other.shutdown());
  await Promise.all([work(apie), other.flush()]);
  await apie.flush();
  const names = (await collect())
    .points("apie.run.opened")
    .map(({ attributes }) => attributes["otel.component.name"]);
  expect(new Set(names).size).toBe(2);
});

test("the last figures outlive the client", async () => {
  const { collect } = registered();
  const { apie } = await setup();
  await work(apie);
  await apie.shutdown();
  const collected = await collect();
  expect(collected.values("apie.run.completed")).toEqual({ "": 1 });
  expect(collected.values("apie.queue.size")).toEqual({ "": 0 });
});

test("attributes are few, whatever the spans say", async () => {
  const { collect } = registered();
  const { apie } = await setup();
  for (let count = 0; count < 20; count += 1)
    await apie.withRun({ role: `role-${count}`, inputSummary: `${count}` }, () =>
      apie.withTool({ tool: { name: `tool-${count}` } }, () => count),
    );
  await apie.flush();
  const collected = await collect();
  for (const name of collected.names)
    expect([name, collected.points(name).length <= 3]).toEqual([name, true]);
  const keys = collected.names.flatMap((name) =>
    collected.points(name).flatMap(({ attributes }) => Object.keys(attributes)),
  );
  expect([...new Set(keys)].toSorted()).toEqual([
    "error.type",
    "http.response.status_code",
    "otel.component.name",
    "otel.component.type",
    "server.address",
    "server.port",
  ]);
});

test("a client that is switched off has none", async () => {
  const { collect } = registered();
  const apie = new Apie({ enabled: false, agent: AGENT });
  await work(apie);
  await apie.flush();
  expect((await collect()).names).toEqual([]);
});
