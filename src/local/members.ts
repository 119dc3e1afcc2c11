/** Looking into what clients sent: what has not the expected type is not there. */

export type Members = Readonly<Record<string, unknown>>;

export const members = (value: unknown): Members =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : {};

/** The first text among these that says something. */
export const textOf = (...candidates: unknown[]): string | undefined =>
  candidates.find((value): value is string => typeof value === "string" && value !== "");

export const numberOf = (...candidates: unknown[]): number | undefined =>
  candidates.find((value): value is number => typeof value === "number" && Number.isFinite(value));

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
