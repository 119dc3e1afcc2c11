/**
 * A function as serverless platforms run it: one request, one run. `/flush` answers when `flush()` has resolved, with its
 * report; `/forget` answers at once. Argument: address of Apie.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { Apie } from "../../../src/index.ts";

const apie = new Apie({
  apiKey: "key",
  baseUrl: process.argv[2],
  agent: { key: "support", name: "Support" },
  flushIntervalMs: 200,
  retryBaseDelayMs: 50,
  flushTimeoutMs: 1_000,
  onError: "silent",
});
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [apie.spanProcessor as never] }));

const server = createServer(async ({ url = "" }, response) => {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const name = searchParams.get("name") ?? "";
  await apie.withRun({ metadata: { name } }, () => apie.withTool({ tool: { name } }, () => name));
  const report = pathname === "/flush" ? await apie.flush() : undefined;
  const { possibleDuplicates } = apie.queueDiagnostics();
  response.end(JSON.stringify({ report, possibleDuplicates }));
});
server.listen(0, "127.0.0.1", () => console.log(`port ${(server.address() as AddressInfo).port}`));
