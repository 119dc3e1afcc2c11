/** `apie-otel/local`: an Apie of one's own, in this process, for development and tests. */
export { LocalApieError, type LocalApieErrorCode } from "./errors.ts";
export type { LocalApieOptions } from "./options.ts";
export { type LocalApie, startLocalApie } from "./start.ts";
export type { PolicyBody as LocalPolicy } from "./wire/policies.ts";
