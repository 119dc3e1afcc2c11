/** Text for terminals: what agents wrote can neither steer the terminal nor pretend to be another line. */
import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

/** Control characters, and those that turn the direction of what follows (https://trojansource.codes). */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

/** On one line; at most so many characters. */
export function printable(text: string, most = Number.POSITIVE_INFINITY): string {
  const line = text.slice(0, most * 2).replace(UNPRINTABLE, " ");
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

/** `3 runs`, `1 run`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** @param colour whether it is for a terminal that shows colours. */
export const paint = (colour: boolean, style: Style | undefined, text: string): string =>
  colour && style !== undefined && text !== "" ? styleText(style, text, { validateStream: false }) : text;

/** Lines of cells, each column as wide as its widest cell; the last is left as it is. */
export function table(rows: readonly (readonly Cell[])[], colour: boolean): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, { text }] of row.entries())
      widths[column] = Math.max(widths[column] ?? 0, text.length);
  const line = (row: readonly Cell[]): string =>
    row
      .map(({ text, style }, column) =>
        paint(colour, style, column === row.length - 1 ? text : text.padEnd(widths[column] ?? 0)),
      )
      .join("  ");
  return rows.map((row) => `  ${line(row).trimEnd()}`).join("\n");
}
