/** Many spans in one go: nothing of the event loop's is left, so what is done is done inside of the caller's `span.end()`. */
import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { expect, test, vi } from "vitest";
import { ApieSpanProcessor } from "../../src/index.ts";
import { cleanup, options, startServer } from "../support/client.ts";

const RUNS = 50;
const CALLS = 64;
const CHAT = {
  "gen_ai.operation.name": "chat",
  "gen_ai.request.model": "m",
  "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"hello"}]}]',
};

test.each([false, true])(
  "no JSON is written inside of span.end(), and nothing is lost (captureContent: %s)",
  async (captureContent) => {
    const server = await startServer();
    const processor = new ApieSpanProcessor(
      options(server, { captureContent, maxBatchSize: 500, flushTimeoutMs: 20_000 }),
    );
    const provider = new BasicTracerProvider({ spanProcessors: [processor] });
    cleanup(() => provider.shutdown());
    const tracer = provider.getTracer("burst");
    await processor.flush();
    const stringify = vi.spyOn(JSON, "stringify");
    try {
      for (let run = 0; run < RUNS; run += 1) {
        const attributes = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Burst" };
        const root = tracer.startSpan("invoke_agent Burst", { attributes }, ROOT_CONTEXT);
        const inside = trace.setSpan(ROOT_CONTEXT, root);
        for (let call = 0; call < CALLS; call += 1) {
          tracer.startSpan("chat m", { attributes: CHAT }, inside).end();
        }
        root.end();
      }
      expect(stringify).not.toHaveBeenCalled();
      const report = await processor.flush();
      expect(stringify).toHaveBeenCalled();
      expect(report).toMatchObject({
        ok: true,
        events: { delivered: 2 * RUNS * CALLS, rejected: 0, dropped: 0, pending: 0 },
        runs: { opened: RUNS, completed: RUNS },
      });
    } finally {
      stringify.mockRestore();
    }
  },
  30_000,
);
