/** Finds and reads `apie.config.*`. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ApieConfigError } from "../model/errors.ts";
import { CONFIG_FILE_NAMES } from "./product.ts";

export interface ConfigFile {
  path: string;
  /** The default export, or the parsed JSON. It may be options or a ready client. */
  value: unknown;
}

export function findConfigFile(folder: string = process.cwd()): string | undefined {
  return CONFIG_FILE_NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
}

function unreadable(path: string, reason: string, cause?: unknown): ApieConfigError {
  const error = new ApieConfigError([{ path, message: reason }]);
  if (cause !== undefined) error.cause = cause;
  return error;
}

const isModule = (value: unknown): value is { default?: unknown } =>
  (value as { [Symbol.toStringTag]?: unknown } | null)?.[Symbol.toStringTag] === "Module";

/** A CommonJS file compiled from `export default` marks itself, and is imported as `{ default: { default } }`. */
function defaultExport(path: string, loaded: unknown): unknown {
  const value = isModule(loaded) ? loaded.default : loaded;
  const compiled = value as { __esModule?: unknown; default?: unknown } | null | undefined;
  const exported = compiled?.__esModule === true ? compiled.default : value;
  if (exported === undefined) throw unreadable(path, "expected a default export with the options");
  return exported;
}

/** Node quotes the text around a mistake, which may be an API key. */
const EXCERPT = /,? (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s;

function reasonOf(path: string, cause: unknown): string {
  const said = cause instanceof Error ? cause.message : String(cause);
  if (path.endsWith(".json"))
    return `not readable as JSON: ${said.replace(EXCERPT, "").replace(`${path}: `, "")}`;
  const code = (cause as { code?: unknown } | null | undefined)?.code;
  const isForeign = code === "ERR_UNKNOWN_FILE_EXTENSION" || cause instanceof SyntaxError;
  if (/\.m?ts$/.test(path) && isForeign && !process.features.typescript) {
    return `Node ${process.versions.node} cannot read TypeScript config files; use Node 22.18 or newer, or name it apie.config.mjs`;
  }
  if (code === "ERR_REQUIRE_ASYNC_MODULE") {
    return "uses await at its top level, which cannot be waited for here; call startApie() instead";
  }
  return `could not be loaded: ${said}`;
}

function explain(path: string, cause: unknown): ApieConfigError {
  if (cause instanceof ApieConfigError) return cause;
  const isQuoting = path.endsWith(".json") && cause instanceof SyntaxError;
  return unreadable(path, reasonOf(path, cause), isQuoting ? undefined : cause);
}

/** Some editors lead JSON with a byte order mark. */
const parseJson = (text: string): unknown => JSON.parse(text.replace(/^\uFEFF/, ""));

function find(path: string | undefined): string | undefined {
  const found = path === undefined ? findConfigFile() : resolve(path);
  if (found !== undefined && !existsSync(found)) throw unreadable(found, "no such file");
  return found;
}

/**
 * @param path a file to read; default: the first `apie.config.*` of the working directory.
 * @returns `undefined` when there is none and none was named.
 * @throws {ApieConfigError} when the file is missing or cannot be read.
 */
export async function readConfigFile(path?: string): Promise<ConfigFile | undefined> {
  const found = find(path);
  if (found === undefined) return undefined;
  try {
    if (found.endsWith(".json")) return { path: found, value: parseJson(await readFile(found, "utf8")) };
    return { path: found, value: defaultExport(found, await import(pathToFileURL(found).href)) };
  } catch (cause) {
    throw explain(found, cause);
  }
}

/** As `readConfigFile`, for code that must be done before the application starts. */
export function readConfigFileSync(path?: string): ConfigFile | undefined {
  const found = find(path);
  if (found === undefined) return undefined;
  try {
    const loaded: unknown = createRequire(pathToFileURL(found))(found);
    return {
      path: found,
      value: found.endsWith(".json") ? loaded : defaultExport(found, loaded),
    };
  } catch (cause) {
    throw explain(found, cause);
  }
}
