/** OpenTelemetry as the service had it, and one line more. Loaded first: `node --import ./instrumentation.ts server.ts`. */
import { register } from "node:module";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { ApieSpanProcessor } from "apie-otel";

register("@opentelemetry/instrumentation/hook.mjs", import.meta.url);

const sdk = new NodeSDK({
  serviceName: "travel-desk",
  instrumentations: [new HttpInstrumentation()],
  spanProcessors: [
    new BatchSpanProcessor(new OTLPTraceExporter()),
    // Added. Key and address are in APIE_API_KEY and APIE_BASE_URL.
    new ApieSpanProcessor({ agent: { key: "travel-desk", name: "Travel desk" } }),
  ],
});

sdk.start();

process.once("SIGTERM", () => sdk.shutdown().catch(console.error));
