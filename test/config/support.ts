/** Options that are enough for a client, and what a wrong configuration is told. */
import { type ApieConfig, type ApieOptions, resolveConfig } from "../../src/config/index.ts";
import { ApieConfigError } from "../../src/model/errors.ts";

export const ENOUGH = {
  apiKey: "apie_sk_test",
  baseUrl: "https://apie.example",
  agent: { key: "support", name: "Support" },
} satisfies ApieOptions;

/** Resolves options beside the required ones, with an empty environment. Takes what untyped code may hand in. */
export function resolved(options: object): ApieConfig {
  return resolveConfig({ ...ENOUGH, ...options } as ApieOptions, {}, {});
}

/** Path and message of every problem. */
export function problemsOf(resolve: () => unknown): Record<string, string> {
  try {
    resolve();
  } catch (error) {
    if (!(error instanceof ApieConfigError)) throw error;
    return Object.fromEntries(error.issues.map(({ path, message }) => [path, message]));
  }
  return {};
}
