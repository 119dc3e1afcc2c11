/** One variant, one measure, one process. Prints one JSON line. */

import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { httpSpan, llmSpan, SPANS_PER_RUN, startRun } from "./shapes.mjs";
import { VARIANTS } from "./variants.mjs";

const job = JSON.parse(process.argv[2] ?? "{}");
const { variant, measure, shape, url } = job;

const ask = async (path) => (await fetch(`${url}${path}`)).json();
const atSink = () => ask("/count");
const destination = await VARIANTS[variant]({ ...job, countSpans: async () => (await atSink()).spans });
const provider = new BasicTracerProvider({ spanProcessors: destination.processors });
trace.setGlobalTracerProvider(provider);
const tracer = provider.getTracer("bench");
const turn = () => new Promise((resolve) => setImmediate(resolve));

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

async function warmUp(slices = 80) {
  for (let i = 0; i < slices; i += 1) {
    slice();
    await turn();
  }
  await destination.finish();
  await ask("/reset");
}

const { default: run } = await import(`./measures/${measure}.mjs`);
const result = await run({ job, destination, tracer, ask, atSink, turn, slice, warmUp });
console.log(JSON.stringify({ ...job, ...result }));
setTimeout(() => process.exit(0), 50);
