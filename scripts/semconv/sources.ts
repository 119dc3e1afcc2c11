import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { RegistryError } from "./problem.ts";

/** A file's text, with the path to name it by in messages. */
export interface SourceFile {
  path: string;
  text: string;
}

/** Everything a registry is made from. */
export interface RegistrySources {
  manifest: SourceFile;
  /** All YAML files below `model/`, in the order of their paths. */
  model: SourceFile[];
  upstream: SourceFile;
}

/** Where the project keeps its registry. */
export const PROJECT_ROOT = path.resolve(import.meta.dirname, "../..");
const UPSTREAM_FILE = "scripts/semconv/upstream.yaml";

const MANIFEST_FILE = "semconv/manifest.yaml";
const MODEL_FOLDER = "semconv/model";

/**
 * Reads the registry of a project: `semconv/manifest.yaml`, `semconv/model/`, and the pinned upstream list. Throws
 * `RegistryError` when one of them is missing.
 */
export function readSources(root: string = PROJECT_ROOT): RegistrySources {
  for (const part of [MANIFEST_FILE, MODEL_FOLDER, UPSTREAM_FILE]) {
    if (existsSync(path.join(root, part))) continue;
    const fix = `create it, or name the project's folder instead of ${root}`;
    throw new RegistryError([{ file: part, subject: "registry", message: "is missing", fix }]);
  }
  const read = (relative: string): SourceFile => ({
    path: relative,
    text: readFileSync(path.join(root, relative), "utf8"),
  });
  const files = readdirSync(path.join(root, MODEL_FOLDER), { recursive: true, encoding: "utf8" })
    .map((name) => path.posix.join(MODEL_FOLDER, name.split(path.sep).join("/")))
    .filter((name) => /\.ya?ml$/.test(name))
    .sort();
  return { manifest: read(MANIFEST_FILE), model: files.map(read), upstream: read(UPSTREAM_FILE) };
}
