/** `apie-otel replay`: a session as a timeline of text. */
import type { Command } from "commander";
import { sessionJson } from "../export/json.ts";
import { writePieces } from "../export/output.ts";
import { examplesOf, newCommand } from "../shared/command.ts";
import { type ReadOptions, readerOf, reading, sessionIdOf, withReadOptions } from "../shared/local-apie.ts";
import { inColour, Progress, writeOut } from "../shared/terminal.ts";

interface ReplayOptions extends ReadOptions {
  readonly json?: true;
}

async function replay(given: string, { json, ...where }: ReplayOptions): Promise<void> {
  const reader = await readerOf(where);
  const progress = new Progress("events read");
  const count = <T>(items: AsyncIterable<T>): AsyncIterable<T> => progress.counting(items);
  await reading(async () => {
    const id = await sessionIdOf(reader, given);
    const session = await reader.session(id);
    if (json) return writePieces(sessionJson(reader, session, count), undefined, false);
    const runs = await reader.runsOf(id);
    const events = [];
    for await (const event of count(reader.eachEventOf(id))) events.push(event);
    progress.done();
    const { renderTimeline } = await import("../../local/index.ts");
    return writeOut(renderTimeline({ session, runs, events }, { colour: inColour() }));
  }).finally(() => progress.done());
}

export const replayCommand = (): Command =>
  withReadOptions(
    newCommand("replay")
      .description("Print a session of a local Apie as a timeline: runs, steps, calls, hand-offs, in order.")
      .argument("<session>", "id of the session, or last"),
  )
    .option("--json", "print session, runs, events and hand-offs as one JSON document")
    .addHelpText(
      "after",
      examplesOf([
        ["replay last", "the session opened last"],
        ["replay ses_… | less -S", "long lines cut instead of wrapped"],
        ["replay last --url http://127.0.0.1:4320", "of another local Apie"],
      ]),
    )
    .action(replay);
