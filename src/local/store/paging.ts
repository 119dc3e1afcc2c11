/** Pages by key, never by offset: a page stays right while rows are added. */
import type { Database, Value } from "./database.ts";

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

/** By arrival. */
export type Order = "newest" | "oldest";

/**
 * A page of rows in the order they came.
 *
 * @param from what is read, e.g. `* FROM runs`, with the column `seq`.
 */
export function pageByArrival<Row extends { seq: number }>(
  db: Database,
  from: string,
  where: Conditions,
  { order, limit, cursor }: { order: Order; limit: number; cursor: Cursor | undefined },
): Page<Row> {
  const [direction, beyond] = order === "newest" ? ["DESC", "<"] : ["ASC", ">"];
  where.add(`seq ${beyond} ?`, cursor?.[0]);
  const rows = db.all<Row>(
    `SELECT ${from} ${where.sql} ORDER BY seq ${direction} LIMIT ?`,
    ...where.values,
    limit + 1,
  );
  return pageOf(
    rows,
    limit,
    (row) => [row.seq],
    (row) => row,
  );
}

export const presented = <Row, T>({ items, next_cursor }: Page<Row>, present: (row: Row) => T): Page<T> => ({
  items: items.map(present),
  next_cursor,
});

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
