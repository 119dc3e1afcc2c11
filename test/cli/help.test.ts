/** Help of each command, and the page that describes them all. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { EXIT } from "../../src/cli/failure.ts";
import { runCli } from "./support.ts";

const COMMANDS = readdirSync(new URL("../../src/cli/commands/", import.meta.url)).map((file) =>
  file.replace(/\.ts$/, ""),
);
const PAGE = readFileSync(new URL("../../docs/command-line.md", import.meta.url), "utf8");

const helpOf = async (command: string): Promise<string> => {
  const cli = runCli([command, "--help"]);
  expect(await cli.ended).toBe(EXIT.ok);
  expect(cli.stderr()).toBe("");
  return cli.stdout();
};

const optionsIn = (text: string): string[] => [
  ...new Set([...text.matchAll(/--[a-z][a-z-]*/g)].map(([option]) => option)),
];

function sectionOf(command: string): string {
  const [section] = new RegExp(`^## \`${command}.*?(?=^## )`, "ms").exec(`${PAGE}\n## end`) ?? [];
  return section ?? "";
}

it.each(COMMANDS)("%s --help has examples and exit codes, and the page has its options", async (command) => {
  const help = await helpOf(command);
  expect(help).toMatch(new RegExp(`^Usage: apie-otel ${command} `));
  expect(help).toContain("Examples:\n  $ apie-otel ");
  expect(help).toMatch(/exit code/i);
  // No line is so long that a terminal of 130 columns breaks it.
  expect(help.split("\n").filter((line) => line.length > 130)).toEqual([]);
  const [options = ""] = /^Options:\n.*?(?=\n\n)/ms.exec(help) ?? [];
  const declared = [...options.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option ?? "");
  const described = [...sectionOf(command).matchAll(/^\| `(?:-\w, )?(--[a-z-]+)/gm)].map(
    ([, option]) => option,
  );
  expect(described.toSorted()).toEqual(declared.filter((option) => option !== "--help").toSorted());
  // What else the page says of this command exists.
  expect(optionsIn(sectionOf(command)).filter((option) => !help.includes(option))).toEqual([]);
});

it("the page has a section for each command and the exit codes there are", () => {
  const named = [...PAGE.matchAll(/^## `([a-z-]+)/gm)].map(([, command]) => command);
  expect(named.toSorted()).toEqual(COMMANDS.toSorted());
  const codes = [...PAGE.matchAll(/^\| `(\d)` \|/gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(EXIT));
});
