/** What an event says of an error. */
import type { ErrorFacts } from "../../model/activity.ts";
import { truncateWords } from "../plain.ts";
import type { WireEvent } from "../wire.ts";
import type { Parts } from "./facts.ts";

const MAX_STACK = 4_096;

/** Without content capture an error is its class: messages quote what the user or the model said. */
export function errorPart(
  error: ErrorFacts | undefined,
  captureContent: boolean,
  withStack = false,
): WireEvent["error"] {
  const type = error?.type ?? "Error";
  if (!captureContent || error?.message === undefined) return { message: type };
  const stack =
    withStack && error.stack !== undefined ? { stack: truncateWords(error.stack, MAX_STACK) } : {};
  return { message: `${type}: ${error.message}`, ...stack };
}

/** Parts of an event that tells of a failure. */
export const failed =
  (parts: Parts): Parts =>
  (facts) => ({ ...parts(facts), error: errorPart(facts.activity.error, facts.captureContent) });
