/** Times of ag.dev: ISO 8601, with milliseconds or without. */
import { microseconds } from "../timeline.ts";

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/i;
const ZONE = /(Z|[+-]\d{2}:?\d{2})$/i;

/** Microseconds since the epoch; `undefined` for what is no time. Without a zone it is UTC, wherever it is read. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value !== "string" || !ISO.test(value)) return undefined;
  return microseconds(ZONE.test(value) ? value : `${value}Z`);
}

export const hasFraction = (value: unknown): boolean => typeof value === "string" && value.includes(".");
