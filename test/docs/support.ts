/** Code that pages print, as the compiler sees it. */
import { execFile } from "node:child_process";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../package/support.ts";
import { NEW_NODE } from "../support/new-node.ts";

const ENTRIES = {
  "apie-otel": "src/index.ts",
  "apie-otel/events": "src/events/public.ts",
  "apie-otel/imports": "src/imports/index.ts",
  "apie-otel/integrations": "src/integrations/index.ts",
  "apie-otel/local": "src/local/public.ts",
  "apie-otel/mcp": "src/mcp/index.ts",
};

/** With what the project has installed. To be removed. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "docs-"));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** What the compiler says of these files, as strict as it gets. */
export async function complaintsOf(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<string[]> {
  const names = Object.keys(files);
  for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), code);
  const compilerOptions = {
    module: "nodenext",
    target: "es2023",
    lib: ["es2023", "es2024.string"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noUnusedLocals: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
    types: ["node"],
    paths: Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, [join(ROOT, file)]])),
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: names }));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const { stdout } = await promisify(execFile)(NEW_NODE, [tsc, "-p", folder]).catch(
    (error: { stdout: string }) => error,
  );
  return stdout.split("\n").filter((line) => names.some((name) => line.includes(name)));
}
