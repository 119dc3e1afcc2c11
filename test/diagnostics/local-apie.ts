/** The embedded local Apie in a process of its own: it may need a newer Node than the one that runs the tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { NEW_NODE } from "../support/new-node.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export interface LocalApie {
  readonly url: string;
  /** Items of one of its lists. */
  list(path: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function startLocalApie(): Promise<LocalApie> {
  const child: ChildProcess = spawn(NEW_NODE, [MAIN, "dev", "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  if (child.stdout === null) throw new Error("no output");
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), "line"),
    exited.then(() => Promise.reject(new Error("it ended before it listened"))),
  ])) as [string];
  const { url } = JSON.parse(line) as { url: string };
  return {
    url,
    async list(path) {
      const response = await fetch(url + path);
      return ((await response.json()) as { items: Record<string, unknown>[] }).items;
    },
    async close() {
      child.kill();
      await exited;
    },
  };
}
