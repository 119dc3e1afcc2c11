/** Whether the doctor tells if what is exported over OTLP arrives, by the exporter itself or by the environment. */
import { createRequire } from "node:module";
import { trace } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ConsoleSpanExporter,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Apie } from "../../../src/index.ts";
import { AGENT, cleanup, startServer } from "../../support/client.ts";
import { OtlpReceiver } from "../../support/otlp-receiver.ts";
import { examined, type Findings } from "./support.ts";

afterEach(() => {
  trace.disable();
  vi.unstubAllEnvs();
});

async function receiver(): Promise<OtlpReceiver> {
  const started = await OtlpReceiver.start();
  cleanup(() => started.close());
  return started;
}

/** The doctor of a client that is switched off, in a provider with these exporters. */
async function withExporters(exporters: readonly SpanExporter[], timeoutMs = 5_000): Promise<Findings> {
  const apie = new Apie({ enabled: false, agent: AGENT });
  const provider = new BasicTracerProvider({
    spanProcessors: [
      apie.spanProcessor as unknown as SpanProcessor,
      ...exporters.map((exporter) => new BatchSpanProcessor(exporter)),
    ],
  });
  cleanup(() => provider.shutdown());
  trace.setGlobalTracerProvider(provider);
  return examined(apie, { timeoutMs });
}

describe.each([
  ["JSON", JsonExporter, "application/json"],
  ["protobuf", ProtobufExporter, "application/x-protobuf"],
])("an exporter of %s", (_encoding, Exporter, contentType) => {
  const exporter = (url: string, headers = {}) => new Exporter({ url, headers }) as unknown as SpanExporter;

  test("arrives: one request without spans, with the exporter's headers", async () => {
    const { url, exports } = await receiver();
    const found = await withExporters([exporter(`${url}/v1/traces`, { "x-team": "7" })]);
    expect(found.text("otlp")).toBe(
      `ok: the OTLP endpoint at ${url}/v1/traces takes a request (without spans) → `,
    );
    expect(exports.map(({ contentType, spans, headers }) => [contentType, spans, headers["x-team"]])).toEqual(
      [[contentType, [], "7"]],
    );
  });

  test("finds nothing there", async () => {
    const { url, close } = await OtlpReceiver.start().then(async (started) => {
      await started.close();
      return started;
    });
    void close;
    const started = performance.now();
    const found = await withExporters([exporter(`${url}/v1/traces`)]);
    expect(found.text("otlp")).toMatch(
      /^error: .*nothing listens there \(.*ECONNREFUSED.*OTEL_EXPORTER_OTLP_ENDPOINT/,
    );
    // The exporter would try five times, over ten seconds.
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  test("is refused", async () => {
    const server = await startServer();
    server.fail("/v1/traces", { status: 401 });
    const found = await withExporters([exporter(`${server.url}/v1/traces`)]);
    expect(found.text("otlp")).toMatch(/^error: .*refuses the key \(HTTP 401.*OTEL_EXPORTER_OTLP_HEADERS/);
  });

  test("is at the wrong path", async () => {
    const server = await startServer();
    server.fail("/", { status: 404 });
    const found = await withExporters([exporter(`${server.url}/`)]);
    expect(found.text("otlp")).toMatch(/^error: .*something else answers there \(HTTP 404/);
  });

  test("gets no answer", async () => {
    const started = await receiver();
    started.hangs = true;
    const found = await withExporters([exporter(`${started.url}/v1/traces`)], 300);
    expect(found.text("otlp")).toMatch(/^error: .*does not answer in time/);
  });
});

test("an exporter of gRPC finds nothing there", async () => {
  // One of the packages of the auto-instrumentations.
  const { OTLPTraceExporter } = createRequire(import.meta.url)("@opentelemetry/exporter-trace-otlp-grpc") as {
    OTLPTraceExporter: new (config: { url: string }) => SpanExporter;
  };
  const found = await withExporters([new OTLPTraceExporter({ url: "http://127.0.0.1:1" })]);
  expect(found.text("otlp")).toMatch(/^error: the OTLP endpoint at 127\.0\.0\.1:1: nothing listens there/);
});

test("each of several exporters is told of", async () => {
  const { url } = await receiver();
  const found = await withExporters([
    new JsonExporter({ url: `${url}/v1/traces` }) as unknown as SpanExporter,
    new JsonExporter({ url: "http://127.0.0.1:1/v1/traces" }) as unknown as SpanExporter,
    new ConsoleSpanExporter(),
  ]);
  expect(found.all("otlp").map(({ level }) => level)).toEqual(["ok", "error", "info"]);
});

test("the exporter behind forwardTo", async () => {
  const { url, exports } = await receiver();
  const exporter = new JsonExporter({ url: `${url}/v1/traces` }) as unknown as SpanExporter;
  const apie = new Apie({ enabled: false, agent: AGENT, forwardTo: new SimpleSpanProcessor(exporter) });
  expect((await examined(apie)).of("otlp").level).toBe("ok");
  expect(exports).toHaveLength(1);
});

test("credentials in an address are not shown", async () => {
  const found = await withExporters([
    new JsonExporter({
      url: "http://user:hunter2@127.0.0.1:1/v1/traces?token=hunter3",
    }) as unknown as SpanExporter,
  ]);
  expect(found.of("otlp").level).toBe("error");
  expect(JSON.stringify(found.report)).not.toMatch(/hunter/);
});

describe("by the environment", () => {
  const outside = () => examined(new Apie({ enabled: false, agent: AGENT }), { outsideService: true });

  test.each([
    ["http/json", "application/json"],
    ["http/protobuf", "application/x-protobuf"],
    ["", "application/x-protobuf"],
  ])("protocol %j", async (protocol, contentType) => {
    const { url, exports } = await receiver();
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", `${url}/`);
    vi.stubEnv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
    vi.stubEnv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20a,x-team=6, broken");
    vi.stubEnv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-team=7");
    const found = await outside();
    expect(found.text("otlp")).toMatch(`ok: the OTLP endpoint at ${url}/v1/traces`);
    expect(exports).toMatchObject([
      { contentType, spans: [], headers: { authorization: "Bearer a", "x-team": "7" } },
    ]);
  });

  test("an address for traces alone is taken as it is", async () => {
    const server = await startServer();
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    vi.stubEnv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", `${server.url}/otlp`);
    expect((await outside()).of("otlp").level).toBe("ok");
    expect(server.to("/otlp")).toHaveLength(1);
  });

  test.each(["http://127.0.0.1:1", "no address"])("%s cannot be reached", async (endpoint) => {
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    expect((await outside()).text("otlp")).toMatch(/^error: .*OTEL_EXPORTER_OTLP_ENDPOINT/);
  });

  test("gRPC is left to its exporter", async () => {
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317");
    vi.stubEnv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    expect((await outside()).text("otlp")).toMatch(/^info: OTLP goes out as grpc/);
  });

  test("nothing is set", async () => {
    expect((await outside()).text("otlp")).toMatch(/^info: no OTLP exporter is seen/);
  });
});
