/** Imports what an AgentOS has recorded of a session, as often as you like: only what is new is sent. */
import { readFile } from "node:fs/promises";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { ApieSpanProcessor } from "apie-otel";
import { agnoRuns, importSpans } from "apie-otel/imports";

const [, , file = "session.json", queueStoragePath = "./apie/", state = "open"] = process.argv;

// What was imported is remembered beside the queue: another process knows it, too.
const processor = new ApieSpanProcessor({ agent: { key: "importer", name: "Importer" }, queueStoragePath });
const exporter = new OTLPTraceExporter();

// A file here; elsewhere the answer of GET /sessions/{id}/runs.
const runs: unknown = JSON.parse(await readFile(file, "utf8"));
const spans = agnoRuns(runs, {
  sessionId: "5621ae22-b45d-43f1-a303-9d26488dcf44",
  sessionsEnded: state === "ended",
});

const report = await importSpans(spans, { processor, exporter });
const { runs: sent, unchanged, events, exported } = report;
console.log(`runs: ${sent} sent, ${unchanged} there already`);
console.log(`events to Apie: ${events.delivered}, spans over OTLP: ${exported.delivered}`);

await processor.shutdown();
await exporter.shutdown();
process.exitCode = report.ok ? 0 : 1;
