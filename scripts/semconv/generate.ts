/**
 * Writes `src/semconv/*.ts` and `semconv/docs/*.md` from the registry:
 * `node scripts/semconv/generate.ts [--check] [project folder]`.
 * With `--check` it writes nothing, names the files that are stale, and exits with 1 when there are any. A registry
 * with problems is refused as `check.ts` refuses it.
 */
import { parseArgs } from "node:util";
import { registryForCommand } from "./cli.ts";
import { render, staleFiles, type WriteReport, writeFiles } from "./output.ts";
import { PROJECT_ROOT } from "./sources.ts";

const { values, positionals } = parseArgs({
  options: { check: { type: "boolean", default: false } },
  allowPositionals: true,
});
const root = positionals[0] ?? PROJECT_ROOT;
const registry = registryForCommand(root);

if (registry !== undefined) {
  const rendered = await render(registry);
  if (values.check) reportStale(staleFiles(rendered, root));
  else reportWritten(writeFiles(rendered, root));
}

function reportWritten({ written, leftOver }: WriteReport): void {
  for (const file of written) console.log(`wrote: ${file}`);
  for (const file of leftOver) console.log(`left over, delete it: ${file}`);
  if (written.length + leftOver.length === 0) console.log("semconv: everything is up to date");
}

function reportStale(files: readonly string[]): void {
  if (files.length === 0) return;
  for (const file of files) console.error(`stale: ${file}`);
  console.error("Run `npm run semconv` and commit the result; delete files it does not write.");
  process.exitCode = 1;
}
