/** One variant, one measure, one process. Prints one JSON line. */

import { ROOT_CONTEXT } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { httpSpan, llmSpan, SPANS_PER_RUN, startRun } from "./shapes.mjs";
import { VARIANTS } from "./variants.mjs";

const job = JSON.parse(process.argv[2] ?? "{}");
const { variant, measure, shape, spans, url, batch, maxQueueSize } = job;

const atSink = async () => (await fetch(`${url}/count`)).json();
const { processors, finish } = await VARIANTS[variant]({
  url,
  batch,
  maxQueueSize,
  countSpans: async () => (await atSink()).spans,
});
const provider = new BasicTracerProvider({ spanProcessors: processors });
const tracer = provider.getTracer("bench");
const turn = () => new Promise((resolve) => setImmediate(resolve));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Makes one slice of spans synchronously. */
function slice() {
  if (shape === "http") {
    for (let i = 0; i < SPANS_PER_RUN; i += 1) httpSpan(tracer);
    return;
  }
  if (shape === "run-per-span") {
    for (let i = 0; i < SPANS_PER_RUN; i += 1) llmSpan(tracer, ROOT_CONTEXT);
    return;
  }
  const { root, parent } = startRun(tracer);
  for (let i = 0; i < SPANS_PER_RUN; i += 1) llmSpan(tracer, parent);
  root.end();
}

async function warmUp() {
  for (let i = 0; i < 80; i += 1) {
    slice();
    await turn();
  }
  await finish();
  await fetch(`${url}/reset`);
}

/** Caller's side: nanoseconds per span, median over slices; other work runs between slices. */
async function caller() {
  await warmUp();
  const slices = Math.floor(spans / SPANS_PER_RUN);
  const times = [];
  for (let i = 0; i < slices; i += 1) {
    const start = process.hrtime.bigint();
    slice();
    times.push(Number(process.hrtime.bigint() - start) / SPANS_PER_RUN);
    await turn();
  }
  await finish();
  return { p50: median(times), worstSliceMs: (Math.max(...times) * SPANS_PER_RUN) / 1e6 };
}

/** Whole process: CPU microseconds per span until the last one was delivered. */
async function cpu() {
  await warmUp();
  const slices = Math.floor(spans / SPANS_PER_RUN);
  const before = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < slices; i += 1) {
    slice();
    await turn();
  }
  await finish();
  const used = process.cpuUsage(before);
  const total = slices * SPANS_PER_RUN;
  return {
    cpuUs: (used.user + used.system) / total,
    wallMs: performance.now() - start,
    sink: await atSink(),
  };
}

/** One synchronous burst: what is lost, what memory it takes, how long the worst `span.end()` is. */
async function burst() {
  await finish();
  await fetch(`${url}/reset`);
  const baseline = process.memoryUsage().rss;
  let worst = 0n;
  const slices = Math.ceil(spans / SPANS_PER_RUN);
  let made = 0;
  for (let i = 0; i < slices; i += 1) {
    const parent = shape === "run-per-span" ? undefined : startRun(tracer);
    for (let j = 0; j < SPANS_PER_RUN && made < spans; j += 1, made += 1) {
      const start = process.hrtime.bigint();
      llmSpan(tracer, parent?.parent ?? ROOT_CONTEXT);
      const took = process.hrtime.bigint() - start;
      if (took > worst) worst = took;
    }
    parent?.root.end();
  }
  const burstRss = process.memoryUsage().rss;
  await finish();
  return {
    made,
    worstSpanMs: Number(worst) / 1e6,
    baselineMb: baseline / 1e6,
    burstMb: burstRss / 1e6,
    peakMb: process.resourceUsage().maxRSS / 1e3,
    sink: await atSink(),
  };
}

const result = await { caller, cpu, burst }[measure]();
console.log(JSON.stringify({ ...job, ...result }));
setTimeout(() => process.exit(0), 50);
