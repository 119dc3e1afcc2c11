/** Text for the terminal; coloured only where standard output is one (https://no-color.org is honoured). */
import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

export const styled = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout, validateStream: true });

export const heading = (title: string, rest = ""): string =>
  `\n${styled("bold", title)}${rest === "" ? "" : `  ${styled("dim", rest)}`}\n`;

/** `3 runs`, `1 run`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/** Lines of cells, each column as wide as its widest cell; the last is left as it is. */
export function table(rows: readonly (readonly Cell[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, { text }] of row.entries())
      widths[column] = Math.max(widths[column] ?? 0, text.length);
  }
  const line = (row: readonly Cell[]): string =>
    row
      .map(({ text, style }, column) => {
        const padded = column === row.length - 1 ? text : text.padEnd(widths[column] ?? 0);
        return style === undefined ? padded : styled(style, padded);
      })
      .join("  ");
  return rows.map((row) => `  ${line(row).trimEnd()}`).join("\n");
}
