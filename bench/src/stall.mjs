/**
 * The longest that our work holds the event loop up, in several scenarios, beside the same without us. Ends with 1 when it is
 * longer than what the README states. `node src/stall.mjs [--rounds N] [--only SCENARIO]`
 */
import { execFile, fork } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

/** Milliseconds; the README states it. Garbage collection is in it. */
const BOUND_MS = 50;

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, only: { type: "string" }, json: { type: "boolean" } },
});
const here = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);

const SCENARIOS = {
  steady: "steady load: 64 model calls and 64 HTTP spans in a turn",
  prompts: "prompts of 10 MB, captured",
  histories: "histories of 500 messages, 2 MB, captured",
  secrets: "content full of secrets, 640 kB a span, captured",
  burst: "after a burst of 100,000 spans",
};

const sink = fork(join(here, "sink.mjs"));
const { port } = await new Promise((resolve) => sink.once("message", resolve));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function worst(scenario, variant) {
  const job = JSON.stringify({ scenario, variant, url: `http://127.0.0.1:${port}` });
  const { stdout } = await run(process.execPath, [join(here, "stall-child.mjs"), job]);
  return JSON.parse(stdout.trim().split("\n").at(-1)).worstMs;
}

const results = {};
for (const scenario of Object.keys(SCENARIOS)) {
  if (options.only !== undefined && options.only !== scenario) continue;
  const times = { apie: [], noop: [] };
  for (let round = 0; round < Number(options.rounds); round += 1)
    for (const variant of Object.keys(times)) times[variant].push(await worst(scenario, variant));
  results[scenario] = { apie: median(times.apie), noop: median(times.noop) };
}
sink.disconnect();

if (options.json === true) console.log(JSON.stringify(results));
else {
  console.log(
    `Longest turn of the event loop that is not the application's own, ms of CPU, Node ${process.version}\n`,
  );
  for (const [scenario, { apie, noop }] of Object.entries(results))
    console.log(
      `${SCENARIOS[scenario].padEnd(60)} ${apie.toFixed(1).padStart(6)}   without us ${noop.toFixed(1)}`,
    );
}
const tooLong = Object.entries(results).filter(([, { apie }]) => apie > BOUND_MS);
for (const [scenario, { apie }] of tooLong)
  console.error(`${scenario}: ${apie.toFixed(1)} ms is more than the ${BOUND_MS} ms that the README states`);
process.exitCode = tooLong.length === 0 ? 0 : 1;
