/** Findings as text: one line each, with the remedy below. */
import { styleText } from "node:util";
import type { Finding, FindingLevel } from "../../diagnostics/index.ts";

type Colour = "green" | "dim" | "yellow" | "red";

const MARKS: Readonly<Record<FindingLevel, { mark: string; word: string; colour: Colour }>> = {
  ok: { mark: "✓", word: "ok", colour: "green" },
  info: { mark: "·", word: "info", colour: "dim" },
  warning: { mark: "!", word: "warning", colour: "yellow" },
  error: { mark: "✗", word: "error", colour: "red" },
};

const WORD_WIDTH = 7;
const INDENT = " ".repeat(WORD_WIDTH + 3);

/** @param inColour for a terminal. */
export function formatFindings(findings: readonly Finding[], inColour: boolean): string {
  const paint = (colour: Colour, text: string): string => (inColour ? styleText(colour, text) : text);
  const lines = findings.flatMap(({ check, level, message, remedy }) => {
    const { mark, word, colour } = MARKS[level];
    const head = `${paint(colour, `${mark} ${word.padEnd(WORD_WIDTH)}`)} ${check}: ${message}`;
    return remedy === undefined ? [head] : [head, `${INDENT}→ ${remedy}`];
  });
  return `${[...lines, "", summary(findings)].join("\n")}\n`;
}

function summary(findings: readonly Finding[]): string {
  const count = (level: FindingLevel): number => findings.filter((one) => one.level === level).length;
  const [errors, warnings] = [count("error"), count("warning")];
  if (errors + warnings === 0) return "Nothing is missing.";
  const plural = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
  return `${plural(errors, "error")}, ${plural(warnings, "warning")}.`;
}
