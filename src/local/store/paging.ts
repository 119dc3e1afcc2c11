/** Pages by key, never by offset: a page stays right while rows are added. */
import type { Value } from "./database.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Give it as `cursor` to get the next page; null at the end. */
  readonly next_cursor: string | null;
}

/** Key columns of the item to go on after. */
export type Cursor = readonly bigint[];

const encodeCursor = (keys: readonly (string | number)[]): string => keys.join(".");

/** Cuts the one row read beyond the limit, which tells that there is a next page. */
export function pageOf<Row, T>(
  rows: readonly Row[],
  limit: number,
  keysOf: (row: Row) => readonly (string | number)[],
  present: (row: Row) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(present),
    next_cursor: rows.length > limit && last !== undefined ? encodeCursor(keysOf(last)) : null,
  };
}

/** A WHERE clause, all conditions true; one whose value is `undefined` is left out. */
export class Conditions {
  readonly #parts: string[] = [];
  readonly values: Value[] = [];

  add(sql: string, ...values: readonly (Value | undefined)[]): this {
    if (values.some((value) => value === undefined)) return this;
    this.#parts.push(sql);
    this.values.push(...(values as Value[]));
    return this;
  }

  get sql(): string {
    return this.#parts.length === 0 ? "" : `WHERE ${this.#parts.join(" AND ")}`;
  }
}

/** For LIKE … ESCAPE '\': the text anywhere. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, "\\$&")}%`;
