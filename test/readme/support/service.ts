/** A service with an agent, in a project that has the packed package: run as the README says, against loopback servers. */
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readReplays } from "../../../examples/support/replay.ts";
import { LocalReader, type Replay, startLocalApie } from "../../../src/local/index.ts";
import { dependencies, type Installed, install } from "../../package/support.ts";
import { OtlpReceiver, type ReceivedSpan } from "../../support/otlp-receiver.ts";
import { type Ended, runProgram } from "../../support/program.ts";

/** The Node npm runs on, and the scripts' own. */
export const NODES = [...new Set([process.env.npm_node_execpath ?? process.execPath, process.execPath])];
export const [OLDEST_NODE = process.execPath] = NODES;

export const OTEL_PACKAGES = [
  "@opentelemetry/api",
  "@opentelemetry/auto-instrumentations-node",
  "@opentelemetry/context-async-hooks",
  "@opentelemetry/core",
  "@opentelemetry/exporter-trace-otlp-http",
  "@opentelemetry/exporter-trace-otlp-proto",
  "@opentelemetry/instrumentation",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-node",
  "@opentelemetry/sdk-trace-base",
];

export const installWith = (packages: readonly string[]): Installed =>
  install([...dependencies(), ...packages]);

/** A library that asks a model over HTTP, twice by different means, and writes spans of the GenAI convention. */
const AGENT = `
const tracer = trace.getTracer("library");
const model = createServer((request, response) => response.end("{}"));
model.listen(0, "127.0.0.1", async () => {
  const url = "http://127.0.0.1:" + model.address().port + "/v1/chat";
  const run = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Desk" };
  await tracer.startActiveSpan("invoke_agent Desk", { attributes: run }, async (agent) => {
    const call = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "m" };
    await tracer.startActiveSpan("chat m", { kind: SpanKind.CLIENT, attributes: call }, async (chat) => {
      await (await fetch(url)).text();
      await new Promise((resolve) => get(url, (response) => response.resume().on("end", resolve)));
      chat.setAttributes({ "gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 3 });
      chat.end();
    });
    agent.end();
  });
  model.close();
});
`;

export const APPS: Readonly<Record<string, string>> = {
  "app.mjs": `import { createServer, get } from "node:http";
import { SpanKind, trace } from "@opentelemetry/api";
${AGENT}`,
  "app.cjs": `const { createServer, get } = require("node:http");
const { SpanKind, trace } = require("@opentelemetry/api");
${AGENT}`,
};

export interface Service {
  node?: string;
  /** Arguments of node, the program last. */
  args: readonly string[];
  /** Written beside each other into a folder of their own. */
  files: Readonly<Record<string, string>>;
  env?: Record<string, string>;
  /** `false`: without Apie's settings. */
  apie?: boolean;
}

export interface Served extends Ended {
  spans: ReceivedSpan[];
  contentTypes: string[];
  replays: Replay[];
  /** Addresses of the two destinations. */
  addresses: string[];
}

export async function serve(project: Installed, service: Service): Promise<Served> {
  const receiver = await OtlpReceiver.start();
  const apie = await startLocalApie({ key: "apie_sk_test" });
  const folder = join(project.folder, "services");
  if (!existsSync(folder)) mkdirSync(folder);
  const cwd = mkdtempSync(join(folder, "service-"));
  for (const [name, text] of Object.entries(service.files)) writeFileSync(join(cwd, name), text);
  try {
    const ended = await runProgram(service.node ?? OLDEST_NODE, service.args, {
      cwd,
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        // The detectors of clouds ask the network.
        OTEL_NODE_RESOURCE_DETECTORS: "env,host,os,process,container",
        OTEL_METRICS_EXPORTER: "none",
        OTEL_LOGS_EXPORTER: "none",
        ...(service.apie === false ? {} : { APIE_API_KEY: "apie_sk_test", APIE_BASE_URL: apie.url }),
        ...service.env,
      },
    });
    return {
      ...ended,
      spans: receiver.spans,
      contentTypes: [...new Set(receiver.exports.map(({ contentType }) => contentType))],
      replays: await readReplays(new LocalReader(apie.url, "apie_sk_test")),
      addresses: [receiver.url, apie.url],
    };
  } finally {
    await Promise.all([receiver.close(), apie.close()]);
  }
}
