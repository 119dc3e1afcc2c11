/** Runs the command line from its source, as users run the built one. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach } from "vitest";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export interface Running {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** Without the settings of whoever runs the tests. */
const INHERITED = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(APIE|OTEL)_|^(NO|FORCE)_COLOR$/.test(name)),
);

const running = new Set<ChildProcess>();

afterEach(async () => {
  await Promise.all(
    [...running].map(async (child) => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }),
  );
});

export function runCli(
  args: readonly string[],
  options: { nodeFlags?: readonly string[]; env?: object; cwd?: string; input?: string | Uint8Array } = {},
): Running {
  const child = spawn(process.execPath, [...(options.nodeFlags ?? []), MAIN, ...args], {
    env: { ...INHERITED, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => undefined).end(options.input ?? "");
  running.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.on("exit", () => running.delete(child));
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}
