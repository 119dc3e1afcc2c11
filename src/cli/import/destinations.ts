/** Where imported runs go: to the Apie of the configuration or a local one, to an OTLP endpoint, or to both. */

import type { Apie } from "../../apie.ts";
import { API_KEY_VARIABLES, optionsFromEnvironment } from "../../config/index.ts";
import type { ImportDestination } from "../../imports/index.ts";
import { ApieConfigError } from "../../model/errors.ts";
import type { ApieSpanProcessor } from "../../processor/index.ts";
import { UsageError } from "../failure.ts";
import { configuredClient } from "../shared/configured.ts";
import { DEFAULT_PORT } from "../shared/local-apie.ts";
import { addressIn } from "./addresses.ts";

export interface DestinationOptions {
  readonly config?: string;
  /** An address, or `true` for the usual one. */
  readonly local?: string | true;
  readonly key?: string;
  /** `false` with `--no-apie`. */
  readonly apie: boolean;
  /** An address, or `true` for that of the environment. */
  readonly otlp?: string | true;
  readonly captureContent?: true;
}

export interface Destinations {
  readonly processor: ApieSpanProcessor | undefined;
  readonly apieUrl: string | undefined;
  readonly exporter: ImportDestination | undefined;
  readonly otlpUrl: string | undefined;
  readonly captureContent: boolean;
  /** Of the key at Apie; `undefined` where it is not known, or goes to no Apie. */
  workspaceId(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** An exporter of OpenTelemetry, as far as it is used here. */
interface Exporter extends ImportDestination {
  shutdown(): Promise<void>;
}

/** @param system what a service that has no name of its own registers as. */
export async function destinationsOf(options: DestinationOptions, system: string): Promise<Destinations> {
  if (!options.apie && options.otlp === undefined)
    throw new UsageError("--no-apie leaves no destination: add --otlp");
  if (!options.apie && (options.local !== undefined || options.key !== undefined))
    throw new UsageError("--no-apie and --local or --key exclude each other");
  if (options.key !== undefined && options.local === undefined)
    throw new UsageError(`--key is that of --local; else set ${API_KEY_VARIABLES[0]}`);
  const otlp = options.otlp === undefined ? undefined : await otlpExporter(options.otlp);
  const client = options.apie ? await withAdvice(() => clientOf(options, system)) : undefined;
  const processor = client?.spanProcessor;
  return {
    processor,
    apieUrl: processor?.config.baseUrl,
    exporter: otlp?.exporter,
    otlpUrl: otlp?.url,
    captureContent: options.captureContent ?? processor?.config.captureContent ?? false,
    async workspaceId() {
      return processor?.pipeline?.delivery.workspaceId(processor.config.flushTimeoutMs);
    },
    async close() {
      await Promise.allSettled([client?.shutdown(), otlp?.exporter.shutdown()]);
    },
  };
}

async function clientOf(options: DestinationOptions, system: string): Promise<Apie> {
  const { config, local, key, captureContent } = options;
  const environment = optionsFromEnvironment();
  const { client, isReady } = await configuredClient(config, (given) => ({
    ...given,
    agent: given.agent ?? environment.agent ?? { key: system, name: system },
    ...(captureContent === undefined ? {} : { captureContent }),
    ...(local === undefined ? {} : localOptions(local, key)),
  }));
  if (isReady && (captureContent !== undefined || local !== undefined))
    throw new UsageError(
      "The config file exports a client: for --local and --capture-content give a file that exports its options",
    );
  if (!client.spanProcessor.config.enabled)
    throw new UsageError("The configuration has Apie switched off: --no-apie --otlp imports without it");
  return client;
}

/** Says what else an import can be sent to. */
async function withAdvice<T>(make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    const isAbsent = error instanceof ApieConfigError && error.issues.some(({ path }) => path === "baseUrl");
    if (!isAbsent) throw error;
    throw new UsageError(
      `${error.message}\nOr --local: to the local Apie; or --no-apie --otlp: over OTLP only`,
      error,
    );
  }
}

/** A key goes to the address it was given for; a local Apie without one takes any. */
function localOptions(local: string | true, key: string | undefined): { baseUrl: string; apiKey: string } {
  const baseUrl = addressIn("--local", local === true ? `http://127.0.0.1:${DEFAULT_PORT}` : local);
  const environment = optionsFromEnvironment();
  const isThat =
    environment.baseUrl !== undefined &&
    URL.canParse(environment.baseUrl) &&
    new URL(environment.baseUrl).origin === new URL(baseUrl).origin;
  return { baseUrl, apiKey: key ?? (isThat ? environment.apiKey : undefined) ?? "local" };
}

const TRACES_PATH = "/v1/traces";

async function otlpExporter(given: string | true): Promise<{ exporter: Exporter; url: string }> {
  const { env } = process;
  const specific = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?.trim();
  const general = env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim();
  const url =
    given === true
      ? specific || (general ? `${general.replace(/\/+$/, "")}${TRACES_PATH}` : undefined)
      : withPath(addressIn("--otlp", given));
  if (url === undefined)
    throw new UsageError(
      "--otlp: give an address, or set OTEL_EXPORTER_OTLP_ENDPOINT as OpenTelemetry has it",
    );
  if (!URL.canParse(url)) throw new UsageError("OTEL_EXPORTER_OTLP_ENDPOINT: what it holds is no address");
  const protocol =
    env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL?.trim() ||
    env.OTEL_EXPORTER_OTLP_PROTOCOL?.trim() ||
    "http/protobuf";
  if (protocol !== "http/protobuf" && protocol !== "http/json")
    throw new UsageError(
      `OTEL_EXPORTER_OTLP_PROTOCOL: ${protocol} is not spoken here; http/protobuf and http/json are`,
    );
  const { OTLPTraceExporter } =
    protocol === "http/json"
      ? await import("@opentelemetry/exporter-trace-otlp-http")
      : await import("@opentelemetry/exporter-trace-otlp-proto");
  // Headers, compression and timeout are read from the environment by the exporter itself.
  return { exporter: new OTLPTraceExporter({ url }) as Exporter, url: shown(url) };
}

/** An address of the environment may hold a password, or a key: they go there, and nowhere else. */
function shown(address: string): string {
  const { origin, pathname } = new URL(address);
  return origin + pathname;
}

/** As OpenTelemetry has it, an address alone is that of all signals. */
const withPath = (address: string): string =>
  new URL(address).pathname === "/" ? `${address}${TRACES_PATH}` : address;
