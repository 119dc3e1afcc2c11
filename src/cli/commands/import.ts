/** `apie-otel import`: runs of a system that is running, or a recording of them, to Apie and over OTLP. */
import { Argument, type Command, Option } from "commander";
import { ApieError, reasonOf } from "../../model/errors.ts";
import { printable } from "../../model/printable.ts";
import { EXIT } from "../failure.ts";
import type { DestinationOptions } from "../import/destinations.ts";
import type { Source, SourceOptions, System } from "../import/sources.ts";
import type { StateLock } from "../import/state-lock.ts";
import { examplesOf, newCommand, wholeNumber } from "../shared/command.ts";
import { Progress, writeNote, writeOut } from "../shared/terminal.ts";

interface ImportOptions extends SourceOptions, DestinationOptions {
  readonly state?: string;
  readonly json?: true;
}

const SYSTEMS: readonly System[] = ["agno", "agdev"];
const TYPES = ["agent", "team", "workflow"];
const DEFAULT_TIMEOUT_MS = 30_000;

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** The first signal ends the work after what is under way, the second as usual. */
async function importRuns(system: System, options: ImportOptions): Promise<void> {
  const stopped = new AbortController();
  const stop = (): void => {
    writeNote("Stopping; once more ends at once.");
    stopped.abort();
    forget();
  };
  const forget = (): void => {
    for (const name of SIGNALS) process.off(name, stop);
  };
  for (const name of SIGNALS) process.on(name, stop);
  try {
    await importUntil(stopped.signal, system, options);
  } finally {
    forget();
    // What is still being read is of no use any more.
    stopped.abort();
  }
}

async function importUntil(signal: AbortSignal, system: System, options: ImportOptions): Promise<void> {
  const [{ sourceOf }, { StateLock }] = await Promise.all([
    import("../import/sources.ts"),
    import("../import/state-lock.ts"),
  ]);
  const tell = (note: string): void => writeNote(printable(note));
  const source = sourceOf(system, options, { intervalMs: options.interval * 1_000, signal, tell });
  const lock = options.state === undefined ? undefined : await StateLock.take(options.state);
  try {
    await importFrom(source, lock, signal, options);
  } finally {
    await lock?.release();
  }
}

async function importFrom(
  source: Source,
  lock: StateLock | undefined,
  signal: AbortSignal,
  options: ImportOptions,
): Promise<void> {
  const [{ destinationsOf }, { NO_STORE, StateFile }, { runImport }] = await Promise.all([
    import("../import/destinations.ts"),
    import("../import/state.ts"),
    import("../import/run-import.ts"),
  ]);
  const { follow, state, json } = options;
  const destinations = await destinationsOf(options, source.name);
  const store =
    lock === undefined
      ? NO_STORE
      : new StateFile(lock, destinations.apieUrl ?? destinations.otlpUrl ?? "", () =>
          destinations.workspaceId(),
        );
  if (follow === true && process.stderr.isTTY) writeNote(`Following ${source.place}; stop with Ctrl+C.`);
  const progress = new Progress("spans read");
  try {
    const { report, failure, seen } = await runImport({
      source,
      destinations,
      store,
      follows: follow === true,
      signal,
      progress,
    });
    progress.done();
    if (report === undefined) throw new ApieError("stopped", "stopped before anything was sent");
    const { importJson, importText } = await import("../import/report.ts");
    const ending = {
      source,
      destinations,
      report,
      seen,
      isInterrupted: signal.aborted,
      failure: failure === undefined ? undefined : reasonOf(failure),
      state,
    };
    await writeOut(json ? `${importJson(ending)}\n` : importText(ending));
    // Somebody who follows says when it is enough.
    const isDone = report.ok && failure === undefined && (!signal.aborted || follow === true);
    if (!isDone) process.exitCode = EXIT.failed;
  } finally {
    progress.done();
    await destinations.close();
  }
}

export const importCommand = (): Command =>
  newCommand("import")
    .description("Import runs that another system has recorded: once, or while they are at work.")
    .addArgument(
      new Argument(
        "<system>",
        "agno: runs of an AgentOS of Agno; agdev: a run of an agent on ag.dev",
      ).choices(SYSTEMS),
    )
    .option(
      "-f, --file <file>",
      "read this instead: JSON, JSON lines or a recorded stream; - is standard input",
    )
    .option("--base-url <address>", "where it is read from; of an AgentOS needed; default of ag.dev: its own")
    .option("--session <id>", "session: of agno the one to read, else the one the run is put in")
    .addOption(
      new Option("--type <type>", "type of the session of agno, where it does not find out").choices(TYPES),
    )
    .option("--run <id>", "only this run")
    .option("--agent <id>", "agent of the run: of ag.dev needed, of agno found out")
    .option("--team <id>", "team of the run, of agno")
    .option("--workflow <id>", "workflow of the run, of agno")
    .option("--follow", "go on until the run is over; of a session, until Ctrl+C")
    .option(
      "--interval <seconds>",
      "between looks at what has no stream",
      wholeNumber(1, 3_600, " of seconds"),
      1,
    )
    .option(
      "--timeout <ms>",
      "longest wait for an answer of the system",
      wholeNumber(1, 600_000, " of milliseconds"),
      DEFAULT_TIMEOUT_MS,
    )
    .option("--state <file>", "keep what has been sent in this file, and send only what is new")
    .option("--capture-content", "send prompts, answers, arguments and results, too")
    .option("-c, --config <file>", "config file for Apie; default: apie.config.* here, and the environment")
    .option("--local [address]", "to a local Apie instead; default: http://127.0.0.1:4319")
    .option("--key <key>", "key of the local Apie, if it has one")
    .option("--no-apie", "not to Apie")
    .option("--otlp [address]", "over OTLP/HTTP, too; default: OTEL_EXPORTER_OTLP_*")
    .option("--json", "print the report as one line of JSON")
    .addHelpText(
      "after",
      examplesOf(
        [
          ["import agno --base-url http://localhost:7777 --session s1", "all runs of a session"],
          [
            "import agno --base-url http://localhost:7777 --session s1 --run r1 --follow",
            "a run while it is at work",
          ],
          ["import agno --file runs.json --local --otlp http://localhost:4318", "a recording, to both"],
          ["import agdev --agent a1 --run r1 --state import.json", "only what is new since the last time"],
        ],
        `Tokens come from AGNO_API_TOKEN and AGDEV_API_KEY, and go to that address only. Event ids are made of the ids of the
source: Apie keeps each event once. Ends with 0 when all of it has arrived, 1 when not or when the source does not
answer, 2 when it was called wrongly or the file cannot be read.`,
      ),
    )
    .action(importRuns);
