/**
 * A service whose agent works inside HTTP requests, instrumented as services are: server and client spans of `http` and
 * `fetch`, a model client under OpenInference, an agent library that starts its spans bare. `/sampler/NAME` takes another
 * sampler and begins a new part, and answers with what became of the last one; `/end` ends the program.
 */
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { OpenAIInstrumentation } from "@arizeai/openinference-instrumentation-openai";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  type IdGenerator,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import OpenAI from "openai";
import { Apie, recordAgentSpans } from "../../../src/index.ts";
import type { PartEnd, SamplerName, ServiceSettings } from "../service-settings.ts";

const settings = JSON.parse(process.argv[2] ?? "") as ServiceSettings;

const SAMPLERS: Readonly<Record<SamplerName, () => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: () => new TraceIdRatioBasedSampler(0.5),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: () => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.5) }),
};

/** Requests get the same ids whatever else begins traces meanwhile, all over the range that ratio samplers look at. */
class Ids implements IdGenerator {
  readonly #counts = { request: 0, other: 0, span: 0 };
  isNewRequest = true;

  generateTraceId = (): string => {
    const what = this.isNewRequest ? "request" : "other";
    this.isNewRequest = false;
    this.#counts[what] += 1;
    const high = ((this.#counts[what] * 2_654_435_761) >>> 0).toString(16).padStart(8, "0");
    return high + (what === "request" ? "0" : "1").repeat(24);
  };
  get spans(): number {
    return this.#counts.span;
  }

  generateSpanId = (): string => {
    this.#counts.span += 1;
    return this.#counts.span.toString(16).padStart(16, "0");
  };
}

const ids = new Ids();
const apie =
  settings.with === "nothing"
    ? undefined
    : new Apie({
        apiKey: "apie_sk_test_key",
        baseUrl: settings.apieUrl,
        agent: { key: "support", name: "Support" },
        onError: (error) => console.error(error.message),
      });
const exporting = new BatchSpanProcessor(new OTLPTraceExporter({ url: settings.otlpUrl }));
let current = SAMPLERS.always_on();
const sampler: Sampler = {
  shouldSample: (...asked) => current.shouldSample(...asked),
  toString: () => `Current{${current}}`,
};
const provider = new BasicTracerProvider({
  idGenerator: ids,
  sampler: apie === undefined ? sampler : recordAgentSpans(sampler),
  spanProcessors: apie === undefined ? [exporting] : [apie.spanProcessor as never, exporting],
});
trace.setGlobalTracerProvider(provider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
const isControl = (path: string | undefined): boolean => /^\/(sampler|end)\b/.test(path ?? "");
registerInstrumentations({
  instrumentations: [
    new HttpInstrumentation({ ignoreIncomingRequestHook: ({ url }) => isControl(url) }),
    new UndiciInstrumentation(),
  ],
});
const openInference = new OpenAIInstrumentation();
openInference.manuallyInstrument(OpenAI);
openInference.setTracerProvider(provider);
// Patched as it is required.
const http: typeof import("node:http") = createRequire(import.meta.url)("node:http");

const library = trace.getTracer("library");
const openai = new OpenAI({ baseURL: settings.downstreamUrl, apiKey: "none needed", maxRetries: 0 });

const askModel = () =>
  openai.chat.completions.create({ model: "m", messages: [{ role: "user", content: "Where?" }] });

/** A tool that looks something up over `http`. */
async function lookUp(): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    http.get(settings.downstreamUrl, (response) => response.resume().on("end", resolve)).on("error", reject);
  });
}

/** A span that says nothing of itself as it starts, as most agent libraries write them. */
async function bare(
  name: string,
  attributes: Record<string, string>,
  fn: () => Promise<unknown>,
): Promise<void> {
  await library.startActiveSpan(name, async (span) => {
    span.setAttributes(attributes);
    await fn();
    span.end();
  });
}

const WORK: Readonly<Record<string, () => Promise<unknown>>> = {
  "/agent": () =>
    bare("desk", { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Desk" }, async () => {
      await askModel();
      await bare("find", { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find" }, lookUp);
    }),
  "/model": askModel,
  "/api": async () =>
    apie?.withSession({}, () =>
      apie.withRun({}, async () => {
        await askModel();
        await apie.withTool({ tool: { name: "find" } }, lookUp);
      }),
    ),
};

/** Everything of the part has been sent when it is told. */
async function endPart(): Promise<PartEnd> {
  const report = await apie?.flush();
  await provider.forceFlush();
  return { report, spans: ids.spans };
}

async function control(path: string): Promise<PartEnd> {
  const ended = await endPart();
  const name = path.split("/")[2];
  if (name === undefined) server.close();
  else current = SAMPLERS[name as SamplerName]();
  return ended;
}

const server = http.createServer(async (request, response) => {
  const path = request.url ?? "";
  if (isControl(path)) {
    response.end(JSON.stringify(await control(path)));
    return;
  }
  ids.isNewRequest = false;
  await WORK[path]?.();
  ids.isNewRequest = true;
  response.end();
});
server.on("close", () => provider.shutdown());
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
