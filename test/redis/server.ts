/** A real redis-server on a port of loopback, without a disk. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../support/until.ts";

const isThere = spawnSync("redis-server", ["--version"]).status === 0;
/** Where these tests must run, a missing server is a failure. */
export const HAS_REDIS = isThere || process.env.REQUIRE_REDIS_SERVER === "1";
if (!isThere) {
  console.warn(
    "redis-server is missing, so its tests are skipped. It comes with: apt-get install redis-server",
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** One command of words, to which the server answers with one line. */
function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${command}\r\n`));
    socket.setEncoding("utf8").once("data", (text: unknown) => {
      socket.destroy();
      resolve(String(text).trim());
    });
    socket.once("error", reject);
  });
}

export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), "apie-otel-redis-")));
    await server.run();
    return server;
  }

  /** Starts it, empty. */
  async run(): Promise<void> {
    const settings = { port: this.port, bind: "127.0.0.1", save: "", appendonly: "no", dir: this.#folder };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#process = spawn("redis-server", args, { stdio: "ignore" });
    await until("redis-server answers", () =>
      this.ask("PING").then(
        (answer) => answer === "+PONG",
        () => false,
      ),
    );
  }

  /** Kills it, with all it holds. */
  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await ended;
  }

  ask(command: string): Promise<string> {
    return ask(this.port, command);
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
