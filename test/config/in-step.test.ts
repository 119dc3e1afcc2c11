/** The same options stand in four places, and the version in two: here they are held together. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { DEFAULTS, VERSION } from "../../src/config/index.ts";
import { optionsSchema } from "../../src/config/schema.ts";

interface Described {
  name: string;
  comment: string;
}

/** Members of `ApieOptions` in options.ts, with their comments. */
function describedOptions(): Described[] {
  const source = readFileSync(new URL("../../src/config/options.ts", import.meta.url), "utf8");
  const body = /^export interface ApieOptions \{\n(.*?)^\}/ms.exec(source)?.[1] ?? "";
  const members = body.matchAll(/(?:^ {2}\/\*\*(?<comment>(?:(?!\*\/).)*)\*\/\n)?^ {2}(?<name>\w+)\?:/gms);
  return [...members].map(({ groups }) => ({ name: groups?.name ?? "", comment: groups?.comment ?? "" }));
}

/** The default a comment states: "Default 2,000", "Default `warn`", "`root` (default) gives …". */
function statedDefault(comment: string): unknown {
  const text = comment.replace(/\s*\n\s*\*\s*/g, " ");
  const [, word, number] = /\bDefault (?:`(\w+)`|([\d,]+))/.exec(text) ?? [];
  const stated = number?.replaceAll(",", "") ?? word ?? /`(\w+)` \((?:the )?default\)/.exec(text)?.[1];
  if (stated === undefined) return undefined;
  return /^(true|false|\d+)$/.test(stated) ? JSON.parse(stated) : stated;
}

const described = describedOptions();

test("every option that is described is checked, and the reverse", () => {
  const names = described.map(({ name }) => name);
  expect(names.length).toBeGreaterThan(50);
  expect(Object.keys(optionsSchema.shape).sort()).toEqual(names.toSorted());
});

test("every default that is stated is the one that holds, and the reverse", () => {
  const stated = described
    .map(({ name, comment }) => [name, statedDefault(comment)] as const)
    .filter(([, value]) => value !== undefined);
  expect(Object.fromEntries(stated)).toEqual(DEFAULTS);
});

/** Rows of the README's table: names and defaults as they are printed, without marks. */
function printedOptions(): { names: string[]; defaults: string[] }[] {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const [, table = ""] = /<!-- options -->\n(.*?)<!-- \/options -->/s.exec(readme) ?? [];
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  return rows.map((row) => {
    const [names = "", defaults = ""] = row.split("|").slice(1);
    const plain = (cell: string) => cell.split(", ").map((part) => part.replaceAll("`", "").trim());
    return { names: plain(names), defaults: plain(defaults) };
  });
}

test("the README's table has every option, each once, with the default that holds", () => {
  const rows = printedOptions();
  const names = rows.flatMap((row) => row.names);
  expect(names.toSorted()).toEqual(Object.keys(optionsSchema.shape).sort());
  const printed = rows.flatMap(({ names, defaults }) => {
    // One default stands for all names of its row.
    expect([1, names.length]).toContain(defaults.length);
    return names.map((name, index) => [name, defaults[index] ?? defaults[0]] as const);
  });
  const isValue = (text: string | undefined) => /^(true|false|\d+)$/.test(text ?? "");
  const stated = printed.filter(([name, text]) => name in DEFAULTS || isValue(text));
  expect(Object.fromEntries(stated)).toEqual(
    Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, String(value)])),
  );
});

test("defaults are good values", () => {
  expect(optionsSchema.safeParse(DEFAULTS).error).toBeUndefined();
});

test("the version is that of the package", () => {
  expect(VERSION).toBe(manifest.version);
});
