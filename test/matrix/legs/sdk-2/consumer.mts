// Type-checked as it stands: a service on this line of the SDK.
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import { Apie, ApieSpanProcessor, type FlushReport, recordAgentSpans } from "apie-otel";
import { buildToolCallEvent, validateEvents } from "apie-otel/events";
import { startLocalApie } from "apie-otel/local";
import { ATTR_AGENT_RUN_ID } from "apie-otel/semconv";
import { startApie } from "apie-otel/start";

const apie = new Apie({ apiKey: "k", baseUrl: "https://x", agent: { key: "a", name: "A" } });
const exporter = new OTLPTraceExporter();
const exporting = new BatchSpanProcessor(exporter);
const processors: SpanProcessor[] = [apie.spanProcessor, new ApieSpanProcessor({ forwardTo: exporting })];
const sampler: Sampler = recordAgentSpans(
  new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.1) }),
);
export const provider = new BasicTracerProvider({ spanProcessors: processors, sampler });

export const value: Promise<number> = apie.withRun({ inputSummary: "x" }, async (run) => run.id.length);
export const report: Promise<FlushReport> = apie.flush();
export const valid: boolean = validateEvents([buildToolCallEvent("a", { tool: { name: "t" } })]).valid;
export const key: "agent.run.id" = ATTR_AGENT_RUN_ID;
export { startApie, startLocalApie };
