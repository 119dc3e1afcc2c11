/** The client that the config file and the environment describe. */
import type { Apie } from "../../apie.ts";
import { type ConfigFile, readConfigFile } from "../../config/index.ts";
import { ApieConfigError } from "../../model/errors.ts";
import { clientOf, type StartOptions } from "../../start/index.ts";

const isClient = (value: unknown): value is Apie =>
  typeof (value as Partial<Apie> | null | undefined)?.doctor === "function";

/** Options of a config file; a client stays what it is. @throws {ApieConfigError} */
export function optionsIn(file: ConfigFile | undefined): StartOptions | Apie {
  const value = file?.value;
  if (file !== undefined && (typeof value !== "object" || value === null))
    throw new ApieConfigError([{ path: file.path, message: "expected an object of options, or a client" }]);
  return (value ?? {}) as StartOptions | Apie;
}

export interface Configured {
  readonly client: Apie;
  /** What the service keeps on disk: its own, and not opened here. */
  readonly storage: string | undefined;
  /** The file exports a client, with options that stay what they are. */
  readonly isReady: boolean;
}

/**
 * @param path config file; default: the one of the working directory, if there is one.
 * @param change what a command makes of the options of the file; it cannot change a client that is ready.
 * @throws {ApieConfigError} naming every wrong option.
 */
export async function configuredClient(
  path: string | undefined,
  change: (options: StartOptions) => StartOptions = (options) => options,
): Promise<Configured> {
  const options = optionsIn(await readConfigFile(path));
  if (isClient(options)) return { client: options, storage: undefined, isReady: true };
  const { queueStoragePath: storage, ...given } = change(options);
  return {
    client: clientOf({ ...given, onError: "silent", queueStoragePath: undefined }),
    storage,
    isReady: false,
  };
}
