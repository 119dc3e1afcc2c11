/** The README in parts: headings, bold labels, code blocks, tables. Tests run what it prints, so nothing is copied here. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../package/support.ts";

export const README = readFileSync(join(ROOT, "README.md"), "utf8");

export interface Block {
  language: string;
  text: string;
  /** The heading it stands under. */
  heading: string;
  /** The bold text that leads the paragraph before it, without marks; else the empty text. */
  label: string;
}

function readBlocks(): Block[] {
  const blocks: Block[] = [];
  let heading = "";
  let label = "";
  let open: Block | undefined;
  for (const line of README.split("\n")) {
    const fence = /^```(\w*)$/.exec(line);
    if (open !== undefined && fence === null) open.text += `${line}\n`;
    else if (open !== undefined) {
      blocks.push(open);
      open = undefined;
      label = "";
    } else if (fence !== null) open = { language: fence[1] ?? "", text: "", heading, label };
    else if (line.startsWith("#")) {
      heading = line.replace(/^#+ /, "");
      label = "";
    } else if (line !== "") label = /^\*\*(.+?)\*\*/.exec(line)?.[1]?.replaceAll("`", "") ?? "";
  }
  return blocks;
}

export const BLOCKS: readonly Block[] = readBlocks();

export const CODE = BLOCKS.filter(({ language }) => ["js", "ts"].includes(language));

/** The code under a heading, or under a bold label there. */
export function code(headingOrLabel: string): string {
  const found = CODE.filter(({ heading, label }) => label === headingOrLabel || heading === headingOrLabel);
  const [block, ...more] = found.length > 1 ? found.filter(({ label }) => label === headingOrLabel) : found;
  if (block === undefined || more.length > 0)
    throw new Error(`${found.length} blocks under ${headingOrLabel}`);
  return block.text;
}

/** What stands below a heading of the README, or of another page, up to the next one of its rank or above. */
export function section(heading: string, page = README): string {
  const [, marks = ""] = new RegExp(`^(#+) ${heading}$`, "m").exec(page) ?? [];
  const from = page.indexOf(`${marks} ${heading}\n`);
  if (marks === "") throw new Error(`no heading ${heading}`);
  const rest = page.slice(from + marks.length);
  const next = new RegExp(`^#{1,${marks.length}} `, "m").exec(rest);
  return rest.slice(0, next?.index);
}

/** Rows of the first table in a text, as cells, without its head. */
export function tableOf(text: string): string[][] {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => line.startsWith("|"));
  const length = lines.slice(first).findIndex((line) => !line.startsWith("|"));
  return lines.slice(first + 2, length === -1 ? undefined : first + length).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What is printed as code in a text. */
export const codeWords = (text: string): string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? "");
