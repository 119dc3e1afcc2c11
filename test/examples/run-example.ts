/** Runs an example in a process of its own, as its npm script does, on the built package. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach } from "vitest";
import { readReplays, readTraces, type Trace } from "../../examples/support/replay.ts";
import { LocalReader, type Replay, startLocalApie } from "../../src/local/index.ts";

const ROOT = new URL("../../", import.meta.url);

if (!existsSync(new URL("dist/cli.mjs", ROOT))) {
  throw new Error("the package is not built: run `npm run build` first (`npm test` does)");
}

/** The package the examples import must not take settings of whoever runs the tests. */
const INHERITED = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(APIE|OTEL|OPENAI)_/.test(name)),
);

const running = new Set<ChildProcess>();

// Its own processes end with it: see examples/support/exit-with-parent.ts.
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

export interface Run {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

export function startExample(
  name: string,
  env: Record<string, string> = {},
  options: { args?: readonly string[]; ownGroup?: boolean } = {},
): Run {
  const script = fileURLToPath(new URL(`examples/${name}/main.ts`, ROOT));
  const child = spawn(process.execPath, [script, ...(options.args ?? [])], {
    // A process group of its own can be interrupted as a terminal does it.
    detached: options.ownGroup ?? false,
    cwd: fileURLToPath(ROOT),
    env: { ...INHERITED, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.on("close", (code, signal) => {
      running.delete(child);
      resolve(code ?? signal);
    });
  });
  return { child, stdout: () => texts.stdout, stderr: () => texts.stderr, ended };
}

export interface Finished {
  readonly code: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runExample(name: string, env: Record<string, string> = {}): Promise<Finished> {
  const run = startExample(name, env);
  const code = await run.ended;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
}

export interface Arrived extends Finished {
  readonly replays: readonly Replay[];
  readonly traces: readonly Trace[];
}

/** Runs an example that ships to a local Apie of the test, and reads what arrived there. */
export async function runAndRead(name: string): Promise<Arrived> {
  const apie = await startLocalApie({ key: "apie_sk_test" });
  try {
    const finished = await runExample(name, {
      APIE_API_KEY: "apie_sk_test",
      APIE_BASE_URL: apie.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: apie.url,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer apie_sk_test",
    });
    const api = new LocalReader(apie.url, "apie_sk_test");
    const replays = await readReplays(api);
    return { ...finished, replays, traces: await readTraces(api, replays) };
  } finally {
    await apie.close();
  }
}
