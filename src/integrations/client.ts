/** The part of a client that the integrations call. */
import type { Apie } from "../apie.ts";

export type ToolClient = Pick<Apie, "withTool" | "spanProcessor">;
export type ModelClient = Pick<Apie, "withLlmCall">;
