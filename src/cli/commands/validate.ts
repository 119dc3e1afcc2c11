/** `apie-otel validate`: whether Apie would take these events; what would become of these spans. */
import type { Command } from "commander";
import { readConfigFile } from "../../config/index.ts";
import type { StartOptions } from "../../start/index.ts";
import { EXIT, UsageError } from "../failure.ts";
import { examplesOf, newCommand } from "../shared/command.ts";
import { configuredClient, optionsIn } from "../shared/configured.ts";
import { inColour, writeOut } from "../shared/terminal.ts";
import { judgeEvents } from "../validate/events.ts";
import { type Input, readInput } from "../validate/input.ts";

interface ValidateOptions {
  readonly config?: string;
  readonly remote?: true;
  readonly json?: true;
}

async function validateEvents(
  input: Extract<Input, { kind: "events" }>,
  { config, remote, json }: ValidateOptions,
): Promise<boolean> {
  const client = remote ? (await configuredClient(config)).client : undefined;
  const report = await judgeEvents(input, client);
  await client?.shutdown();
  const { eventText } = await import("../validate/report.ts");
  await writeOut(json ? `${JSON.stringify({ kind: "events", ...report })}\n` : eventText(report, inColour()));
  return report.valid;
}

/** Of a service whose options are not given, the defaults count. */
async function optionsOf(config: string | undefined): Promise<StartOptions> {
  if (config === undefined) return {};
  const options = optionsIn(await readConfigFile(config));
  if ("spanProcessor" in options)
    throw new UsageError(`${config} exports a client: give a file that exports its options`);
  return options;
}

async function validateSpans(
  input: Extract<Input, { kind: "otlp" }>,
  { config, json }: ValidateOptions,
): Promise<boolean> {
  const [{ spansIn }, { fatesOf }, { spanText }] = await Promise.all([
    import("../validate/otlp.ts"),
    import("../validate/spans.ts"),
    import("../validate/report.ts"),
  ]);
  const { spans, malformed } = spansIn(input);
  const fates = await fatesOf(spans, await optionsOf(config));
  const valid = malformed.length === 0 && fates.invalid.length === 0;
  const text = json
    ? `${JSON.stringify({ kind: "otlp", valid, malformed, ...fates })}\n`
    : spanText(fates, malformed, inColour());
  await writeOut(text);
  return valid;
}

async function validate(file: string, options: ValidateOptions): Promise<void> {
  const input = await readInput(file);
  if (input.kind === "otlp" && options.remote)
    throw new UsageError("--remote is for events: spans are translated here, and Apie knows none");
  const valid =
    input.kind === "events" ? await validateEvents(input, options) : await validateSpans(input, options);
  if (!valid) process.exitCode = EXIT.failed;
}

export const validateCommand = (): Command =>
  newCommand("validate")
    .description(
      "Check events by the rules of Apie's protocol, or say what would become of the spans of an OTLP export.",
    )
    .argument(
      "<file>",
      "events: one, a list, {events: […]} or JSON lines; or OTLP traces, JSON or protobuf; - reads standard input",
    )
    .option(
      "-c, --config <file>",
      "options of the service: conventions, agents, rules; with --remote also address and key",
    )
    .option("--remote", "ask Apie about the events, too; it stores none")
    .option("--json", "print the report as one line of JSON")
    .addHelpText(
      "after",
      examplesOf(
        [
          ["validate events.jsonl", "each wrong event by its line, with what to mend"],
          ["validate spans.json", "which span becomes what: kind, run, events"],
          ["export last -f otlp | apie-otel validate -", "spans of a local Apie"],
          ["validate events.json --remote", "asks the Apie of apie.config.* or the environment, too"],
        ],
        "It finds out by itself what is in the file, gzipped or not. Without --remote nothing leaves this machine.\nEnds with 0 when all is valid, 1 when something is not, 2 when it cannot be read.",
      ),
    )
    .action(validate);
