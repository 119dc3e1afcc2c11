/**
 * OpenTelemetry of this service. It is loaded before everything else, so that http is instrumented when the service imports
 * it: `node --import ./instrumentation.ts server.ts`.
 */
import { register } from "node:module";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { apie } from "./apie.ts";

// ES modules can be instrumented through this hook only.
register("@opentelemetry/instrumentation/hook.mjs", import.meta.url);

export const otlp = new BatchSpanProcessor(new OTLPTraceExporter());

export const sdk = new NodeSDK({
  serviceName: "shop-support",
  instrumentations: [new HttpInstrumentation()],
  spanProcessors: [
    otlp,
    apie.spanProcessor, // This line adds Apie. Nothing else here knows of it.
  ],
});

sdk.start();
