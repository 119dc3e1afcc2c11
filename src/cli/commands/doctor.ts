/** `apie-otel doctor`: says what is missing on the way of agent work, and what to do about it. */
import type { Command } from "commander";
import { API_KEY_VARIABLES, BASE_URL_VARIABLES, PACKAGE_NAME } from "../../config/index.ts";
import type { Finding } from "../../diagnostics/index.ts";
import { examine } from "../doctor/examine.ts";
import { formatFindings } from "../doctor/format.ts";
import { EXIT } from "../failure.ts";
import { newCommand, wholeNumber } from "../shared/command.ts";
import { inColour } from "../shared/terminal.ts";

interface DoctorCommandOptions {
  readonly config?: string;
  readonly import: readonly string[];
  readonly json?: true;
  readonly strict?: true;
  readonly timeout: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;

/** What only the process of the service can tell. */
const ELSEWHERE: Finding = {
  check: "provider",
  level: "info",
  message:
    "provider, context manager, sampler, exporters and queue are those of your service, and were not looked at",
  remedy:
    "--import ./instrumentation.mjs loads the file that sets them up; or call `await apie.doctor()` in the service",
};

async function doctor(options: DoctorCommandOptions): Promise<void> {
  const { config, import: imports, timeout } = options;
  const report = await examine({ config, import: imports, timeoutMs: timeout });
  const findings =
    imports.length > 0 || report.enabled === undefined ? report.findings : [...report.findings, ELSEWHERE];
  const text = options.json
    ? `${JSON.stringify({ ...report, findings })}\n`
    : formatFindings(findings, inColour());
  const isFine = report.ok && !(options.strict && findings.some(({ level }) => level === "warning"));
  // What was loaded may keep the process alive; output to a pipe must be through first.
  process.stdout.write(text, () => process.exit(isFine ? EXIT.ok : EXIT.failed));
}

const appended = (one: string, before: readonly string[]): readonly string[] => [...before, one];

export const doctorCommand = (): Command =>
  newCommand("doctor")
    .description("Say what is missing on the way of agent work to Apie and over OTLP, each with its remedy.")
    .option("-c, --config <file>", "config file; default: apie.config.* here, and the environment")
    .option(
      "-i, --import <file>",
      "load a file or package of your service first (its instrumentation); may be given again",
      appended,
      [],
    )
    .option("--json", "print the report as one line of JSON")
    .option("--strict", "end with 1 for warnings, too")
    .option(
      "--timeout <ms>",
      "longest examination",
      wholeNumber(1, 600_000, " of milliseconds"),
      DEFAULT_TIMEOUT_MS,
    )
    .addHelpText(
      "after",
      `
Examples:
  $ ${PACKAGE_NAME} doctor                                 key, Apie and OTLP endpoint, by apie.config.* and the environment
  $ ${PACKAGE_NAME} doctor --import ./instrumentation.mjs  also provider, context manager, sampler and exporters
  $ ${PACKAGE_NAME} doctor --import ${PACKAGE_NAME}/register     the same for a service started with it
  $ ${PACKAGE_NAME} doctor --json --strict                 for scripts

It reads ${API_KEY_VARIABLES[0]}, ${BASE_URL_VARIABLES[0]} and OTEL_*. With --import, options are those the loaded file gives. It registers the
agent, has Apie look at a sample event without storing it, and sends the OTLP endpoint a request without spans.

Ends with exit code 0 when there is no error, else 1; 2 when it was called wrongly. In the service itself: await apie.doctor().`,
    )
    .action(doctor);
