/** Folds the layers (defaults, environment, file, inline) into one checked configuration. */
import type { z } from "zod";
import { ApieConfigError, type ConfigIssue } from "../model/errors.ts";
import { optionsFromEnvironment } from "./environment.ts";
import type { AgentOptions, ApieOptions } from "./options.ts";
import { API_KEY_VARIABLES, BASE_URL_VARIABLES, HOSTED_BASE_URL } from "./product.ts";
import { knownOptionLike, optionsSchema } from "./schema.ts";
import { VERSION } from "./version.ts";

export const DEFAULTS = {
  enabled: true,
  mode: "monitor",
  guardFailureMode: "fail_open",
  approvalTimeoutMs: 300_000,
  flushIntervalMs: 2_000,
  maxBatchSize: 25,
  maxQueueSize: 100_000,
  retryAttempts: 3,
  retryBaseDelayMs: 250,
  queueDropPolicy: "drop_oldest",
  onError: "warn",
  timeout: 10_000,
  captureContent: false,
  runSpans: "root",
  runMarker: true,
  implicitRuns: "run",
  idleTimeoutMs: 300_000,
  maxBatchBytes: 524_288,
  maxQueueBytes: 67_108_864,
  queueStorageMaxBytes: 536_870_912,
  maxConcurrentBatches: 4,
  flushTimeoutMs: 10_000,
  shutdownTimeoutMs: 10_000,
  guardTimeoutMs: 2_000,
  apieIdsOnSpans: false,
} as const satisfies ApieOptions;

type Defaulted = keyof typeof DEFAULTS;

/** Options after the fold: defaults filled in, checked, frozen. `apiKey` and `baseUrl` are set whenever `enabled`. */
export type ApieConfig = Readonly<
  Omit<ApieOptions, Defaulted | "agent" | "apiKey" | "baseUrl"> & {
    [Name in Defaulted]: NonNullable<ApieOptions[Name]>;
  } & {
    agent: Readonly<AgentOptions>;
    /** Empty only while disabled. */
    apiKey: string;
    /** Without a trailing slash; empty only while disabled. */
    baseUrl: string;
    language: string;
    sdkVersion: string;
    /** A mode was chosen, by whichever layer: tool calls are guarded unless they say otherwise. */
    guardsTools: boolean;
  }
>;

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Members are kept in a map, so that a key `__proto__` of a JSON file stays a name, and is refused as one. */
function mergeTwo(low: Record<string, unknown>, high: Record<string, unknown>): Record<string, unknown> {
  const merged = new Map(Object.entries(low));
  for (const [key, value] of Object.entries(high)) {
    if (value === undefined) continue;
    const below = merged.get(key);
    merged.set(key, isPlainObject(below) && isPlainObject(value) ? mergeTwo(below, value) : value);
  }
  return Object.fromEntries(merged);
}

/** Later layers win. Objects are merged key by key, everything else is replaced; `undefined` never hides a lower layer. */
export function mergeLayers(...layers: readonly ApieOptions[]): ApieOptions {
  return layers.reduce<Record<string, unknown>>(
    (low, high) => mergeTwo(low, high as Record<string, unknown>),
    {},
  );
}

function unknownOption(path: readonly PropertyKey[], key: string): ConfigIssue {
  const like = knownOptionLike(path, key);
  const hint = like === undefined ? "see the configuration table of the README" : `did you mean ${like}?`;
  return { path: [...path, key].join("."), message: `unknown option; ${hint}` };
}

/** One problem per field: the first is the cause of the others. */
function issuesOf(error: z.ZodError): ConfigIssue[] {
  const issues = new Map<string, ConfigIssue>();
  for (const issue of error.issues) {
    const found =
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => unknownOption(issue.path, key))
        : [{ path: issue.path.join(".") || "options", message: issue.message }];
    for (const one of found) if (!issues.has(one.path)) issues.set(one.path, one);
  }
  return [...issues.values()];
}

/** What is required only while the bridge is enabled, with the way to give it. */
function missing(options: ApieOptions): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (options.agent === undefined) {
    issues.push({
      path: "agent",
      message: 'required: give { key: "support", name: "Support" } or set OTEL_SERVICE_NAME',
    });
  }
  if (options.enabled === false) return issues;
  if (options.apiKey === undefined) {
    issues.push({
      path: "apiKey",
      message: `required: give it or set ${API_KEY_VARIABLES[0]}; { enabled: false } needs none`,
    });
  }
  if (options.baseUrl === undefined) {
    issues.push({
      path: "baseUrl",
      message: `required: give e.g. "${HOSTED_BASE_URL}" or set ${BASE_URL_VARIABLES[0]}`,
    });
  }
  return issues;
}

const VARIABLES: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ["apiKey", API_KEY_VARIABLES],
  ["baseUrl", BASE_URL_VARIABLES],
]);

/** `{ enabled: false, apiKey: process.env.KEY ?? "" }`: what is not needed may be empty. */
function withoutUnneeded(options: ApieOptions): ApieOptions {
  if (options.enabled !== false) return options;
  const needed = Object.entries(options).filter(([key, value]) => !(VARIABLES.has(key) && value === ""));
  return Object.fromEntries(needed);
}

/**
 * Inline options win over a config file, the file over the environment (docs.apie.sh, reference/configuration).
 *
 * @throws {ApieConfigError} naming every bad or missing field.
 */
export function resolveConfig(
  inline: ApieOptions = {},
  file: ApieOptions = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): ApieConfig {
  for (const [name, layer] of Object.entries({ options: inline, "config file": file })) {
    if (!isPlainObject(layer))
      throw new ApieConfigError([{ path: name, message: "expected an object of options" }]);
  }
  const merged = withoutUnneeded(mergeLayers(optionsFromEnvironment(env), file, inline));
  const checked = optionsSchema.safeParse(merged);
  const issues = [...(checked.success ? [] : issuesOf(checked.error)), ...missing(merged)];
  if (issues.length > 0) {
    throw new ApieConfigError(issues.map((issue) => withVariable(issue, mergeLayers(file, inline), env)));
  }
  const options = checked.data as ApieOptions;
  return Object.freeze({
    ...mergeLayers(DEFAULTS, options),
    apiKey: options.apiKey ?? "",
    baseUrl: options.baseUrl?.replace(/\/+$/, "") ?? "",
    language: options.runtime?.language ?? "typescript",
    sdkVersion: options.runtime?.sdkVersion ?? VERSION,
    guardsTools: options.mode !== undefined,
  }) as ApieConfig;
}

/** A bad value nobody wrote in code or file is to be looked for in the environment. */
function withVariable(
  issue: ConfigIssue,
  written: ApieOptions,
  env: Readonly<Record<string, string | undefined>>,
): ConfigIssue {
  const variable = VARIABLES.get(issue.path)?.find((name) => env[name]?.trim());
  if (variable === undefined || Object.hasOwn(written, issue.path)) return issue;
  return { ...issue, message: `${issue.message} (set by ${variable})` };
}
