/** `apie-otel tail`: events in the terminal as they come in. */
import type { Command } from "commander";
import type { EventRecord } from "../../local/index.ts";
import { printable } from "../../model/printable.ts";
import { examplesOf, newCommand, wholeNumber } from "../shared/command.ts";
import { type ReadOptions, readerOf, reading, withReadOptions } from "../shared/local-apie.ts";
import { inColour, writeNote, writeOut } from "../shared/terminal.ts";

interface TailOptions extends ReadOptions {
  readonly session?: string;
  readonly run?: string;
  readonly type?: string;
  readonly agent?: string;
  readonly last: number;
  readonly json?: true;
}

const MAX_LAST = 2_000;
const TYPE_WIDTH = 24;
const AGENT_WIDTH = 16;

const isWhole = (type: string): boolean => type.startsWith("agent.");

async function lineWriter(): Promise<(event: EventRecord) => string> {
  const { detailOf, paint, shortType, styleOf } = await import("../../local/index.ts");
  const colour = inColour();
  return (event) => {
    const time = new Date(event.timestamp);
    const clock = Number.isNaN(time.getTime()) ? "" : time.toISOString().slice(11, 23);
    return [
      paint(colour, "dim", clock.padEnd(12)),
      paint(colour, "cyan", printable(event.agent_key, 60).padEnd(AGENT_WIDTH)),
      paint(colour, styleOf(event.type), shortType(event.type).padEnd(TYPE_WIDTH)),
      paint(colour, "dim", printable(event.run_id ?? "", 12).padEnd(12)),
      detailOf(event),
    ]
      .join("  ")
      .trimEnd();
  };
}

async function tail({ session, run, type, agent, last, json, ...where }: TailOptions): Promise<void> {
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped.abort());
  const reader = await readerOf(where);
  const { Follower } = await import("../tail/follow.ts");
  const types = type
    ?.split(",")
    .map((one) => one.trim())
    .flatMap((one) => (isWhole(one) ? [one] : [one, `agent.${one}`]))
    .join(",");
  const follower = new Follower(reader, {
    filter: { session, run, type: types, agent },
    last,
    signal: stopped.signal,
    tell: (note) => writeNote(printable(`${reader.url}: ${note}`)),
  });
  const lineOf = json ? (event: EventRecord) => JSON.stringify(event) : await lineWriter();
  if (process.stderr.isTTY) writeNote(`Following ${reader.url}; stop with Ctrl+C.`);
  await reading(async () => {
    for await (const event of follower.events()) await writeOut(`${lineOf(event)}\n`);
  });
}

export const tailCommand = (): Command =>
  withReadOptions(
    newCommand("tail").description("Print events of a local Apie as they come in, until Ctrl+C."),
  )
    .option("--session <id>", "only of this session")
    .option("--run <id>", "only of this run")
    .option("--type <types>", "only of these types, with commas; `agent.` may be left out")
    .option("--agent <key>", "only of this agent")
    .option("-n, --last <number>", "begin with so many that are there already", wholeNumber(0, MAX_LAST), 0)
    .option("--json", "print each event as one line of JSON")
    .addHelpText(
      "after",
      examplesOf(
        [
          ["tail", "everything that comes in"],
          ["tail -n 20 --type tool.called,agent.error", "the last 20 tool calls and errors, then new ones"],
          ["tail --json | jq -r .type", "for scripts"],
        ],
        "Columns: time (UTC), agent, type, run, what it says. A lost connection is made again, and what came meanwhile is\nprinted then. Ends with 0 on Ctrl+C, SIGTERM, or when the reader of its output goes.",
      ),
    )
    .action(tail);
