/** Processes of an example: the code a user would have, run as a user would run it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { styled } from "./terminal.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ProcessOptions {
  /** Shown before each line the process prints. */
  readonly name: string;
  readonly script: URL;
  readonly args?: readonly string[];
  /** Modules to load before: `node --import`. */
  readonly preload?: readonly (URL | string)[];
  /** Added to the environment of this process. */
  readonly env?: Environment;
}

/** After this long without an end a process is ended by force. */
const STOP_DEADLINE_MS = 15_000;

export class Process {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | NodeJS.Signals>;
  #announced: string | undefined;
  readonly #address: Promise<string>;

  constructor({ name, script, args = [], preload = [], env = {} }: ProcessOptions) {
    this.name = name;
    const imports = [new URL("./exit-with-parent.ts", import.meta.url), ...preload].flatMap((module) => [
      "--import",
      String(module),
    ]);
    this.#child = spawn(process.execPath, [...imports, fileURLToPath(script), ...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    this.#ended = once(this.#child, "close").then(([code, signal]) => code ?? signal);
    this.#address = new Promise((resolve) => {
      const { stdout } = this.#child;
      if (stdout === null) return;
      createInterface(stdout).on("line", (line) => {
        console.log(`  ${styled("dim", `${name} │`)} ${line}`);
        this.#announced ??= /^Listening on (http:\S+)/.exec(line)?.[1];
        if (this.#announced !== undefined) resolve(this.#announced);
      });
    });
  }

  /** Where the process says it listens. @throws {Error} when it ends before it says so. */
  async address(): Promise<string> {
    const first = await Promise.race([this.#address, this.#ended]);
    if (typeof first !== "string" || first !== this.#announced) {
      throw new Error(`${this.name} ended (${first}) before it listened; its own message is above`);
    }
    return first;
  }

  /** Waits for the process to end by itself. @throws {Error} when it fails. */
  async finished(): Promise<void> {
    const code = await this.#ended;
    if (code !== 0) throw new Error(`${this.name} failed (${code}); its own message is above`);
  }

  /** Asks the process to end, as a service manager would. @throws {Error} when it does not end well. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const force = setTimeout(() => this.#child.kill("SIGKILL"), STOP_DEADLINE_MS);
    this.#child.kill("SIGTERM");
    const code = await this.#ended;
    clearTimeout(force);
    if (code !== 0) throw new Error(`${this.name} did not stop cleanly (${code})`);
  }
}
