/** Which local Apie a command reads, and with what key. */
import type { Command } from "commander";
import { API_KEY_VARIABLES, BASE_URL_VARIABLES, optionsFromEnvironment } from "../../config/index.ts";
import type { LocalReader } from "../../local/index.ts";
import { ApieError } from "../../model/errors.ts";
import { UsageError } from "../failure.ts";

export const DEFAULT_PORT = 4319;
const DEFAULT_URL = `http://127.0.0.1:${DEFAULT_PORT}`;

export interface ReadOptions {
  readonly url?: string;
  readonly key?: string;
}

export const withReadOptions = (command: Command): Command =>
  command
    .option(
      "--url <address>",
      `address of the local Apie; default: ${BASE_URL_VARIABLES[0]}, else ${DEFAULT_URL}`,
    )
    .option(
      "--key <key>",
      `its key; default: ${API_KEY_VARIABLES[0]} where the address is that of ${BASE_URL_VARIABLES[0]}`,
    );

function checked(url: string): string {
  const isHttp = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  if (!isHttp) throw new UsageError(`${url} is no address: give it as ${DEFAULT_URL}`);
  if (new URL(url).username !== "")
    throw new UsageError("The address holds a user name: give the key as --key");
  return url;
}

/** A key goes to the address it was given for, and to no other. */
export async function readerOf({ url, key }: ReadOptions): Promise<LocalReader> {
  const { LocalReader } = await import("../../local/index.ts");
  const environment = optionsFromEnvironment();
  if (url !== undefined) return new LocalReader(checked(url), key);
  const { baseUrl, apiKey } = environment;
  return baseUrl === undefined
    ? new LocalReader(DEFAULT_URL, key)
    : new LocalReader(checked(baseUrl), key ?? apiKey);
}

/** Says what to do about an Apie that is not there, or is not a local one. */
function withAdvice(error: unknown): unknown {
  if (!(error instanceof ApieError)) return error;
  const advice: Readonly<Record<string, string>> = {
    network: "Start one with `apie-otel dev`, or name another with --url",
    http_401: "Give the key it was started with: --key KEY",
    no_read_api: "Name a local one with --url",
  };
  const more = advice[error.code];
  if (more === undefined) return error;
  return new ApieError(error.code, `${error.message}. ${more}`, { status: error.status, cause: error });
}

/** Runs work that reads; what fails says what to do. */
export async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw withAdvice(error);
  }
}

/** `last` is the session that was opened last. */
export async function sessionIdOf(reader: LocalReader, given: string): Promise<string> {
  if (given !== "last") return given;
  const newest = await reader.newestSession();
  if (newest !== undefined) return newest.id;
  const { items } = await reader.get<{ items: unknown[] }>("/api/runs", { limit: "1" });
  const runs = items.length === 0 ? "" : `; the runs it has are in none: ${reader.url}/runs shows them`;
  throw new ApieError("not_found", `${reader.url} has no session yet${runs}`);
}
