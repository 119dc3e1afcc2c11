/** Everything that is measured. `rounds`: processes of each variant, interleaved; medians of them are told. */

const ALL = ["noop", "otlp", "langfuse", "braintrust", "apie", "both"];
const OURS = ["noop", "otlp", "apie", "both"];
const SPANS = 40_960;

export const PLAN = [
  {
    name: "caller-llm",
    title: "caller's side, model call, ns over no-op",
    job: { measure: "caller", shape: "llm", spans: SPANS },
    variants: ["noop", "otlp", "langfuse", "braintrust", "apie"],
    rounds: 3,
  },
  {
    name: "caller-http",
    title: "caller's side, rejected HTTP span, ns over no-op",
    job: { measure: "caller", shape: "http", spans: SPANS },
    variants: ["noop", "otlp", "apie"],
    rounds: 2,
  },
  {
    name: "cpu-25",
    title: "CPU until delivered, ÷ OTLP, 25 events per POST",
    job: { measure: "cpu", shape: "llm", spans: SPANS, batch: 25 },
    variants: ALL,
    rounds: 3,
  },
  {
    name: "cpu-500",
    title: "CPU until delivered, ÷ OTLP, 500 events per POST",
    job: { measure: "cpu", shape: "llm", spans: SPANS, batch: 500 },
    variants: OURS,
    rounds: 3,
  },
  {
    name: "cpu-run",
    title: "CPU until delivered, ÷ OTLP, a run per span",
    job: { measure: "cpu", shape: "run-per-span", spans: 8_192, batch: 500 },
    variants: ["noop", "otlp", "apie"],
    rounds: 3,
  },
  {
    name: "flush",
    title: "flush of 1,000 queued events: CPU, ÷ OTLP's of the same spans",
    job: { measure: "flush", shape: "llm", batch: 500, times: 40 },
    variants: ["otlp", "apie"],
    rounds: 3,
  },
  {
    name: "sustained",
    title: "sustained load without loss, ÷ OTLP alone",
    job: { measure: "sustained", shape: "llm", batch: 500, rungMs: 1_500 },
    variants: ["otlp", "langfuse", "both", "both-25"],
    rounds: 3,
  },
  {
    name: "guard",
    title: "what a guard adds to a tool call",
    job: { measure: "guard", calls: 2_000 },
    variants: ["post", "guard-off", "guard-monitor", "guard-enforce"],
    rounds: 3,
  },
  {
    name: "burst",
    title: "burst of 100,000 spans",
    job: { measure: "burst", shape: "llm", spans: 100_000, maxQueueSize: 300_000 },
    variants: ["otlp", "langfuse", "braintrust", "apie"],
    rounds: 2,
  },
  {
    name: "burst-run",
    title: "burst of 20,000 runs of one span",
    job: { measure: "burst", shape: "run-per-span", spans: 20_000, maxQueueSize: 300_000 },
    variants: ["otlp", "apie"],
    rounds: 1,
  },
];
