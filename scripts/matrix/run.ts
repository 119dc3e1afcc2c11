/**
 * `npm run test:matrix`: one build of the package on every line of the OpenTelemetry SDK, on every Node, in every form of module,
 * installed by npm as users install it. Prints a table at its end.
 *
 * --short      leaves out what differs least from its neighbours
 * --only NAME  this leg alone
 * --keep       leaves the projects where they are
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LEGS, type Leg, NODE_FOLDERS, type NodeLine, type Step } from "./legs.ts";
import { ROOT, run } from "./process.ts";
import { apiCopies, install, nestOtherApi, pack, placeScenario } from "./project.ts";

const { values: options } = parseArgs({
  options: { short: { type: "boolean" }, keep: { type: "boolean" }, only: { type: "string" } },
});

interface Outcome {
  leg: string;
  what: string;
  node: string;
  ok: boolean;
  seconds: number;
}

const outcomes: Outcome[] = [];

async function tried(leg: string, what: string, node: string, work: () => Promise<void>): Promise<boolean> {
  const started = performance.now();
  let ok = true;
  try {
    await work();
  } catch (error) {
    ok = false;
    console.error(`\n${leg}, ${what}, Node ${node}:`, error);
  }
  outcomes.push({ leg, what, node, ok, seconds: (performance.now() - started) / 1_000 });
  process.stdout.write(ok ? "." : "x");
  return ok;
}

/** Outside of the repository, whose own node_modules would be found otherwise. */
const folder = mkdtempSync(join(tmpdir(), "apie-otel-matrix-"));

const nodes = new Map<NodeLine, string>([["24", process.execPath]]);

/** The Nodes and compilers that steps run on. */
async function installTools(): Promise<void> {
  for (const [line, name] of Object.entries(NODE_FOLDERS) as [NodeLine, string][])
    await tried(name, "npm install", "24", async () => {
      nodes.set(line, join(await install(name, folder), "node_modules/node/bin/node"));
    });
  await tried("typescript-5", "npm install", "24", async () => void (await install("typescript-5", folder)));
}

async function step(project: string, { node, args, before, says, neverSays }: Step): Promise<void> {
  if (before === "nest") nestOtherApi(project);
  const given = args.map((arg) => arg.replace(/^TOOLS/, folder).replace(/^REPOSITORY/, ROOT));
  const { stdout, stderr } = await run(nodes.get(node) ?? "", given, project);
  const printed = stdout + stderr;
  if (says !== undefined && !says.test(printed)) throw new Error(`does not say ${says}:\n${printed}`);
  if (neverSays?.test(printed) === true) throw new Error(`says ${neverSays}:\n${printed}`);
}

async function leg({ name, steps }: Leg): Promise<void> {
  let project = "";
  const isInstalled = await tried(name, "npm install --strict-peer-deps, one API", "24", async () => {
    project = await install(name, folder);
    const copies = apiCopies(project);
    if (copies.length !== 1) throw new Error(`copies of @opentelemetry/api: ${copies.join(", ")}`);
    placeScenario(project);
  });
  if (!isInstalled) return;
  for (const one of steps.filter(({ isExtra }) => isExtra !== true || options.short !== true))
    await tried(name, one.name, one.node, () => step(project, one));
}

function printTable(): void {
  const rows = outcomes.map(({ leg, what, node, ok, seconds }) => [
    leg,
    what,
    node,
    ok ? "ok" : "FAILED",
    `${seconds.toFixed(1)} s`,
  ]);
  console.log("\n\n| Leg | What | Node | Outcome | Time |\n| --- | --- | --- | --- | --- |");
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
}

const started = performance.now();
try {
  await pack(folder);
  await installTools();
  for (const one of LEGS) {
    if (options.only !== undefined ? one.name !== options.only : options.short === true && one.isExtra)
      continue;
    await leg(one);
  }
} finally {
  if (options.keep === true) console.log(`\nkept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
printTable();
const failed = outcomes.filter(({ ok }) => !ok).length;
console.log(
  `\n${outcomes.length} tried, ${failed} failed, ${Math.round((performance.now() - started) / 1_000)} s`,
);
process.exitCode = failed === 0 && outcomes.length > 0 ? 0 : 1;
