/**
 * Names of the product this bridge talks to. The vendor is being renamed (hosts, environment variables and key
 * prefixes may follow), so all that the code compares or sends stands here and nowhere else.
 */

export const PACKAGE_NAME = "apie-otel";

/** Where the API key and the address are read from, first one set wins. */
export const API_KEY_VARIABLES = ["APIE_API_KEY"] as const;
export const BASE_URL_VARIABLES = ["APIE_BASE_URL"] as const;

/** Address of the hosted service, for messages only: it is never used unless the user names it. */
export const HOSTED_BASE_URL = "https://api.apie.sh";

/** Config files, in the order they are looked for in the working directory. */
export const CONFIG_FILE_NAMES = [
  "apie.config.ts",
  "apie.config.mts",
  "apie.config.js",
  "apie.config.mjs",
  "apie.config.cjs",
  "apie.config.json",
] as const;

/** Name of what a guard asks: the policies of the service, together. */
export const POLICY_SET = "apie";

/** `metadata.capture_source` of every run and event the bridge sends. */
export const CAPTURE_SOURCE = "otel_bridge";

/** Request ids the service may answer with, in order of preference. */
export const REQUEST_ID_HEADERS = ["x-request-id", "x-apie-request-id"] as const;
