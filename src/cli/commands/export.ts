/** `apie-otel export`: a session as a file, as JSON or as the OTLP it came with. */
import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { sessionJson } from "../export/json.ts";
import { writePieces } from "../export/output.ts";
import { UsageError } from "../failure.ts";
import { examplesOf, newCommand } from "../shared/command.ts";
import { type ReadOptions, readerOf, reading, sessionIdOf, withReadOptions } from "../shared/local-apie.ts";
import { Progress, writeNote } from "../shared/terminal.ts";

const FORMATS = ["json", "otlp"] as const;

interface ExportOptions extends ReadOptions {
  readonly format: (typeof FORMATS)[number];
  readonly out?: string;
  readonly force?: true;
}

const NO_SPANS =
  "No spans of this session came over OTLP: the export is empty. Its service sends them where OTEL_EXPORTER_OTLP_TRACES_ENDPOINT leads";

async function exportSession(given: string, { format, out, force, ...where }: ExportOptions): Promise<void> {
  if (out !== undefined && force !== true && existsSync(out))
    throw new UsageError(`${out} is there already: name another file, or --force`);
  const reader = await readerOf(where);
  const progress = new Progress("items read");
  const count = <T>(items: AsyncIterable<T>): AsyncIterable<T> => progress.counting(items);
  await reading(async () => {
    const session = await reader.session(await sessionIdOf(reader, given));
    const { sessionOtlp } = await import("../export/otlp.ts");
    const pieces =
      format === "json"
        ? sessionJson(reader, session, count)
        : sessionOtlp(reader, session, count, () => writeNote(NO_SPANS));
    try {
      await writePieces(pieces, out, force === true);
    } finally {
      progress.done();
    }
  });
}

export const exportCommand = (): Command =>
  withReadOptions(
    newCommand("export")
      .description(
        "Write a session of a local Apie: runs, events and hand-offs as JSON, or its spans as OTLP/JSON.",
      )
      .argument("<session>", "id of the session, or last"),
  )
    .addOption(
      new Option("-f, --format <format>", "json, or otlp: an ExportTraceServiceRequest of its spans")
        .choices(FORMATS)
        .default("json"),
    )
    .option("-o, --out <file>", "write to this file, which only you can read; default: standard output")
    .option("--force", "take the place of a file that is there")
    .addHelpText(
      "after",
      examplesOf(
        [
          ["export last > session.json", "the session opened last"],
          ["export ses_… --format otlp --out spans.json", "its spans, to send to any OTLP/HTTP backend:"],
          ["validate spans.json", "what Apie would make of them"],
        ],
        "  $ curl -H 'content-type: application/json' --data-binary @spans.json localhost:4318/v1/traces\n\nBoth formats are written page by page: a long session needs no memory. A file appears whole or not at all.",
      ),
    )
    .action(exportSession);
