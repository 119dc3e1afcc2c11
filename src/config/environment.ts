/** Options taken from environment variables: the lowest layer above the defaults. */
import type { ApieOptions } from "./options.ts";
import { API_KEY_VARIABLES, BASE_URL_VARIABLES } from "./product.ts";

type Environment = Readonly<Record<string, string | undefined>>;

function firstSet(env: Environment, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = env[name]?.trim();
    if (value) return value;
  }
  return undefined;
}

/** Accents of Latin, Greek and Cyrillic letters; the marks of other scripts are part of their letters. */
const ACCENTS = /[\u0300-\u036f]+/g;

/** Lower case, words joined by `-`: the form of agent keys derived from names. */
export function slug(name: string): string {
  return name
    .normalize("NFKD")
    .replace(ACCENTS, "")
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
}

/**
 * `OTEL_SDK_DISABLED` and `OTEL_SERVICE_NAME` mean what the OpenTelemetry specification says
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
 */
export function optionsFromEnvironment(env: Environment = process.env): ApieOptions {
  const options: ApieOptions = {};
  const apiKey = firstSet(env, API_KEY_VARIABLES);
  const baseUrl = firstSet(env, BASE_URL_VARIABLES);
  const service = firstSet(env, ["OTEL_SERVICE_NAME"]);
  if (apiKey !== undefined) options.apiKey = apiKey;
  if (baseUrl !== undefined) options.baseUrl = baseUrl;
  if (service !== undefined && slug(service) !== "") options.agent = { key: slug(service), name: service };
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === "true") options.enabled = false;
  return options;
}
