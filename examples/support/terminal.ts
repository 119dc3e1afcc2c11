/** Text for the terminal; coloured only where standard output is one (https://no-color.org is honoured). */
import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

export const styled = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout, validateStream: true });

export const heading = (title: string, rest = ""): string =>
  `\n${styled("bold", title)}${rest === "" ? "" : `  ${styled("dim", rest)}`}\n`;

/** `3 runs`, `1 run`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Whether colours are shown at all. */
export const inColour = (): boolean => styled("bold", "x") !== "x";
