/** Text for terminals. */
import { styleText } from "node:util";

export { printable } from "../../model/printable.ts";

export type Style = Parameters<typeof styleText>[0];

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
