/** Runs an example: starts what it ships to, lets it act, shows what arrived, and fails when that is not complete. */
import { type Replay, renderTimeline } from "apie-otel/local";
import { replayProblems, traceProblems } from "./completeness.ts";
import { openDestinations } from "./destinations.ts";
import { type Script, startModelServer } from "./model-server.ts";
import { type Environment, Process, type ProcessOptions } from "./processes.ts";
import { readReplays, readTraces } from "./replay.ts";
import { heading, inColour } from "./terminal.ts";
import { traceList } from "./traces.ts";

export interface Stage {
  /** Starts a process that ships to Apie and over OTLP. It is stopped when the example ends. */
  start(options: ProcessOptions): Process;
}

export interface Example {
  readonly title: string;
  /** What the model answers; `OPENAI_BASE_URL` names its address to the processes. */
  readonly model?: Script;
  act(stage: Stage): Promise<void>;
  /** What else must hold of what arrived. @returns what is wrong. */
  check?(replays: readonly Replay[]): string[];
}

/** Shows problems, and ends the process with code 1 when there are any. */
export function conclude(what: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  console.error(`${what} is not complete:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  process.exitCode = 1;
}

/** Runs all of them, also when one fails; then fails with the first failure. */
export async function closeAll(closing: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closing) await close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

async function run({ title, model: script, act, check }: Example): Promise<void> {
  console.log(heading(title));
  const destinations = await openDestinations();
  const model = await startModelServer(script ?? (() => []));
  const env: Environment = {
    ...destinations.env,
    OPENAI_BASE_URL: model.baseURL,
    OPENAI_API_KEY: "none needed",
    PORT: "0",
  };
  const started: Process[] = [];
  try {
    await act({
      start(options) {
        const child = new Process({ ...options, env: { ...env, ...options.env } });
        started.push(child);
        return child;
      },
    });
    // A process sends what it still has when it ends.
    await closeAll(started.map((child) => () => child.stop()));
    const { replays: api, traces: otlp } = destinations;
    const replays = api === undefined ? [] : await readReplays(api);
    const traces = otlp === undefined ? [] : await readTraces(otlp, replays);
    for (const replay of replays) console.log(renderTimeline(replay, { colour: inColour() }));
    if (traces.length > 0) console.log(traceList(traces));
    if (api === undefined) console.log(`\n  Sent to ${destinations.apie} and ${destinations.otlp}\n`);
    conclude("The example", [
      ...(api === undefined ? [] : [...replayProblems(replays), ...(check?.(replays) ?? [])]),
      ...(api === undefined || otlp === undefined ? [] : traceProblems(replays, traces)),
    ]);
  } finally {
    await closeAll([...started.map((child) => () => child.stop()), model.close, destinations.close]);
  }
}

/** Ends the process with code 1 and a message when something goes wrong. */
export async function orFail(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}

export const runExample = (example: Example): Promise<void> => orFail(run(example));
