/** A service with a run under way: its tool never returns. Argument: address of Apie. */
import { trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { Apie } from "../../../src/index.ts";

const apie = new Apie({
  apiKey: "key",
  baseUrl: process.argv[2],
  agent: { key: "support", name: "Support" },
  flushIntervalMs: 50,
  onError: "silent",
});
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [apie.spanProcessor as never] }));

await apie.withSession({ kind: "pipeline" }, async () => {
  await apie.withRun({ metadata: { name: "done" } }, () =>
    apie.withTool({ tool: { name: "quick" } }, () => 1),
  );
  await apie.withRun({ metadata: { name: "under way" } }, () =>
    apie.withTool(
      { tool: { name: "endless" } },
      () => new Promise(() => setInterval(() => undefined, 1_000)),
    ),
  );
});
