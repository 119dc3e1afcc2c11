/** The pages in docs/: their tables are those of the code, and their links lead somewhere. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { renewed } from "../../scripts/docs/page.ts";
import { PAGES } from "../../scripts/docs/pages.ts";
import { ROOT } from "../package/support.ts";

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const pages = readdirSync(join(ROOT, "docs"))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);

test.each(Object.entries(PAGES))("%s has the tables that `npm run docs` writes", (name, tables) => {
  const page = read(name);
  expect(renewed(page, tables) === page, "stale: run `npm run docs`").toBe(true);
});

const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-"),
  );

function isBroken(page: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, file))) return true;
  return anchor !== undefined && !anchorsOf(read(file)).includes(anchor);
}

function localTargets(page: string): string[] {
  const prose = read(page).replace(/^```.*?^```$/gms, "");
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? "");
  return targets.filter((target) => !/^https?:/.test(target));
}

test.each(pages)("%s leads to files and headings that exist", (page) => {
  expect(localTargets(page).filter((target) => isBroken(page, target))).toEqual([]);
});

test("there are links to look at", () => {
  expect(pages.flatMap(localTargets).length).toBeGreaterThan(20);
  expect(isBroken("docs/delivery.md", "#nowhere")).toBe(true);
  expect(isBroken("docs/delivery.md", "../nowhere.md")).toBe(true);
});
