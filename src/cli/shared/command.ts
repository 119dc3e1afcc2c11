/** What all commands have in common. */
import { Command, InvalidArgumentError } from "commander";
import { PACKAGE_NAME } from "../../config/index.ts";
import { EXIT_HELP } from "../failure.ts";

/** Errors are thrown, so that one place decides how the process ends. */
export const newCommand = (name: string): Command =>
  new Command(name)
    .helpOption("-h, --help", "print this help")
    .showHelpAfterError(`(${PACKAGE_NAME}${name === PACKAGE_NAME ? "" : ` ${name}`} --help tells more)`)
    .showSuggestionAfterError(true)
    .exitOverride();

/** @param lines call and what it does, e.g. `["tail --json", "one line of JSON per event"]`. */
export function examplesOf(lines: readonly (readonly [call: string, what: string])[], notes = ""): string {
  const calls = lines.map(([call]) => `  $ ${PACKAGE_NAME} ${call}`);
  const width = Math.max(...calls.map(({ length }) => length));
  const examples = lines.map(([, what], index) => `${(calls[index] ?? "").padEnd(width)}  ${what}`.trimEnd());
  const more = notes === "" ? "" : `\n${notes}\n`;
  return `\nExamples:\n${examples.join("\n")}\n${more}\n${EXIT_HELP}`;
}

export function wholeNumber(least: number, most: number, unit = ""): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < least || number > most)
      throw new InvalidArgumentError(`It must be a number${unit} from ${least} to ${most}.`);
    return number;
  };
}
