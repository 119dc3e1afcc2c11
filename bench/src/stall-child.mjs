/**
 * One scenario, one process: the longest turn of the event loop that is not the application's own. Told in CPU time of the main
 * thread, which other processes on the machine do not lengthen. Prints one JSON line.
 */

import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { httpSpan, llmSpan, SPANS_PER_RUN, startRun } from "./shapes.mjs";

const { scenario, variant, url } = JSON.parse(process.argv[2] ?? "{}");

/** Milliseconds of CPU; of all threads where Node does not tell them apart. */
const used = process.threadCpuUsage ?? process.cpuUsage;
const cpuMs = () => {
  const { user, system } = used.call(process);
  return (user + system) / 1_000;
};

/** The longest turn, and what the application itself took in it. */
class Probe {
  worst = 0;
  #own = 0;
  #last = 0;
  #stopped = false;

  start() {
    this.#last = cpuMs();
    const tick = () => {
      const now = cpuMs();
      this.worst = Math.max(this.worst, now - this.#last - this.#own);
      this.#own = 0;
      this.#last = now;
      if (!this.#stopped) setImmediate(tick);
    };
    setImmediate(tick);
  }

  /** The application's own work; the processor's callbacks are in it, and are measured elsewhere. */
  own(work) {
    const before = cpuMs();
    work();
    this.#own += cpuMs() - before;
  }

  stop() {
    this.#stopped = true;
    return this.worst;
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const MEGABYTE = 1_000_000;
const CHAT = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini" };
const SECRETS =
  '"api_key": "sk-abcdefghijklmnopqrstuvwxyz0123456789", password=hunter2x9 Bearer abcdefghijk.lmno12 token: ghp_0123456789abcdefghij0123456789 ';

const flat = (length, text) => Buffer.alloc(length, text).toString();
const messages = (count, content) =>
  JSON.stringify(Array.from({ length: count }, (_, i) => ({ role: "user", content: `${i} ${content}` })));

function run(tracer) {
  const { root, parent } = startRun(tracer);
  for (let i = 0; i < SPANS_PER_RUN; i += 1) {
    llmSpan(tracer, parent);
    httpSpan(tracer);
  }
  root.end();
}

function prompt(tracer, input) {
  const { root, parent } = startRun(tracer);
  const span = tracer.startSpan("chat gpt-4o-mini", { attributes: CHAT }, parent);
  span.setAttribute("gen_ai.input.messages", input);
  span.setAttribute("gen_ai.output.messages", input);
  span.end();
  root.end();
}

/** What one turn of the application's is, how often it comes, and what is made ready before. */
const SCENARIOS = {
  /** A busy service: runs of 64 model calls among HTTP spans. */
  steady: () => ({ turns: 300, work: run }),
  prompts: () => {
    const large = messages(1, flat(10 * MEGABYTE, "the quick brown fox jumps over the lazy dog "));
    return { turns: 100, work: (tracer) => prompt(tracer, large) };
  },
  /** Two megabytes are read as JSON, and as much as is kept goes through redaction. */
  histories: () => {
    const long = messages(500, flat(4_000, "the quick brown fox jumps over the lazy dog "));
    return { turns: 100, work: (tracer) => prompt(tracer, long) };
  },
  secrets: () => {
    const secrets = messages(40, flat(16_000, SECRETS));
    return { turns: 100, work: (tracer) => prompt(tracer, secrets) };
  },
  burst: () => ({
    turns: 1,
    work: (tracer) => {
      for (let made = 0; made < 100_000; made += 2 * SPANS_PER_RUN) run(tracer);
    },
  }),
};

const nothing = () => undefined;
const VARIANTS = {
  noop: () => ({ onStart: nothing, onEnd: nothing, forceFlush: nothing, shutdown: nothing }),
  apie: async () => {
    const { ApieSpanProcessor } = await import("../../dist/index.mjs");
    return new ApieSpanProcessor({
      apiKey: "k",
      baseUrl: url,
      agent: { key: "bench", name: "Bench" },
      captureContent: true,
      maxQueueSize: 300_000,
      maxQueueBytes: 1_000 * MEGABYTE,
      flushTimeoutMs: 120_000,
    });
  },
};

const processor = await VARIANTS[variant]();
const finish = async () => {
  const report = await processor.flush?.();
  if (report?.ok === false || report?.events.dropped > 0)
    throw new Error(`not delivered: ${JSON.stringify(report)}`);
};
const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer("bench");
// Compiled, and the agent registered.
for (let i = 0; i < 100; i += 1) {
  run(tracer);
  prompt(tracer, messages(3, SECRETS));
  await turn();
}
await finish();
const { turns, work } = SCENARIOS[scenario]();
const probe = new Probe();
probe.start();
for (let i = 0; i < turns; i += 1) {
  probe.own(() => work(tracer));
  await turn();
}
await finish();
console.log(JSON.stringify({ scenario, variant, worstMs: probe.stop() }));
setTimeout(() => process.exit(0), 50);
