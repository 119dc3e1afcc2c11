/** `apie-otel init`: writes a config file, and says what to add to the service. */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Command } from "commander";
import {
  API_KEY_VARIABLES,
  BASE_URL_VARIABLES,
  findConfigFile,
  HOSTED_BASE_URL,
  PACKAGE_NAME,
} from "../../config/index.ts";
import { reasonOf } from "../../model/errors.ts";
import { EXIT, UsageError } from "../failure.ts";
import { CONFIG_FILE, configText } from "../init/config-text.ts";
import { type Detected, detect } from "../init/detect.ts";
import { type Advice, adviceFor } from "../init/lines.ts";
import { examplesOf, newCommand } from "../shared/command.ts";
import { DEFAULT_PORT } from "../shared/local-apie.ts";
import { writeNote, writeOut } from "../shared/terminal.ts";

interface InitOptions {
  readonly force?: true;
  readonly json?: true;
}

async function write(path: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(path, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    throw new UsageError(`Cannot write ${path}: ${reasonOf(error)}`, error);
  }
}

function adviceText({ agent, file }: Detected, { found, what, lines }: Advice): string {
  const where = file === undefined ? "" : ` in ${file}`;
  return [
    `Agent: ${agent.name} (key ${agent.key})`,
    `Found: ${found}${where}`,
    "",
    `To add: ${what}.`,
    "",
    ...lines.map((line) => (line === "" ? "" : `    ${line}`)),
    "",
    "Set for your service:",
    "",
    `    ${API_KEY_VARIABLES[0]}=apie_sk_… ${BASE_URL_VARIABLES[0]}=${HOSTED_BASE_URL}`,
    "",
    `No account yet? \`npx ${PACKAGE_NAME} dev\`, and ${API_KEY_VARIABLES[0]}=local ${BASE_URL_VARIABLES[0]}=http://127.0.0.1:${DEFAULT_PORT}`,
    `Then \`npx ${PACKAGE_NAME} doctor\` says what is still missing.`,
    "",
  ].join("\n");
}

async function init({ force, json }: InitOptions): Promise<void> {
  const folder = process.cwd();
  const found = detect(folder);
  const path = join(folder, CONFIG_FILE);
  const before = findConfigFile(folder);
  // Another one may be read in its place: two are never wanted.
  const isKept = before !== undefined && (basename(before) !== CONFIG_FILE || force !== true);
  if (!isKept) await write(path, configText(found.agent), force === true || !existsSync(path));
  const advice = adviceFor(found);
  if (json) {
    const { agent, setup, file } = found;
    const result = {
      config: isKept ? before : path,
      written: !isKept,
      agent,
      setup,
      found_in: file ?? null,
      lines: advice.lines,
    };
    await writeOut(`${JSON.stringify(result)}\n`);
  } else {
    if (!isKept) await writeOut(`Wrote ${CONFIG_FILE}\n`);
    await writeOut(adviceText(found, advice));
  }
  if (!isKept) return;
  const name = basename(before);
  writeNote(
    `${PACKAGE_NAME}: ${name} is there already and was left as it is` +
      (name === CONFIG_FILE ? "; --force writes it anew" : `; move it away to have ${CONFIG_FILE} written`),
  );
  process.exitCode = EXIT.failed;
}

export const initCommand = (): Command =>
  newCommand("init")
    .description(
      "Write a commented apie.config.mjs, and say what to add to your service by how it sets OpenTelemetry up.",
    )
    .option("--force", `write ${CONFIG_FILE} also where there is one`)
    .option("--json", "print what was found, and the lines to add, as one line of JSON")
    .addHelpText(
      "after",
      examplesOf(
        [
          ["init", "in the folder of your service, which has its package.json"],
          ["init --force", "anew, in place of the one that is there"],
        ],
        "It reads package.json, OTEL_SERVICE_NAME and the sources, and runs nothing of them. The agent is called as\nOTEL_SERVICE_NAME or the package is. Ends with 1, and changes nothing, when there is a config file already.\napie.config.ts is read by Node 22.18 or newer; an older Node says so.",
      ),
    )
    .action(init);
