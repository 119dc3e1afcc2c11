export { denyExpression } from "./deny-pattern.ts";
export { optionsFromEnvironment, slug } from "./environment.ts";
export { type ConfigFile, findConfigFile, readConfigFile, readConfigFileSync } from "./file.ts";
export { nearest } from "./nearest.ts";
export type * from "./options.ts";
export * from "./product.ts";
export { type ApieConfig, DEFAULTS, mergeLayers, resolveConfig } from "./resolve.ts";
export { VERSION } from "./version.ts";
