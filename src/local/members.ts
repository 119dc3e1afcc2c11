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

/** What a table has under a name from outside: `constructor` and its like, which every object has, are names as others are. */
export const entryOf = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
