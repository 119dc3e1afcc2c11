#!/usr/bin/env node
/** Entry of the command line `apie-otel`. Each command is a file in `commands/`. */
import { Command } from "commander";
import { PACKAGE_NAME, VERSION } from "../config/index.ts";
import { devCommand } from "./commands/dev.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { reportFailure } from "./failure.ts";

const COMMANDS: readonly (() => Command)[] = [devCommand, doctorCommand];

function createProgram(): Command {
  const program = new Command(PACKAGE_NAME)
    .description("OpenTelemetry bridge for AI agents: one instrumentation, two destinations.")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .showHelpAfterError(`(${PACKAGE_NAME} --help tells more)`)
    .addHelpText(
      "after",
      `
Examples:
  $ ${PACKAGE_NAME} dev                     a local Apie on port 4319, data in memory
  $ ${PACKAGE_NAME} dev --db apie.sqlite    the same, data kept in a file
  $ ${PACKAGE_NAME} doctor                  says what is missing on the way to Apie and OTLP
  $ ${PACKAGE_NAME} dev --help              what else dev can do`,
    );
  for (const command of COMMANDS) program.addCommand(command());
  return program;
}

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}
