import type { Requirement } from "../../registry.ts";
import { DOCS_HEADER } from "../text.ts";

/** A Markdown table; a row may have cells of any text. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** The anchor GitHub gives a heading. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 _-]/g, "")
    .replaceAll(" ", "-");
}

/** Turns a note's folded paragraphs into Markdown paragraphs. */
export function prose(text: string | undefined): string {
  return (text ?? "").trim().replaceAll(/\n+/g, "\n\n");
}

/** A page: header, title and its parts, empty ones left out. */
export function page(title: string, ...parts: readonly string[]): string {
  return `${[DOCS_HEADER, `# ${title}`, ...parts.filter((part) => part !== "")].join("\n\n")}\n`;
}

const LEVELS = {
  required: "required",
  conditionally_required: "conditionally required",
  recommended: "recommended",
  opt_in: "opt-in",
} as const;

/** A requirement level with its condition, as text. */
export function requirement({ level, condition }: Requirement): string {
  return condition === undefined ? LEVELS[level] : `${LEVELS[level]}: ${condition}`;
}
