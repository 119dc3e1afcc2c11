/**
 * Writes the tables of docs/conventions.md that are made of the code and the recordings: `node scripts/docs/conventions.ts
 * [--check]`. With `--check` it writes nothing, and exits with 1 when the page is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { renewed } from "./page.ts";

const PAGE = "docs/conventions.md";
const file = path.resolve(import.meta.dirname, "../..", PAGE);

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const page = readFileSync(file, "utf8");
const fresh = renewed(page);
if (fresh === page) console.log(`${PAGE} is up to date`);
else if (values.check) {
  console.error(`stale: ${PAGE}\nRun \`npm run docs\` and commit the result.`);
  process.exitCode = 1;
} else {
  writeFileSync(file, fresh);
  console.log(`wrote: ${PAGE}`);
}
