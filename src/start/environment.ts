/**
 * What the `OTEL_*` variables ask of `startApie`
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). An empty value is none. What is not
 * understood is told, and the default holds.
 */

export type Environment = Readonly<Record<string, string | undefined>>;
export type Tell = (problem: string) => void;

export type ExporterName = "otlp" | "console";
export type PropagatorName = "tracecontext" | "baggage";
export type SamplerName = "always_on" | "always_off" | "traceidratio";
export interface SamplerChoice {
  root: SamplerName;
  parentBased: boolean;
  ratio: number;
}

/** Values are case-insensitive. */
const said = (env: Environment, name: string): string | undefined =>
  env[name]?.trim().toLowerCase() || undefined;

function listOf(env: Environment, name: string): string[] | undefined {
  const items = said(env, name)
    ?.split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  return items === undefined || items.length === 0 ? undefined : [...new Set(items)];
}

/** Those of a list that are known; `none` alone, or with others, is none of them. */
function knownOf<Name extends string>(
  env: Environment,
  variable: string,
  known: readonly Name[],
  tell: Tell,
): Name[] | undefined {
  const asked = listOf(env, variable);
  for (const item of asked ?? []) {
    if (item === "none" || known.some((name) => name === item)) continue;
    tell(`${variable}: startApie has no "${item}"; it knows ${[...known, "none"].join(", ")}`);
  }
  if (asked === undefined) return undefined;
  return asked.includes("none") ? [] : known.filter((name) => asked.includes(name));
}

export const isSdkDisabled = (env: Environment): boolean => said(env, "OTEL_SDK_DISABLED") === "true";

const EXPORTERS: readonly ExporterName[] = ["otlp", "console"];

/** @param otlp whether the options name a place for spans: `false` for nowhere, `undefined` for nothing said. */
export function exportersOf(
  env: Environment,
  otlp: boolean | undefined,
  tell: Tell,
): readonly ExporterName[] {
  const asked = knownOf(env, "OTEL_TRACES_EXPORTER", EXPORTERS, tell);
  if (otlp === undefined) {
    const hasEndpoint =
      env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?.trim() || env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim();
    return asked ?? (hasEndpoint ? ["otlp"] : []);
  }
  const others = (asked ?? []).filter((name) => name !== "otlp");
  return otlp ? ["otlp", ...others] : others;
}

export const OTLP_PACKAGES: Readonly<Record<string, string>> = {
  "http/protobuf": "@opentelemetry/exporter-trace-otlp-proto",
  "http/json": "@opentelemetry/exporter-trace-otlp-http",
  grpc: "@opentelemetry/exporter-trace-otlp-grpc",
};
const OVER_HTTP = ["http/protobuf", "http/json"];

/** Packages that export as asked; the first that is installed will do. */
export function otlpPackages(env: Environment, hasAddress: boolean, tell: Tell): string[] {
  const asked = said(env, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? said(env, "OTEL_EXPORTER_OTLP_PROTOCOL");
  const isKnown = asked !== undefined && asked in OTLP_PACKAGES;
  if (asked !== undefined && !isKnown) {
    tell(
      `OTEL_EXPORTER_OTLP_PROTOCOL: unknown "${asked}"; known are ${Object.keys(OTLP_PACKAGES).join(", ")}`,
    );
  }
  // The option `otlp` is an address of OTLP over HTTP.
  const isUsed = isKnown && !(hasAddress && asked === "grpc");
  return (isUsed ? [asked] : OVER_HTTP).flatMap((protocol) => OTLP_PACKAGES[protocol] ?? []);
}

const PROPAGATORS: readonly PropagatorName[] = ["tracecontext", "baggage"];

export function propagatorsOf(env: Environment, tell: Tell): readonly PropagatorName[] {
  return knownOf(env, "OTEL_PROPAGATORS", PROPAGATORS, tell) ?? PROPAGATORS;
}

const SAMPLERS: Readonly<Record<string, Omit<SamplerChoice, "ratio">>> = {
  always_on: { root: "always_on", parentBased: false },
  always_off: { root: "always_off", parentBased: false },
  traceidratio: { root: "traceidratio", parentBased: false },
  parentbased_always_on: { root: "always_on", parentBased: true },
  parentbased_always_off: { root: "always_off", parentBased: true },
  parentbased_traceidratio: { root: "traceidratio", parentBased: true },
};

export function samplerOf(env: Environment, tell: Tell): SamplerChoice {
  const asked = said(env, "OTEL_TRACES_SAMPLER") ?? "parentbased_always_on";
  const found = SAMPLERS[asked];
  if (found === undefined) {
    tell(
      `OTEL_TRACES_SAMPLER: unknown "${asked}", every trace is sampled; known are ${Object.keys(SAMPLERS).join(", ")}`,
    );
    return { root: "always_on", parentBased: true, ratio: 1 };
  }
  return { ...found, ratio: found.root === "traceidratio" ? ratioOf(env, tell) : 1 };
}

function ratioOf(env: Environment, tell: Tell): number {
  const text = said(env, "OTEL_TRACES_SAMPLER_ARG");
  const ratio = Number(text ?? 1);
  if (ratio >= 0 && ratio <= 1) return ratio;
  tell(`OTEL_TRACES_SAMPLER_ARG: expected a number from 0 to 1, not "${text}"; every trace is sampled`);
  return 1;
}

/** Read by the batch processor itself up to SDK 2.x, by nobody in 3.x. */
const BATCH_SETTINGS = {
  maxQueueSize: "OTEL_BSP_MAX_QUEUE_SIZE",
  maxExportBatchSize: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
  scheduledDelayMillis: "OTEL_BSP_SCHEDULE_DELAY",
  exportTimeoutMillis: "OTEL_BSP_EXPORT_TIMEOUT",
} as const;

export function batchSettingsOf(env: Environment): Record<string, number> {
  const given = Object.entries(BATCH_SETTINGS).map(([setting, name]) => [setting, Number(said(env, name))]);
  return Object.fromEntries(given.filter(([, value]) => Number(value) > 0));
}
