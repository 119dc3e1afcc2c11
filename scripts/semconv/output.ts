import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { OUTPUTS } from "./emit/index.ts";
import { formatCode } from "./format.ts";
import type { Registry } from "./registry.ts";

/** Folders that hold generated files only; anything else in them is left over. */
const GENERATED_FOLDERS = ["semconv/docs"];

/** The text of every generated file, by its path in the project. The same registry always gives the same texts. */
export async function render(registry: Registry): Promise<Map<string, string>> {
  const files = Object.entries(OUTPUTS).map(async ([filePath, emit]): Promise<[string, string]> => {
    const text = emit(registry);
    return [filePath, filePath.endsWith(".ts") ? await formatCode(filePath, text) : text];
  });
  return new Map(await Promise.all(files));
}

/** What writing did: files that were stale and are written now, and files no one writes any more, which are kept. */
export interface WriteReport {
  written: string[];
  leftOver: string[];
}

/** Files below `root` that differ from what the registry gives, or that it no longer gives, by path. */
export function staleFiles(rendered: ReadonlyMap<string, string>, root: string): string[] {
  return [...changedFiles(rendered, root), ...leftOverFiles(rendered, root)].sort();
}

/** Writes the files below `root` that differ from what the registry gives. */
export function writeFiles(rendered: ReadonlyMap<string, string>, root: string): WriteReport {
  const written = changedFiles(rendered, root);
  for (const filePath of written) {
    const file = path.join(root, filePath);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, rendered.get(filePath) ?? "");
  }
  return { written, leftOver: leftOverFiles(rendered, root) };
}

function changedFiles(rendered: ReadonlyMap<string, string>, root: string): string[] {
  const changed = [...rendered].filter(([filePath, text]) => {
    const file = path.join(root, filePath);
    return !existsSync(file) || readFileSync(file, "utf8") !== text;
  });
  return changed.map(([filePath]) => filePath);
}

function leftOverFiles(rendered: ReadonlyMap<string, string>, root: string): string[] {
  return GENERATED_FOLDERS.flatMap((folder) => {
    const full = path.join(root, folder);
    if (!existsSync(full)) return [];
    return readdirSync(full)
      .map((name) => path.posix.join(folder, name))
      .filter((filePath) => !rendered.has(filePath));
  });
}
