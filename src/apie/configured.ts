/** What `apie.config.*` gives: options, or a client that is ready. */
import type { Apie } from "../apie.ts";
import { type ApieOptions, mergeLayers, readConfigFile } from "../config/index.ts";
import { ApieConfigError } from "../model/errors.ts";

/** Tells a client from options, also one that another copy of this package made. */
const IS_CLIENT = Symbol.for("apie-otel.client.v1");

export function markAsClient(client: Apie): void {
  Object.defineProperty(client, IS_CLIENT, { value: true });
}

export function isClient(value: unknown): value is Apie {
  return typeof value === "object" && value !== null && Reflect.get(value, IS_CLIENT) === true;
}

/**
 * @param options win over those of the file.
 * @param file its path. Default: the one in the working directory, if there is one.
 * @throws {ApieConfigError} when it gives neither.
 */
export async function configured(options: ApieOptions, file?: string): Promise<ApieOptions | Apie> {
  const found = await readConfigFile(file);
  if (found === undefined) return options;
  const { path, value } = found;
  if (isClient(value)) return value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ApieConfigError([{ path, message: "expected an object of options, or a client" }]);
  }
  return mergeLayers(value as ApieOptions, options);
}
