import { spawn } from "node:child_process";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** Nothing of whoever runs this reaches what is tried. */
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(APIE|OTEL|NODE)_/i.test(name)),
);

const TIMEOUT_MS = 240_000;

export interface Ran {
  stdout: string;
  stderr: string;
}

/** @throws when it ends with anything but 0, with all it printed. */
export function run(command: string, args: readonly string[], folder: string): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const isScript = process.platform === "win32" && command === "npm";
    const child = spawn(command, args, {
      cwd: folder,
      env: ENVIRONMENT,
      timeout: TIMEOUT_MS,
      shell: isScript,
    });
    const ran: Ran = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        ran[name] += text;
      });
    }
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve(ran);
      else {
        const ended = `${command} ${args.join(" ")}: ended with ${code ?? signal}`;
        reject(new Error(`${ended}\n${ran.stdout}${ran.stderr}`));
      }
    });
  });
}
