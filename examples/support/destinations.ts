/** Where an example ships to: a local Apie of its own, or what the environment names. */
import { LocalReader, startLocalApie } from "apie-otel/local";
import type { Environment } from "./processes.ts";

export interface Destinations {
  /** For the processes that ship. */
  readonly env: Environment;
  /** Address that runs, sessions and events go to. */
  readonly apie: string;
  /** Address that spans go to. */
  readonly otlp: string;
  /** Reads what arrived at Apie; only where that is the local one. */
  readonly replays: LocalReader | undefined;
  /** Reads what arrived over OTLP; only where that is the local one. */
  readonly traces: LocalReader | undefined;
  close(): Promise<void>;
}

/**
 * - `APIE_API_KEY` and `APIE_BASE_URL`: there instead of to the local Apie.
 * - `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`: spans go there instead.
 *
 * @throws {Error} when only one of Apie's two is set.
 */
export async function openDestinations(given: Environment = process.env): Promise<Destinations> {
  const { APIE_API_KEY: key, APIE_BASE_URL: baseUrl } = given;
  const otlp = given.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || given.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (Boolean(key) !== Boolean(baseUrl)) {
    const [has, lacks] = key ? ["APIE_API_KEY", "APIE_BASE_URL"] : ["APIE_BASE_URL", "APIE_API_KEY"];
    throw new Error(
      `${has} is set and ${lacks} is not: set both to ship to that Apie, or none for a local one`,
    );
  }
  const isNeeded = !baseUrl || !otlp;
  const local = isNeeded ? await startLocalApie() : undefined;
  const api = local === undefined ? undefined : new LocalReader(local.url);
  const here = local?.url ?? "";
  return {
    env: {
      ...(baseUrl ? {} : { APIE_API_KEY: "apie_sk_local", APIE_BASE_URL: here }),
      ...(otlp ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: here }),
    },
    apie: baseUrl || here,
    otlp: otlp || `${here}/v1/traces`,
    replays: baseUrl ? undefined : api,
    traces: otlp ? undefined : api,
    close: async () => local?.close(),
  };
}
