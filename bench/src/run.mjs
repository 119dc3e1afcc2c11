/**
 * Runs every measure with all variants interleaved in rotating order, each run in a process of its own, and prints medians
 * and ratios. `node src/run.mjs [--rounds N] [--quick] [--json]`
 */
import { execFile, fork } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);
const args = process.argv.slice(2);
const quick = args.includes("--quick");
const asJson = args.includes("--json");
const only = args.includes("--only") ? args[args.indexOf("--only") + 1] : undefined;
const rounds = args.includes("--rounds") ? Number(args[args.indexOf("--rounds") + 1]) : quick ? 2 : 5;
const SPANS = quick ? 8_192 : 40_960;
const BURST = 100_000;
/** The machine's own Node where npm brings another one along. */
const node = process.env.BENCH_NODE ?? process.env.npm_node_execpath ?? process.execPath;

const ALL = ["noop", "otlp", "langfuse", "braintrust", "apie"];
const MEASURES = [
  {
    name: "caller-llm",
    title: "(a) caller's side, model call, ns per span",
    measure: "caller",
    shape: "llm",
    spans: SPANS,
    variants: ALL,
  },
  {
    name: "caller-http",
    title: "(a) caller's side, rejected HTTP span, ns per span",
    measure: "caller",
    shape: "http",
    spans: SPANS,
    variants: ["noop", "otlp", "apie"],
  },
  {
    name: "caller-run",
    title: "(a) caller's side, a run per span, ns per span",
    measure: "caller",
    shape: "run-per-span",
    spans: SPANS,
    variants: ["noop", "otlp", "apie"],
  },
  {
    name: "cpu-25",
    title: "(b) CPU until delivered, 25 events per POST, µs per span",
    measure: "cpu",
    shape: "llm",
    spans: SPANS,
    batch: 25,
    variants: ALL,
  },
  {
    name: "cpu-500",
    title: "(b) CPU until delivered, 500 events per POST, µs per span",
    measure: "cpu",
    shape: "llm",
    spans: SPANS,
    batch: 500,
    variants: ["noop", "otlp", "apie"],
  },
  {
    name: "cpu-run",
    title: "(b) CPU until delivered, a run per span, µs per span",
    measure: "cpu",
    shape: "run-per-span",
    spans: Math.min(SPANS, 8_192),
    batch: 500,
    variants: ["noop", "otlp", "apie"],
  },
  {
    name: "burst",
    title: "(c) burst of 100,000 spans in one go",
    measure: "burst",
    shape: "llm",
    spans: BURST,
    maxQueueSize: 300_000,
    variants: ["otlp", "langfuse", "braintrust", "apie"],
  },
  {
    name: "burst-run",
    title: "(c) burst of 20,000 runs of one span",
    measure: "burst",
    shape: "run-per-span",
    spans: 20_000,
    maxQueueSize: 300_000,
    variants: ["otlp", "apie"],
  },
].filter(({ name }) => only === undefined || name.startsWith(only));

const sink = fork(join(here, "sink.mjs"), { execPath: node });
const port = await new Promise((resolve) => sink.once("message", (message) => resolve(message.port)));
const url = `http://127.0.0.1:${port}`;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const fixed = (value, digits = 1) => value.toFixed(digits);

async function child(job) {
  const { stdout } = await run(node, [join(here, "child.mjs"), JSON.stringify({ ...job, url })], {
    maxBuffer: 1e8,
  });
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

async function measureAll({ variants, ...job }) {
  const results = Object.fromEntries(variants.map((variant) => [variant, []]));
  const times = job.measure === "burst" ? Math.min(rounds, 3) : rounds;
  for (let round = 0; round < times; round += 1) {
    for (let i = 0; i < variants.length; i += 1) {
      const variant = variants[(i + round) % variants.length];
      results[variant].push(await child({ ...job, variant }));
    }
  }
  return results;
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return rows
    .map((row) => row.map((cell, column) => String(cell).padEnd(widths[column])).join("  "))
    .join("\n");
}

function callerTable(results) {
  const p50 = Object.fromEntries(
    Object.entries(results).map(([name, runs]) => [name, median(runs.map((r) => r.p50))]),
  );
  return table([
    ["variant", "p50 ns", "over no-op ns", "worst slice ms"],
    ...Object.entries(results).map(([name, runs]) => [
      name,
      fixed(p50[name], 0),
      fixed(p50[name] - p50.noop, 0),
      fixed(median(runs.map((r) => r.worstSliceMs))),
    ]),
  ]);
}

function cpuTable(results) {
  const cpu = Object.fromEntries(
    Object.entries(results).map(([name, runs]) => [name, median(runs.map((r) => r.cpuUs))]),
  );
  return table([
    ["variant", "CPU µs/span", "÷ OTLP", "over no-op ÷ OTLP's", "arrived (spans / events)", "bytes/span"],
    ...Object.entries(results).map(([name, runs]) => [
      name,
      fixed(cpu[name]),
      fixed(cpu[name] / cpu.otlp, 2),
      fixed((cpu[name] - cpu.noop) / (cpu.otlp - cpu.noop), 2),
      `${runs[0].sink.spans} / ${runs[0].sink.events}`,
      fixed(runs[0].sink.bytes / runs[0].spans, 0),
    ]),
  ]);
}

function burstTable(results) {
  return table([
    ["variant", "made", "lost %", "peak RSS MB", "before MB", "worst span ms"],
    ...Object.entries(results).map(([name, runs]) => {
      const lost = runs.map((r) => {
        // A model call is two events; a run's own span is none, over OTLP it is one more.
        const runSpans = r.shape === "llm" ? Math.ceil(r.made / 64) : 0;
        const arrived =
          name === "apie" ? r.sink.events / 2 : Math.max(0, r.sink.spans * (r.made / (r.made + runSpans)));
        return 100 * (1 - arrived / r.made);
      });
      return [
        name,
        runs[0].made,
        fixed(Math.max(...lost), 2),
        fixed(median(runs.map((r) => r.peakMb))),
        fixed(median(runs.map((r) => r.baselineMb))),
        fixed(median(runs.map((r) => r.worstSpanMs)), 2),
      ];
    }),
  ]);
}

const TABLES = { caller: callerTable, cpu: cpuTable, burst: burstTable };
const { stdout: version } = await run(node, ["--version"]);
if (!asJson) console.log(`Node ${version.trim()}, ${rounds} rounds, medians, variants interleaved\n`);
const all = {};
for (const measure of MEASURES) {
  const results = await measureAll(measure);
  all[measure.name] = results;
  if (!asJson) console.log(`${measure.title}\n${TABLES[measure.measure](results)}\n`);
}
if (asJson) console.log(JSON.stringify(all));
sink.disconnect();
