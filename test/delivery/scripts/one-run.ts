/**
 * A program with one run, for what only a process of its own shows. Arguments: address of Apie, and what to do at its end:
 * `nothing`, `ready`, `flush`, or `shutdown`.
 */
import { trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { Apie } from "../../../src/index.ts";

const [, , baseUrl, ending] = process.argv;
const apie = new Apie({
  apiKey: "key",
  baseUrl,
  agent: { key: "support", name: "Support" },
  flushIntervalMs: 100,
  retryBaseDelayMs: 200,
  flushTimeoutMs: 5_000,
  shutdownTimeoutMs: 5_000,
  onError: "silent",
});
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [apie.spanProcessor as never] }));

await apie.withRun({ inputSummary: "ask" }, () => apie.withTool({ tool: { name: "search" } }, () => 42));
if (ending === "ready") console.log(JSON.stringify(await apie.ready()));
if (ending === "flush") console.log(JSON.stringify(await apie.flush()));
if (ending === "shutdown") console.log(JSON.stringify(await apie.shutdown()));
console.log("end");
