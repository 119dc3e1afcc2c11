/**
 * The `agent.*` semantic convention: its keys, values and span definitions, generated from the registry in `semconv/`,
 * and a checker that says where a span departs from it.
 */
export * from "./attributes.ts";
export * from "./conformance.ts";
export * from "./definitions.ts";
export * from "./enums.ts";
export * from "./names.ts";
export * from "./schema-url.ts";
export * from "./spans.ts";
export type * from "./types.ts";
