/**
 * One import in a process of its own: `{ runs, to: "apie" | "exporter" | "nothing", url, heap }`. Prints one JSON line: runs per second, and
 * with `heap` (which needs --expose-gc, and takes its time) what is held beyond the parsed input while the import is at work.
 */
import { parsedRuns } from "./agno-runs.mjs";
import { cpuSince } from "./numbers.mjs";

const { runs, to, url, heap } = JSON.parse(process.argv[2] ?? "{}");
/** Another build than this one, to compare two of them. */
const { ApieSpanProcessor } = await import(process.env.BENCH_BUILD ?? "../../dist/index.mjs");
const { agnoRuns, importSpans } = await import(
  process.env.BENCH_BUILD?.replace(/index\.mjs$/, "imports.mjs") ?? "../../dist/imports.mjs"
);

/** How often the heap is looked at: collecting all garbage takes as long as the heap is large. */
const LOOKS = 12;

const destinations = {
  apie: () => ({
    processor: new ApieSpanProcessor({
      apiKey: "k",
      baseUrl: url,
      agent: { key: "bench", name: "Bench" },
      flushTimeoutMs: 120_000,
    }),
  }),
  exporter: async () => {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
    return { exporter: new OTLPTraceExporter({ url: `${url}/v1/traces` }) };
  },
  nothing: () => ({ exporter: { export: (_spans, done) => done({ code: 0 }) } }),
};

function held() {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Looks at the heap between runs, while whatever the import holds is held. */
function* watched(spans, look) {
  let runsSeen = 0;
  const every = Math.max(1, Math.floor(runs / LOOKS));
  for (const span of spans) {
    if (span.attributes["agent.operation.name"] === "run") {
      runsSeen += 1;
      // Not the first ones: code is compiled then.
      if (runsSeen % every === 0) look();
    }
    yield span;
  }
}

const destination = await destinations[to]();
const send = (spans) => importSpans(spans, destination);
// What is made once: code, connections, the agent's registration.
await send(agnoRuns(parsedRuns(20)));

const input = parsedRuns(runs);
let most = 0;
const before = heap ? held() : 0;
const rssBefore = process.memoryUsage().rss;
const look = () => {
  most = Math.max(most, held());
};
const spans = agnoRuns(input);
const started = performance.now();
const cpuBefore = process.cpuUsage();
const report = await send(heap ? watched(spans, look) : spans);
const cpuMs = cpuSince(cpuBefore) / 1_000;
const seconds = (performance.now() - started) / 1_000;
if (!report.ok) throw new Error(`not all arrived: ${JSON.stringify({ ...report, known: undefined })}`);
console.log(
  JSON.stringify({
    runs: report.runs,
    spans: report.spans,
    events: report.events.delivered,
    perSecond: runs / seconds,
    cpuMs: cpuMs / runs,
    ...(heap
      ? { heldBytes: most - before, inputBytes: before }
      : { peakRssBytes: process.resourceUsage().maxRSS * 1_024 - rssBefore }),
  }),
);
setTimeout(() => process.exit(0), 50);
