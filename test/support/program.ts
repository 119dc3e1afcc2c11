/** A program in a process of its own, with no settings of whoever runs the tests. Killed after the test where it still runs. */
import { type ChildProcess, spawn } from "node:child_process";
import { afterEach } from "vitest";
import { until } from "./until.ts";

/** A busy machine takes its time to start one. */
const START_MS = 20_000;

export interface Ended {
  /** Exit code, or the signal that ended it. */
  code: number | NodeJS.Signals;
  stdout: string;
  stderr: string;
}

export interface Program {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves once it has printed this. */
  says(text: string): Promise<unknown>;
  readonly ended: Promise<Ended>;
}

const INHERITED = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(APIE|OTEL|NODE|npm)_|^HTTPS?_PROXY$/i.test(name)),
);

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

export interface ProgramOptions {
  cwd?: string;
  env?: Record<string, string>;
}

export function startProgram(node: string, args: readonly string[], options: ProgramOptions = {}): Program {
  const child = spawn(node, args, {
    cwd: options.cwd,
    env: { ...INHERITED, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve({ code: code ?? signal ?? "SIGKILL", ...texts });
    });
  });
  return {
    child,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    says: (text) =>
      until(
        `"${text}" to be printed`,
        () => {
          if (child.exitCode !== null && !texts.stdout.includes(text)) throw new Error(texts.stderr);
          return texts.stdout.includes(text);
        },
        START_MS,
      ),
    ended,
  };
}

export function runProgram(node: string, args: readonly string[], options?: ProgramOptions): Promise<Ended> {
  return startProgram(node, args, options).ended;
}
