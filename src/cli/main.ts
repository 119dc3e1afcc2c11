#!/usr/bin/env node
/** Entry of the command line `apie-otel`. Each command is a file in `commands/`. */
import type { Command } from "commander";
import { PACKAGE_NAME, VERSION } from "../config/index.ts";
import { devCommand } from "./commands/dev.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { importCommand } from "./commands/import.ts";
import { initCommand } from "./commands/init.ts";
import { replayCommand } from "./commands/replay.ts";
import { sendTestEventCommand } from "./commands/send-test-event.ts";
import { tailCommand } from "./commands/tail.ts";
import { validateCommand } from "./commands/validate.ts";
import { reportFailure } from "./failure.ts";
import { examplesOf, newCommand } from "./shared/command.ts";
import { endWithReader } from "./shared/terminal.ts";

/** In the order in which one needs them. */
const COMMANDS: readonly (() => Command)[] = [
  initCommand,
  devCommand,
  doctorCommand,
  sendTestEventCommand,
  tailCommand,
  replayCommand,
  exportCommand,
  validateCommand,
  importCommand,
];

function createProgram(): Command {
  const program = newCommand(PACKAGE_NAME)
    .description("OpenTelemetry bridge for AI agents: one instrumentation, two destinations.")
    .version(VERSION, "-V, --version", "print the version")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText(
      "after",
      examplesOf([
        ["init", "writes apie.config.mjs and says what to add to your service"],
        ["dev", `a local Apie on port 4319, data in memory`],
        ["doctor", "says what is missing on the way to Apie and OTLP"],
        ["send-test-event", "sees whether Apie takes agent work"],
        ["tail", "events of the local Apie as they come in"],
        ["replay last", "the session opened last, as a timeline"],
        ["dev --help", "what else dev can do"],
      ]),
    );
  for (const command of COMMANDS) program.addCommand(command());
  return program;
}

endWithReader();
try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}
