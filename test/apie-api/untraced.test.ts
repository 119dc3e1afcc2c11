/** Our own requests make no spans and carry nothing of the application's, also where every HTTP client is instrumented. */
import http from "node:http";
import { createRequire } from "node:module";
import { context, propagation, SpanKind, trace } from "@opentelemetry/api";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { afterAll, describe, expect, test } from "vitest";
import { buildErrorEvent } from "../../src/events/index.ts";
import { setup, startServer } from "../support/client.ts";
import type { RecordingApie } from "../support/recording-apie.ts";

const instrumentations = [
  // Incoming requests are those of the recording Apie, which runs in this process.
  new HttpInstrumentation({ disableIncomingRequestInstrumentation: true }),
  new UndiciInstrumentation(),
];
const disable = registerInstrumentations({ instrumentations });
// Patches the module, as it is for a service that registers its instrumentations first.
createRequire(import.meta.url)("node:http");
afterAll(() => disable());

/** As `setup`, with every HTTP client instrumented. */
async function instrumented(
  ...options: Parameters<typeof setup>
): Promise<Awaited<ReturnType<typeof setup>>> {
  const parts = await setup(...options);
  for (const instrumentation of instrumentations) instrumentation.setTracerProvider(parts.otel.provider);
  return parts;
}

const CARRIED = /^(traceparent|tracestate|baggage|b3|x-b3-)/;

const carriedBy = (server: RecordingApie): string[] =>
  server.requests.flatMap(({ headers }) => Object.keys(headers).filter((name) => CARRIED.test(name)));

const getWith = {
  "node:http": (url: string) =>
    new Promise<void>((resolve, reject) => {
      http.get(url, (response) => response.resume().on("end", resolve)).on("error", reject);
    }),
  fetch: async (url: string) => void (await (await fetch(url)).text()),
};

/** Work inside a span of the application, with baggage: what an instrumented request would carry on. */
async function work(
  { apie, otel }: Awaited<ReturnType<typeof setup>>,
  ask: () => Promise<void>,
): Promise<void> {
  const tracer = trace.getTracer("app");
  const baggage = propagation.createBaggage({ tenant: { value: "secret" } });
  await tracer.startActiveSpan("request", (span) =>
    context.with(propagation.setBaggage(context.active(), baggage), async () => {
      await ask();
      await apie.withSession({}, () =>
        apie.withRun({}, () => apie.withTool({ tool: { name: "search" } }, () => 1)),
      );
      await apie.capabilities.declare([{ tool: { name: "search" } }]);
      await apie.validateEvents(buildErrorEvent("a", { error: { message: "x" } }));
      await apie.flush();
      span.end();
    }),
  );
  expect(otel.span("request")).toBeDefined();
}

describe.each([true, false])("context manager: %s", (contextManager) => {
  test.each(Object.keys(getWith) as (keyof typeof getWith)[])(
    "the instrumentation of %s works in this test",
    async (name) => {
      const { otel } = await instrumented({}, { contextManager });
      const other = await startServer();
      await getWith[name](other.url);
      expect(otel.spans().filter(({ kind }) => kind === SpanKind.CLIENT)).toHaveLength(1);
      expect(carriedBy(other)).toEqual(["traceparent"]);
    },
  );

  test("the built-in client", async () => {
    const parts = await instrumented({ retryBaseDelayMs: 1 }, { contextManager });
    parts.server.fail(/events$/, { status: 503 }, 2);
    const other = await startServer();
    await work(parts, () => getWith["node:http"](other.url));
    // The application's own request, and no other.
    expect(parts.otel.spans().filter(({ kind }) => kind === SpanKind.CLIENT)).toHaveLength(1);
    expect(parts.server.requests.length).toBeGreaterThanOrEqual(9);
    expect(carriedBy(parts.server)).toEqual([]);
    expect(parts.server.everything).not.toContain("secret");
    expect(carriedBy(other)).toContain("traceparent");
  });
});

test.each([true, false])(
  "openings that are repeated, and what is asked before that (context manager: %s)",
  async (contextManager) => {
    const parts = await instrumented({ retryBaseDelayMs: 1 }, { contextManager });
    parts.server.fail("/v1/agents/identify", { status: 503 }, 1);
    parts.server.fail("/v1/runs", "reset", 1);
    await trace.getTracer("app").startActiveSpan("request", async (request) => {
      await parts.apie.withRun({}, () => parts.apie.withTool({ tool: { name: "search" } }, () => 1));
      await parts.apie.flush();
      request.end();
    });
    const paths = new Set(parts.server.requests.map(({ path }) => path.replace(/[^/]*_\d+/, ":id")));
    for (const path of ["/v1/agents/identify", "/health", "/v1/runs", "/v1/events", "/v1/runs/:id/complete"])
      expect(paths).toContain(path);
    expect(parts.otel.spans().filter(({ kind }) => kind === SpanKind.CLIENT)).toEqual([]);
    expect(carriedBy(parts.server)).toEqual([]);
  },
);

test("a fetch of the user's that is instrumented, with a context manager", async () => {
  const parts = await instrumented({ fetch });
  const other = await startServer();
  await work(parts, () => getWith.fetch(other.url));
  expect(parts.otel.spans().filter(({ kind }) => kind === SpanKind.CLIENT)).toHaveLength(1);
  expect(parts.server.requests.length).toBeGreaterThanOrEqual(8);
  expect(carriedBy(parts.server)).toEqual([]);
  expect(carriedBy(other)).toEqual(expect.arrayContaining(["traceparent", "baggage"]));
});
