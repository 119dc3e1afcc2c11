/** The sampler and the processors of a provider, where the supported SDKs keep them. */
import { ProxyTracerProvider, trace } from "@opentelemetry/api";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  NoopSpanProcessor,
  ParentBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import { afterEach, describe, expect, test } from "vitest";
import { processorsOf, samplerOf } from "../../src/diagnostics/index.ts";
import { recordAgentSpans } from "../../src/index.ts";

afterEach(() => trace.disable());

describe.each([
  ["BasicTracerProvider", BasicTracerProvider],
  ["TracerProvider", TracerProvider],
])("a %s", (_name, Provider) => {
  test("shows its sampler and processors, also behind the global one", () => {
    const sampler = recordAgentSpans(new AlwaysOffSampler());
    const processors = [new NoopSpanProcessor(), new NoopSpanProcessor()];
    const provider = new Provider({ sampler, spanProcessors: processors });
    trace.setGlobalTracerProvider(provider);
    for (const seen of [provider, trace.getTracerProvider()]) {
      expect(samplerOf(seen)).toBe(sampler);
      expect(processorsOf(seen)).toEqual(processors);
    }
  });

  test("with none given has the SDK's", () => {
    expect(samplerOf(new Provider())).toBeInstanceOf(ParentBasedSampler);
    expect(processorsOf(new Provider())).toEqual([]);
  });
});

test("processors in processors", () => {
  const inner = new NoopSpanProcessor();
  const several = { _spanProcessors: [{ _spanProcessors: [inner] }, new NoopSpanProcessor()] };
  expect(processorsOf({ activeSpanProcessor: several })).toHaveLength(2);
  expect(processorsOf({ activeSpanProcessor: several })?.[0]).toBe(inner);
});

test.each([
  ["nothing registered", new ProxyTracerProvider()],
  ["nothing", undefined],
  ["another kind of provider", { getTracer: () => ({ startSpan: () => undefined }) }],
  [
    "one that throws",
    {
      getTracer: () => {
        throw new Error("no");
      },
    },
  ],
])("%s shows nothing", (_what, provider) => {
  expect(samplerOf(provider)).toBeUndefined();
  expect(processorsOf(provider)).toBeUndefined();
});

test("a chain of processors that never ends is left", () => {
  const endless: { _spanProcessors: object[] } = { _spanProcessors: [] };
  endless._spanProcessors.push(endless);
  expect(processorsOf({ _activeSpanProcessor: endless })).toEqual([]);
});
