export { denyExpression } from "./deny-pattern.ts";
export { optionsFromEnvironment, slug } from "./environment.ts";
export { type ConfigFile, findConfigFile, readConfigFile, readConfigFileSync } from "./file.ts";
export { nearest } from "./nearest.ts";
export type * from "./options.ts";
export * from "./product.ts";
export { type ApieConfig, DEFAULTS, mergeLayers, resolveConfig } from "./resolve.ts";
export { DEFAULT_SESSION_TTL_MS, type SessionStore } from "./session-store.ts";
export { VERSION } from "./version.ts";
