/** Looks at a project: its name, and how it sets OpenTelemetry up. Reads files only; runs nothing of the project. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, extname, join, relative } from "node:path";
import { slug } from "../../config/index.ts";

/** As the README tells them apart. `elsewhere`: an SDK is installed, and no file here sets it up. */
export type Setup =
  | "span_processors"
  | "trace_exporter"
  | "environment"
  | "auto"
  | "provider"
  | "elsewhere"
  | "none";

export interface Detected {
  readonly agent: { readonly key: string; readonly name: string };
  readonly setup: Setup;
  /** File that sets OpenTelemetry up, from the folder; absent where none was found. */
  readonly file: string | undefined;
}

const SOURCES = new Set([".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"]);
const SKIPPED = /^(?:\..*|node_modules|dist|build|out|coverage|vendor|test|tests|__tests__)$/;
const MAX_DEPTH = 4;
const MAX_FILES = 2_000;
const MAX_BYTES = 256 * 1024;

interface Manifest {
  readonly name?: unknown;
  readonly scripts?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, unknown>>;
  readonly devDependencies?: Readonly<Record<string, unknown>>;
}

function manifestOf(folder: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  } catch {
    // None, or none that can be read: npm will say so better than this command.
    return {};
  }
}

/** Breadth first, so that what is bounded is what lies deep. */
function* sourcesIn(folder: string): Generator<string> {
  let found = 0;
  let level = [folder];
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    const below: string[] = [];
    for (const one of level) {
      for (const entry of readdirSync(one, { withFileTypes: true })) {
        const path = join(one, entry.name);
        if (entry.isDirectory()) {
          if (!SKIPPED.test(entry.name)) below.push(path);
        } else if (entry.isFile() && SOURCES.has(extname(entry.name)) && statSync(path).size <= MAX_BYTES) {
          found += 1;
          if (found > MAX_FILES) return;
          yield path;
        }
      }
    }
    level = below;
  }
}

/** What a file's text says, the surest sign first. */
const SIGNS: readonly (readonly [setup: Setup, pattern: RegExp, also?: RegExp])[] = [
  ["span_processors", /new\s+NodeSDK\s*\(/, /\bspanProcessors?\b/],
  ["trace_exporter", /new\s+NodeSDK\s*\(/, /\btraceExporter\b/],
  ["environment", /new\s+NodeSDK\s*\(/],
  ["provider", /new\s+(?:Basic|Node|Web)?TracerProvider\s*\(/],
];

/** Not `sdk-trace`: that is what `apie-otel/register` wants installed. */
const SDK = /^@opentelemetry\/sdk-(?:node|trace-node|trace-base)$/;
const REGISTER = /@opentelemetry\/auto-instrumentations-node\/register/;

/** Comments say what is not done, or no more. */
const withoutComments = (text: string): string =>
  text.replace(/\/\*.*?\*\//gs, "").replace(/(^|\s)\/\/.*$/gm, "$1");

function setupIn(folder: string): { setup: Setup; file: string } | undefined {
  for (const path of sourcesIn(folder)) {
    const text = withoutComments(readFileSync(path, "utf8"));
    const sign = SIGNS.find(([, pattern, also]) => pattern.test(text) && (also?.test(text) ?? true));
    if (sign !== undefined) return { setup: sign[0], file: relative(folder, path) };
  }
  return undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function detect(folder: string, env: Environment = process.env): Detected {
  const manifest = manifestOf(folder);
  const packageName = typeof manifest.name === "string" ? manifest.name.replace(/^@[^/]*\//, "") : undefined;
  const names = [env.OTEL_SERVICE_NAME?.trim(), packageName, basename(folder), "agent"];
  const name = names.find((one) => one !== undefined && slug(one) !== "") ?? "agent";
  const agent = { key: slug(name), name };
  const found = setupIn(folder);
  if (found !== undefined) return { agent, ...found };
  const scripts = Object.values(manifest.scripts ?? {}).join("\n");
  if (REGISTER.test(scripts) || REGISTER.test(env.NODE_OPTIONS ?? ""))
    return { agent, setup: "auto", file: undefined };
  const packages = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  const isAuto = packages.includes("@opentelemetry/auto-instrumentations-node");
  const hasSdk = packages.some((one) => SDK.test(one));
  return { agent, setup: isAuto ? "auto" : hasSdk ? "elsewhere" : "none", file: undefined };
}
