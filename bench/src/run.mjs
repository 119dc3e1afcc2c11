/**
 * Runs every measure with its variants interleaved in rotating order, each run in a process of its own, and prints all figures,
 * then the README's table of medians as ratios.
 *
 * node src/run.mjs [--only NAME] [--rounds N] [--json]
 */
import { execFile, fork } from "node:child_process";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { PLAN } from "./plan.mjs";
import { details, readmeTable } from "./report.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);
const { values: given } = parseArgs({
  options: { only: { type: "string" }, rounds: { type: "string" }, json: { type: "boolean" } },
});
/** The machine's own Node where npm brings another one along. */
const node = process.env.BENCH_NODE ?? process.env.npm_node_execpath ?? process.execPath;
/** A process that takes longer hangs. */
const MAX_MS = 120_000;

async function measured(plan, url) {
  const results = Object.fromEntries(plan.variants.map((variant) => [variant, []]));
  const rounds = given.rounds === undefined ? plan.rounds : Number(given.rounds);
  for (let round = 0; round < rounds; round += 1) {
    for (let place = 0; place < plan.variants.length; place += 1) {
      const variant = plan.variants[(place + round) % plan.variants.length];
      const job = { ...plan.job, variant, url };
      // Once more, for a machine that was too busy; then it is a mistake.
      results[variant].push(await child(job).catch(() => child(job)));
    }
  }
  return { plan, results };
}

async function child(job) {
  const { stdout } = await run(node, [join(here, "child.mjs"), JSON.stringify(job)], {
    maxBuffer: 1e8,
    timeout: MAX_MS,
  });
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

const sink = fork(join(here, "sink.mjs"), { execPath: node });
try {
  const port = await new Promise((resolve) => sink.once("message", (message) => resolve(message.port)));
  const { stdout: version } = await run(node, ["--version"]);
  const print = given.json ? () => undefined : console.log;
  print(`Node ${version.trim()}, ${cpus().length} cores; figures of each process, variants interleaved\n`);
  const all = [];
  for (const plan of PLAN.filter(({ name }) => given.only === undefined || name.startsWith(given.only))) {
    const result = await measured(plan, `http://127.0.0.1:${port}`);
    all.push(result);
    print(details(plan, result.results));
  }
  print(readmeTable(all));
  if (given.json) console.log(JSON.stringify(all));
} finally {
  sink.disconnect();
}
