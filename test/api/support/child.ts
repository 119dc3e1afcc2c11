/** Another process of the application: a script of this folder, run by a Node that reads TypeScript. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The Node of npm scripts, whatever Node runs the tests. */
const NODE = fileURLToPath(new URL("../../../node_modules/.bin/node", import.meta.url));

/** @returns what the script printed, as JSON. */
export async function runChild(script: URL, input: unknown, cwd?: string): Promise<unknown> {
  const child = spawn(NODE, [fileURLToPath(script)], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, INPUT: JSON.stringify(input) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`${fileURLToPath(script)} ended with ${code}: ${err}`);
  return JSON.parse(out);
}

export function inputOfChild<T>(): T {
  return JSON.parse(process.env.INPUT ?? "null") as T;
}
