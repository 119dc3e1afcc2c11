/** A Collector in a process of its own, and the place it sends to: what went in comes out as it was understood. */
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Program, startProgram } from "../support/program.ts";
import { until } from "../support/until.ts";
import type { OtlpResourceSpans } from "./otlp.ts";

const CONFIG = fileURLToPath(new URL("../../scripts/otel-collector/config.yaml", import.meta.url));

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

export class Collector {
  /** For exporters. */
  readonly url: string;
  /** What it sent on, request by request. */
  readonly bodies: string[] = [];
  readonly #program: Program;
  readonly #sink: Server;

  private constructor(url: string, program: Program, sink: Server) {
    this.url = url;
    this.#program = program;
    this.#sink = sink;
  }

  static async start(binary: string): Promise<Collector> {
    const sink = createServer();
    const [from, to] = [await freePort(), await listening(sink)];
    const program = startProgram(binary, ["--config", CONFIG], {
      env: { COLLECTOR_LISTENS_ON: `127.0.0.1:${from}`, COLLECTOR_SENDS_TO: `http://127.0.0.1:${to}` },
    });
    const collector = new Collector(`http://127.0.0.1:${from}/v1/traces`, program, sink);
    sink.on("request", async (request, response) => {
      collector.bodies.push(await text(request));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
    await until(
      "the Collector to listen",
      () => {
        if (program.child.exitCode !== null) throw new Error(program.stderr());
        return accepts(from);
      },
      30_000,
    );
    return collector;
  }

  get resourceSpans(): OtlpResourceSpans[] {
    return this.bodies.flatMap(
      (body) => (JSON.parse(body) as { resourceSpans: OtlpResourceSpans[] }).resourceSpans,
    );
  }

  async close(): Promise<void> {
    this.#program.child.kill("SIGTERM");
    await this.#program.ended;
    this.#sink.closeAllConnections();
    await new Promise((resolve) => this.#sink.close(resolve));
  }
}
