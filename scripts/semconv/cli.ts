import { loadRegistry } from "./load.ts";
import { RegistryError } from "./problem.ts";
import type { Registry } from "./registry.ts";
import { readSources } from "./sources.ts";

/**
 * The checked registry of the project folder, for a command. When it has problems they are printed, the exit code is
 * set to 1, and the result is `undefined`.
 */
export function registryForCommand(root: string): Registry | undefined {
  try {
    return loadRegistry(readSources(root));
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const { length } = error.problems;
    console.error(error.message);
    console.error(`semconv: ${length} problem${length === 1 ? "" : "s"}`);
    process.exitCode = 1;
    return undefined;
  }
}
