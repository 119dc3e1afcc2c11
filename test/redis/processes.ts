/** Instances of a service as processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { NEW_NODE } from "../support/new-node.ts";
import type { Answer } from "./instance.ts";
import type { InstanceOptions } from "./options.ts";

export class InstanceProcess {
  readonly #child: ChildProcess;
  #stderr = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
  }

  static async start(options: InstanceOptions): Promise<InstanceProcess> {
    const child = spawn(NEW_NODE, [fileURLToPath(new URL("./instance.ts", import.meta.url))], {
      env: { ...process.env, INSTANCE: JSON.stringify(options) },
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    const instance = new InstanceProcess(child);
    await instance.#answer();
    return instance;
  }

  /** Has a run in each conversation, all at once, and delivers them. */
  async turns(...conversations: string[]): Promise<Answer> {
    this.#child.send({ turns: conversations });
    return (await this.#answer()) as Answer;
  }

  async shutdown(): Promise<Answer> {
    const exited = once(this.#child, "exit");
    this.#child.send({ shutdown: true });
    const answer = (await this.#answer()) as Answer;
    await exited;
    return answer;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  async #answer(): Promise<unknown> {
    const exited = once(this.#child, "exit").then(([code]) => {
      throw new Error(`the instance ended with ${code}: ${this.#stderr}`);
    });
    exited.catch(() => undefined);
    const [message] = (await Promise.race([once(this.#child, "message"), exited])) as [unknown];
    return message;
  }
}
