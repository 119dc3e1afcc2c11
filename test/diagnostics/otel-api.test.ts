/**
 * What is said where two copies of the OpenTelemetry API do not see each other. The second copy is the object that it would have
 * left in the process; two real ones meet in the version matrix.
 */
import { context, diag, propagation, trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { afterEach, describe, expect, test } from "vitest";
import { apiMismatch, apiTaken, otelApiState, registeredProvider } from "../../src/diagnostics/index.ts";
import { Apie } from "../../src/index.ts";
import { startApie } from "../../src/start/index.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import { startOtel } from "../support/otel.ts";

const GLOBAL_API = Symbol.for("opentelemetry.js.api.1");
const global = globalThis as { [GLOBAL_API]?: object };

afterEach(() => {
  delete global[GLOBAL_API];
  for (const api of [trace, context, propagation, diag]) api.disable();
});

/** As a copy of that version leaves it. */
function registeredIn(version: string, members: object): void {
  global[GLOBAL_API] = { version, ...members };
}

const newProvider = () => new BasicTracerProvider();

describe("the provider", () => {
  test("none", () => {
    expect(otelApiState()).toEqual({ registeredVersion: undefined, provider: "none" });
    expect(registeredProvider()).toBeUndefined();
    expect(apiMismatch(otelApiState())).toBeUndefined();
  });

  test("registered, and gone again", async () => {
    const otel = startOtel();
    expect(otelApiState()).toEqual({
      registeredVersion: expect.stringMatching(/^1\.\d+\.\d+$/),
      provider: "registered",
    });
    expect(registeredProvider()).toBe(trace.getTracerProvider());
    await otel.close();
    expect(otelApiState().provider).toBe("none");
  });

  test("registered by a newer copy, which ours sees", () => {
    const provider = newProvider();
    registeredIn("1.99.0", { trace: provider });
    expect(otelApiState()).toEqual({ registeredVersion: "1.99.0", provider: "registered" });
    expect(registeredProvider()).toBe(provider);
  });

  test("registered by an older copy, which ours does not see", () => {
    const provider = newProvider();
    registeredIn("1.2.0", { trace: provider });
    expect(trace.getTracer("t").startSpan("s").isRecording()).toBe(false);
    expect(otelApiState()).toEqual({ registeredVersion: "1.2.0", provider: "hidden" });
    expect(registeredProvider()).toBe(provider);
    expect(apiMismatch(otelApiState())).toMatch(/version 1\.2\.0.*npm ls @opentelemetry\/api.*npm dedupe/);
  });

  test("an older copy that registered something else", () => {
    registeredIn("1.2.0", { diag: {} });
    expect(otelApiState()).toEqual({ registeredVersion: "1.2.0", provider: "none" });
    expect(apiTaken(otelApiState())).toMatch(/version 1\.2\.0 has registered something already/);
  });
});

test("the first run says it once, with the remedy", async () => {
  const told: string[] = [];
  const server = await startServer();
  const apie = new Apie(
    options(server, { onError: (error) => void told.push(`${error.code} ${error.message}`) }),
  );
  cleanup(() => apie.shutdown());
  registeredIn("1.2.0", { trace: newProvider() });
  expect(await apie.withRun({}, () => apie.withTool({ tool: { name: "t" } }, () => 7))).toBe(7);
  await apie.withRun({}, () => 1);
  expect(told).toEqual([
    expect.stringMatching(/^api_mismatch two copies of @opentelemetry\/api.*npm dedupe/),
  ]);
});

describe("startApie", () => {
  test.each([
    ["a provider it cannot see", { trace: newProvider() }, /registered in version 1\.2\.0/],
    ["a process where it cannot register", { diag: {} }, /is refused/],
  ])("refuses %s", async (_what, members, message) => {
    registeredIn("1.2.0", members);
    const server = await startServer();
    const starting = startApie({ ...options(server), otlp: false });
    await expect(starting).rejects.toMatchObject({
      code: "api_mismatch",
      message: expect.stringMatching(message),
    });
  });
});
