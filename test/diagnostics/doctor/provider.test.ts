/** Whether the doctor sees where the span processor is, and what stands around it, and disturbs nothing by looking. */
import { context, diag, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  NoopSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  SimpleSpanProcessor,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Apie, type ApieOptions, ApieSpanProcessor, recordAgentSpans } from "../../../src/index.ts";
import { cleanup, options, startServer } from "../../support/client.ts";
import type { RecordingApie } from "../../support/recording-apie.ts";
import { examined } from "./support.ts";

let server: RecordingApie;
beforeEach(async () => {
  server = await startServer();
});
afterEach(() => {
  trace.disable();
  context.disable();
  diag.disable();
});

function client(more: ApieOptions = {}): Apie {
  const apie = new Apie(options(server, more));
  cleanup(() => apie.shutdown());
  return apie;
}

const asProcessor = (processor: unknown): SpanProcessor => processor as SpanProcessor;

const LINES = [
  ["BasicTracerProvider of 2.x", BasicTracerProvider],
  ["TracerProvider of 3.x", TracerProvider],
] as const;

/** Where SDK 1.30 keeps them. */
class Provider1 {
  readonly activeSpanProcessor: { _spanProcessors: SpanProcessor[] };
  readonly #inner: BasicTracerProvider;
  constructor({ spanProcessors }: { spanProcessors: SpanProcessor[] }) {
    this.activeSpanProcessor = { _spanProcessors: spanProcessors };
    this.#inner = new BasicTracerProvider({ spanProcessors });
  }
  getTracer(name: string) {
    return this.#inner.getTracer(name);
  }
}

describe.each([...LINES, ["provider of 1.30", Provider1]] as const)("%s", (_line, Provider) => {
  const register = (...spanProcessors: SpanProcessor[]) =>
    trace.setGlobalTracerProvider(new Provider({ spanProcessors }) as never);

  test("has it, and an exporter beside it", async () => {
    const apie = client();
    register(asProcessor(apie.spanProcessor), new SimpleSpanProcessor(new InMemorySpanExporter()));
    const found = await examined(apie);
    expect(found.text("provider")).toBe("ok: the span processor is in the provider in use → ");
    expect(found.text("exporting")).toBe("ok: spans are exported by InMemorySpanExporter → ");
    expect(found.of("api_copies").level).toBe("ok");
    expect(found.all("twice")).toEqual([]);
  });

  test("has it inside another processor", async () => {
    const apie = client();
    const exporter = new InMemorySpanExporter();
    const wrapper = new (class Wrapper extends NoopSpanProcessor {
      override onStart(...args: Parameters<SpanProcessor["onStart"]>): void {
        asProcessor(apie.spanProcessor).onStart(...args);
      }
    })();
    register(wrapper, new SimpleSpanProcessor(exporter));
    const found = await examined(apie);
    expect(found.text("provider")).toBe("ok: spans of the provider in use reach the span processor → ");
    // Nothing came of the span that told it.
    expect(exporter.getFinishedSpans()).toEqual([]);
    const report = await apie.flush();
    expect(report.runs.opened + report.events.delivered).toBe(0);
    expect(apie.queueDiagnostics().spansInFlight).toBe(0);
    expect(apie.spanProcessor.startedSpans).toBe(0);
  });

  test("does not have it", async () => {
    const apie = client();
    const exporter = new InMemorySpanExporter();
    register(new SimpleSpanProcessor(exporter));
    const found = await examined(apie);
    expect(found.text("provider")).toMatch(/^error: .*not in the provider in use.*spanProcessors/);
    expect(exporter.getFinishedSpans()).toEqual([]);
    expect(found.report.ok).toBe(false);
  });

  test("nothing else exports", async () => {
    const apie = client();
    register(asProcessor(apie.spanProcessor));
    expect((await examined(apie)).text("exporting")).toMatch(/^warning: .*over OTLP nowhere.*forwardTo/);
  });

  test("something else is there that may export", async () => {
    const apie = client();
    register(asProcessor(apie.spanProcessor), new NoopSpanProcessor());
    expect((await examined(apie)).text("exporting")).toMatch(/^info: one other span processor is there/);
  });
});

test("what ours forwards to exports", async () => {
  const forwardTo = new BatchSpanProcessor(new InMemorySpanExporter());
  const apie = client({ forwardTo });
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [asProcessor(apie.spanProcessor)] }),
  );
  expect((await examined(apie)).of("exporting").level).toBe("ok");
});

test("nobody registered a provider", async () => {
  const found = await examined(client());
  expect(found.text("provider")).toMatch(/^error: no OpenTelemetry SDK is registered.*startApie/);
  expect(found.checks).not.toContain("sampling");
});

test("another provider was registered first", async () => {
  const apie = client();
  trace.setGlobalTracerProvider(new BasicTracerProvider());
  const second = new BasicTracerProvider({ spanProcessors: [asProcessor(apie.spanProcessor)] });
  diag.disable();
  expect(trace.setGlobalTracerProvider(second)).toBe(false);
  second.getTracer("t").startSpan("work").end();
  expect((await examined(apie)).text("provider")).toMatch(/^error: .*in another provider.*have one provider/);
});

test("spans come from a provider that nobody registered", async () => {
  const apie = client();
  const provider = new BasicTracerProvider({ spanProcessors: [asProcessor(apie.spanProcessor)] });
  provider.getTracer("t").startSpan("work").end();
  expect((await examined(apie)).of("provider").level).toBe("warning");
});

test("a provider given by hand is the one in use", async () => {
  let behind: SpanProcessor = new NoopSpanProcessor();
  const wrapper = new (class Wrapper extends NoopSpanProcessor {
    override onStart(...args: Parameters<SpanProcessor["onStart"]>): void {
      behind.onStart(...args);
    }
  })();
  const apie = client({ tracerProvider: new BasicTracerProvider({ spanProcessors: [wrapper] }) });
  expect((await examined(apie)).of("provider").level).toBe("error");
  behind = asProcessor(apie.spanProcessor);
  expect((await examined(apie)).of("provider").level).toBe("ok");
});

test("a processor by itself can be asked, too", async () => {
  const processor = new ApieSpanProcessor(options(server));
  cleanup(() => processor.shutdown());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [asProcessor(processor)] }));
  expect((await examined(processor)).of("provider").level).toBe("ok");
});

test("two of ours in one provider", async () => {
  const [apie, other] = [client(), client()];
  const spanProcessors = [apie, other].map(({ spanProcessor }) => asProcessor(spanProcessor));
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  expect((await examined(apie)).text("twice")).toMatch(/^warning: 2 Apie span processors.*keep one/);
});

test("a provider that shows nothing and throws", async () => {
  const apie = client();
  const provider = {
    getTracer: () => {
      throw new Error("closed");
    },
  };
  trace.setGlobalTracerProvider(provider);
  const found = await examined(apie);
  expect(found.of("sampling").level).toBe("info");
  expect(found.all("provider")).toEqual([
    { check: "provider", level: "info", message: "could not be looked at: closed" },
  ]);
});

describe("sampling", () => {
  const of = async (sampler: Sampler) => {
    const apie = client();
    const provider = new BasicTracerProvider({ sampler, spanProcessors: [asProcessor(apie.spanProcessor)] });
    trace.setGlobalTracerProvider(provider);
    return examined(apie);
  };

  test.each([
    ["a ratio", new TraceIdRatioBasedSampler(0.5)],
    ["a ratio below parents", new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.01) })],
    ["nothing at all", new AlwaysOffSampler()],
  ])("%s", async (_what, sampler) => {
    expect((await of(sampler)).text("sampling")).toMatch(/^warning: .*recordAgentSpans\(yourSampler\)/);
  });

  test("the default of the SDK", async () => {
    const found = await of(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(1) }));
    expect(found.text("sampling")).toMatch(/^info: .*what a caller did not sample.*recordAgentSpans/);
  });

  test("wrapped as told", async () => {
    expect((await of(recordAgentSpans(new TraceIdRatioBasedSampler(0.01)))).of("sampling").level).toBe("ok");
  });

  test("a sampler of the user's is not asked", async () => {
    let asked = 0;
    const sampler: Sampler = {
      shouldSample: () => {
        asked += 1;
        return { decision: 2 };
      },
      toString: () => "RateLimited",
    };
    expect((await of(sampler)).text("sampling")).toMatch(/^info: .*\(RateLimited\) was not asked/);
    expect(asked).toBe(0);
  });

  test("that hides the span which would tell where the processor is", async () => {
    const apie = client();
    trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler() }));
    const found = await examined(apie);
    expect(found.text("provider")).toMatch(/^info: .*the sampler dropped the span/);
    expect(found.of("sampling").level).toBe("warning");
  });
});

describe("context", () => {
  test("no manager", async () => {
    expect((await examined(client())).text("context_manager")).toMatch(
      /^warning: no context manager.*AsyncLocalStorageContextManager/,
    );
  });

  test("the usual one", async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    expect((await examined(client())).of("context_manager").level).toBe("ok");
  });

  test("one that keeps a stack", async () => {
    const stack = [context.active()];
    context.setGlobalContextManager({
      active: () => stack.at(-1) ?? context.active(),
      with(inner, fn, self, ...args) {
        stack.push(inner);
        try {
          return fn.call(self as never, ...args);
        } finally {
          stack.pop();
        }
      },
      bind: (_inner, target) => target,
      enable() {
        return this;
      },
      disable() {
        return this;
      },
    });
    expect((await examined(client())).text("context_manager")).toMatch(/^warning: .*at the first await/);
  });
});

test("a copy of the API that everything else is registered in, and ours does not see", async () => {
  const apie = client();
  const registered = { version: "1.0.0", trace: new BasicTracerProvider() };
  const key = Symbol.for("opentelemetry.js.api.1");
  const shared = globalThis as { [key: symbol]: unknown };
  const before = shared[key];
  shared[key] = registered;
  cleanup(async () => {
    shared[key] = before;
  });
  const found = await examined(apie);
  expect(found.text("api_copies")).toMatch(
    /^error: two copies of @opentelemetry\/api.*npm ls @opentelemetry\/api/,
  );
  expect(found.checks).not.toContain("provider");
});
