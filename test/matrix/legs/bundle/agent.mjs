// What a service bundles: the SDK, the exporter and apie-otel become one file.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { Apie } from "apie-otel";
import { startApie } from "apie-otel/start";

const paths = [];
/** Apie and an OTLP backend in one. */
const server = createServer((request, response) => {
  paths.push(request.url);
  const id = request.url.endsWith("/runs")
    ? { id: "run_1" }
    : { agent_id: "agt_1", agent_version_id: "ver_1" };
  request
    .resume()
    .on("end", () => response.setHeader("content-type", "application/json").end(JSON.stringify(id)));
});

const work = (apie) => apie.withRun({}, () => apie.withTool({ tool: { name: "find" } }, () => 42));

async function main() {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${server.address().port}`;
  const url = `${baseUrl}/v1/traces`;
  const options = { apiKey: "key", baseUrl, agent: { key: "support", name: "Support" } };

  const apie = new Apie(options);
  const exporting = new BatchSpanProcessor(new OTLPTraceExporter({ url }));
  const provider = new BasicTracerProvider({ spanProcessors: [apie.spanProcessor, exporting] });
  trace.setGlobalTracerProvider(provider);
  assert.equal(await work(apie), 42);
  await provider.shutdown();
  trace.disable();
  const { ok, runs, events } = await apie.flush();
  assert.deepEqual([ok, runs.completed, events.delivered], [true, 1, 3]);
  assert.ok(paths.includes("/v1/traces"));

  // The SDK that startApie loads stays outside of the bundle, in the project's node_modules.
  const started = await startApie({ ...options, otlp: { url } });
  assert.equal(await work(started.apie), 42);
  const report = await started.shutdown();
  assert.deepEqual([report.ok, report.runs.completed], [true, 1]);
  assert.equal(paths.filter((path) => path === "/v1/traces").length, 2);

  server.closeAllConnections();
  server.close();
  console.log("bundled");
}

main();
