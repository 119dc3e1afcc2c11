/**
 * Writes the tables of docs/*.md that are made of the code, the recordings and the tests: `node scripts/docs/generate.ts
 * [--check]`. With `--check` it writes nothing, and exits with 1 when a page is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { renewed } from "./page.ts";
import { PAGES } from "./pages.ts";

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });

for (const [name, tables] of Object.entries(PAGES)) {
  const file = path.resolve(import.meta.dirname, "../..", name);
  const page = readFileSync(file, "utf8");
  const fresh = renewed(page, tables);
  if (fresh === page) console.log(`${name} is up to date`);
  else if (values.check) {
    console.error(`stale: ${name}\nRun \`npm run docs\` and commit the result.`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, fresh);
    console.log(`wrote: ${name}`);
  }
}
