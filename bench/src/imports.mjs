/**
 * Imports of recorded runs of a hundred events each, in processes of their own: runs per second of 1,000, to Apie, over OTLP, and
 * made into spans only; and the memory held beyond the parsed input for 100, 1,000 and 4,000 runs, which is to be the same.
 * Ends with 1 when it is not. `node src/imports.mjs [--rounds N] [--runs N] [--json]`
 */
import { execFile, fork } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { EVENTS_PER_RUN } from "./agno-runs.mjs";
import { median } from "./numbers.mjs";

const { values: given } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    runs: { type: "string", default: "1000" },
    json: { type: "boolean" },
  },
});
const here = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);
const node = process.env.BENCH_NODE ?? process.env.npm_node_execpath ?? process.execPath;
const DESTINATIONS = { apie: "to Apie", exporter: "over OTLP", nothing: "spans only" };
const RUNS = Number(given.runs);
const SIZES = [RUNS / 10, RUNS, RUNS * 4].map(Math.round);
/** What the most runs may hold more than the fewest, in parsed runs: a line of the id map for each is some hundred bytes. */
const MAX_GROWTH_RUNS = 60;
const MB = 1_000_000;

const sink = fork(join(here, "sink.mjs"), { execPath: node });
const { port } = await new Promise((resolve) => sink.once("message", resolve));

async function child(job) {
  const text = JSON.stringify({ ...job, url: `http://127.0.0.1:${port}` });
  const { stdout } = await run(node, ["--expose-gc", join(here, "imports-child.mjs"), text], {
    maxBuffer: 1e8,
    timeout: 900_000,
  });
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

const print = given.json ? () => undefined : console.log;
const results = {};
try {
  print(`Imports of runs of ${EVENTS_PER_RUN} events each\n`);
  for (const [to, title] of Object.entries(DESTINATIONS)) {
    const speeds = [];
    for (let round = 0; round < Number(given.rounds); round += 1)
      speeds.push(await child({ runs: RUNS, to }));
    const perSecond = median(speeds.map((speed) => speed.perSecond));
    const cpuMs = median(speeds.map((speed) => speed.cpuMs));
    const peakRssMb = median(speeds.map((speed) => speed.peakRssBytes)) / MB;
    const held = [];
    for (const runs of SIZES) held.push(await child({ runs, to, heap: true }));
    const runBytes = (held.at(-1).inputBytes - held[0].inputBytes) / (SIZES.at(-1) - SIZES[0]);
    const heldMb = held.map(({ heldBytes }) => heldBytes / MB);
    results[to] = {
      perSecond,
      cpuMs,
      peakRssMb,
      heldMb,
      inputMb: held.map(({ inputBytes }) => inputBytes / MB),
      runBytes,
    };
    print(
      [
        title.padEnd(12),
        `${perSecond.toFixed(0)} runs/s of ${RUNS}, ${cpuMs.toFixed(1)} ms of CPU each`,
        `held beyond the input, MB: ${SIZES.map((runs, index) => `${heldMb[index].toFixed(1)} (${runs} runs)`).join(", ")}`,
        `peak RSS over that of the input: ${peakRssMb.toFixed(0)} MB`,
      ].join("  "),
    );
    const growth = (held.at(-1).heldBytes - held[0].heldBytes) / runBytes;
    if (growth <= MAX_GROWTH_RUNS) continue;
    console.error(
      `${title}: ${SIZES.at(-1)} runs hold ${growth.toFixed(0)} runs' worth more than ${SIZES[0]}, and not ${MAX_GROWTH_RUNS}`,
    );
    process.exitCode = 1;
  }
  if (given.json) console.log(JSON.stringify(results));
} finally {
  sink.disconnect();
}
