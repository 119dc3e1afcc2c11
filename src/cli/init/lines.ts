/** What to add to a service, by how it sets OpenTelemetry up. `test/cli/init.test.ts` holds it against the README. */
import { dirname, relative, sep } from "node:path";
import { CONFIG_FILE } from "./config-text.ts";
import type { Detected, Setup } from "./detect.ts";

export interface Advice {
  /** What was found, in words. */
  readonly found: string;
  readonly what: string;
  /** Code, or commands. */
  readonly lines: readonly string[];
}

const optionsFrom = (folder: string): string => `import options from "${folder}/${CONFIG_FILE}";`;
const OPTIONS = optionsFrom(".");
const PROCESSOR = `import { ApieSpanProcessor } from "apie-otel";`;
const BATCH = `import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";`;
const SHUTDOWN = `process.once("beforeExit", () => sdk.shutdown().catch(console.error));`;

const APPENDED = [
  PROCESSOR,
  OPTIONS,
  "",
  "  spanProcessors: [",
  "    new ApieSpanProcessor(options),",
  "  ],",
];

export const ADVICE: Readonly<Record<Setup, Advice>> = {
  span_processors: {
    found: "a NodeSDK that lists its spanProcessors",
    what: "append ours to the list",
    lines: [...APPENDED, SHUTDOWN],
  },
  trace_exporter: {
    found: "a NodeSDK with a traceExporter",
    what: "`spanProcessors` replaces it, so hand your exporter to ours in its place",
    lines: [
      BATCH,
      PROCESSOR,
      OPTIONS,
      "",
      "const exporter = new OTLPTraceExporter(); // what you passed as traceExporter",
      "",
      "  spanProcessors: [",
      "    new ApieSpanProcessor({",
      "      ...options,",
      "      forwardTo: new BatchSpanProcessor(exporter),",
      "    }),",
      "  ],",
      SHUTDOWN,
    ],
  },
  environment: {
    found: "a NodeSDK that OTEL_* configures",
    what: "`spanProcessors` replaces what the environment configures; the exporter reads the same environment by itself",
    lines: [
      `import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";`,
      BATCH,
      PROCESSOR,
      OPTIONS,
      "",
      "const exporting = new BatchSpanProcessor(new OTLPTraceExporter());",
      "",
      "  spanProcessors: [",
      "    new ApieSpanProcessor({ ...options, forwardTo: exporting }),",
      "  ],",
      SHUTDOWN,
    ],
  },
  auto: {
    found: "@opentelemetry/auto-instrumentations-node, started by --import …/register",
    what: "it has no place for a processor: this file, as --import ./instrumentation.mjs in its place, does the same and has one",
    lines: [
      `import { getNodeAutoInstrumentations, getResourceDetectors } from "@opentelemetry/auto-instrumentations-node";`,
      `import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";`,
      `import { NodeSDK } from "@opentelemetry/sdk-node";`,
      BATCH,
      PROCESSOR,
      OPTIONS,
      "",
      "const sdk = new NodeSDK({",
      "  instrumentations: [getNodeAutoInstrumentations()],",
      "  resourceDetectors: getResourceDetectors(),",
      "  spanProcessors: [",
      "    new ApieSpanProcessor({",
      "      ...options,",
      "      forwardTo: new BatchSpanProcessor(new OTLPTraceExporter()),",
      "    }),",
      "  ],",
      "});",
      "sdk.start();",
      `for (const end of ["SIGTERM", "beforeExit"]) process.once(end, () => sdk.shutdown().catch(console.error));`,
    ],
  },
  provider: {
    found: "a tracer provider of your own",
    what: "append ours to its spanProcessors",
    lines: [...APPENDED, `process.once("beforeExit", () => provider.shutdown().catch(console.error));`],
  },
  elsewhere: {
    found: "an OpenTelemetry SDK among the dependencies, and no file here that sets it up",
    what: "append ours to the span processors, wherever the provider is made",
    lines: [...APPENDED, SHUTDOWN],
  },
  none: {
    found: "no OpenTelemetry",
    what: "install its SDK and start your program with ours, which reads the config file",
    lines: [
      "npm install apie-otel @opentelemetry/api @opentelemetry/sdk-trace @opentelemetry/resources @opentelemetry/core @opentelemetry/context-async-hooks @opentelemetry/exporter-trace-otlp-proto",
      "node --import apie-otel/register app.js",
    ],
  },
};

/** With the config file, which lies in the project's folder, as the file found there imports it. */
export function adviceFor({ setup, file = CONFIG_FILE }: Detected): Advice {
  const advice = ADVICE[setup];
  const up = relative(dirname(file), ".").split(sep).join("/") || ".";
  return { ...advice, lines: advice.lines.map((line) => (line === OPTIONS ? optionsFrom(up) : line)) };
}
