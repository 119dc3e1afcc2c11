import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { PROJECT_ROOT } from "./sources.ts";

const BIOME = createRequire(import.meta.url).resolve("@biomejs/biome/bin/biome");

/** Formats TypeScript the way `biome check --write` would format a file at this path of the project. */
export async function formatCode(filePath: string, code: string): Promise<string> {
  const biome = spawn(process.execPath, [BIOME, "check", "--write", `--stdin-file-path=${filePath}`], {
    cwd: PROJECT_ROOT,
    stdio: ["pipe", "pipe", "pipe"],
  });
  biome.stdin.end(code);
  const exit = new Promise<number | null>((resolve, reject) => {
    biome.once("error", reject);
    biome.once("close", resolve);
  });
  const [formatted, complaint, status] = await Promise.all([text(biome.stdout), text(biome.stderr), exit]);
  if (status !== 0) throw new Error(`Biome refuses the code generated for ${filePath}:\n${complaint}`);
  return formatted;
}
