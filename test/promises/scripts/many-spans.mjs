/**
 * A service that makes very many spans in a short time, of which one in ten never ends: requests with HTTP noise around an agent's
 * work. Arguments: how many spans, address of Apie. Prints one line of JSON. Meant for a process of its own with a small heap.
 */
import { ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { ApieSpanProcessor } from "../../../dist/index.mjs";

const [, , count, baseUrl] = process.argv;
const total = Number(count);

const processor = new ApieSpanProcessor({
  apiKey: "key",
  baseUrl,
  agent: { key: "support", name: "Support" },
  captureContent: true,
  onError: "silent",
  maxBatchSize: 500,
  flushTimeoutMs: 60_000,
  shutdownTimeoutMs: 2_000,
});
let endsHeard = 0;
const neighbour = {
  onStart: () => undefined,
  onEnd: () => {
    endsHeard += 1;
  },
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};
const provider = new BasicTracerProvider({ spanProcessors: [processor, neighbour] });
const tracer = provider.getTracer("service");

const REQUEST = { "http.request.method": "POST", "url.path": "/chat" };
const CALL = { "http.request.method": "POST", "url.full": "https://api.example.com/v1/chat" };
const AGENT = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Desk" };
const TOOL = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find_order" };
const CHAT = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "m",
};

let made = 0;
let ended = 0;
let prompts = 0;

function start(name, kind, attributes, parent) {
  made += 1;
  return tracer.startSpan(name, { kind, attributes }, parent);
}

/** Ends the spans of one request but for one of the ten; which one moves on with each request. */
const ends = () => {
  let nth = 0;
  return (span) => {
    nth += 1;
    if (nth % 10 === Math.floor(made / 10) % 10) return;
    ended += 1;
    span.end();
  };
};

function request() {
  const finish = ends();
  const http = start("POST /chat", SpanKind.SERVER, REQUEST, ROOT_CONTEXT);
  const inRequest = trace.setSpan(ROOT_CONTEXT, http);
  const agent = start("invoke_agent Desk", SpanKind.INTERNAL, AGENT, inRequest);
  const inAgent = trace.setSpan(inRequest, agent);
  for (let call = 0; call < 3; call += 1) {
    prompts += 1;
    const chat = start("chat m", SpanKind.CLIENT, CHAT, inAgent);
    chat.setAttribute("gen_ai.input.messages", `[{"role":"user","content":"Where is order ${prompts}?"}]`);
    const wire = start("POST", SpanKind.CLIENT, CALL, trace.setSpan(inAgent, chat));
    finish(wire);
    chat.setAttribute("gen_ai.usage.input_tokens", 12);
    finish(chat);
  }
  const tool = start("execute_tool find_order", SpanKind.INTERNAL, TOOL, inAgent);
  finish(
    start("SELECT orders", SpanKind.CLIENT, { "db.system.name": "postgresql" }, trace.setSpan(inAgent, tool)),
  );
  finish(tool);
  finish(agent);
  finish(http);
}

while (made < total) {
  for (let i = 0; i < 50; i += 1) request();
  await new Promise((resolve) => setImmediate(resolve));
}
const { tracker, delivery } = processor.pipeline;
const held = { spans: tracker.spansInFlight, openRuns: tracker.openRuns, queued: delivery.queued };
const report = await processor.flush();
await provider.shutdown();
const { events, runs } = delivery.counters;
console.log(
  JSON.stringify({
    made,
    ended,
    endsHeard,
    held,
    report,
    events,
    runs,
    peakMb: process.resourceUsage().maxRSS / 1e3,
    cpuSeconds: process.cpuUsage().user / 1e6,
  }),
);
