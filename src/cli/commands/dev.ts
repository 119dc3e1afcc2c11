/** `apie-otel dev`: runs the local Apie until it is told to stop. */
import { once } from "node:events";
import type { Command } from "commander";
import { API_KEY_VARIABLES, BASE_URL_VARIABLES, PACKAGE_NAME } from "../../config/index.ts";
import type { LocalApie } from "../../local/index.ts";
import { newCommand, wholeNumber } from "../shared/command.ts";
import { DEFAULT_PORT } from "../shared/local-apie.ts";

interface DevOptions {
  readonly port: number;
  readonly host: string;
  readonly key?: string;
  readonly db?: string;
  readonly json?: true;
}

const tracesEndpoint = (apie: LocalApie): string => `${apie.url}/v1/traces`;

/** Keys are named by where they came from, never printed: terminals are recorded. */
function greeting(apie: LocalApie, options: DevOptions): string {
  const lines = [
    `Local Apie listening on ${apie.url}`,
    `Watch your agents there: open ${apie.url} in a browser.`,
    options.db === undefined
      ? "Data is kept in memory; --db FILE keeps it."
      : `Data is kept in ${options.db}`,
    "",
    "Set for your service:",
    `  ${BASE_URL_VARIABLES[0]}=${apie.url}`,
    `  ${API_KEY_VARIABLES[0]}=${options.key === undefined ? "local  (any value: this server has no key)" : "<your --key>"}`,
    `  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${tracesEndpoint(apie)}`,
    ...(options.key === undefined
      ? []
      : ["  OTEL_EXPORTER_OTLP_TRACES_HEADERS=authorization=Bearer%20<your --key>"]),
    "",
    `Everything it can tell, as JSON: ${apie.url}/api`,
    "Stop it with Ctrl+C.",
  ];
  return `${lines.join("\n")}\n`;
}

function readyLine(apie: LocalApie, options: DevOptions): string {
  const { url, host, port } = apie;
  const line = {
    url,
    host,
    port,
    otlp_traces_endpoint: tracesEndpoint(apie),
    db: options.db ?? null,
    pid: process.pid,
  };
  return `${JSON.stringify(line)}\n`;
}

async function dev(options: DevOptions): Promise<void> {
  // Loaded here, so that other commands and --help start without the server and its libraries.
  const { startLocalApie } = await import("../../local/index.ts");
  const { port, host, key, db } = options;
  const apie = await startLocalApie({ port, host, key, db });
  const stopped = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  process.stdout.write(options.json ? readyLine(apie, options) : greeting(apie, options));
  await stopped;
  await apie.close();
}

export const devCommand = (): Command =>
  newCommand("dev")
    .description(
      "Run a local Apie: its HTTP API, an OTLP receiver for traces, and a page to look at what comes in.",
    )
    .option("-p, --port <number>", "TCP port; 0 takes any free one", wholeNumber(0, 65_535), DEFAULT_PORT)
    .option("--host <address>", "address to listen on; other than loopback needs --key", "127.0.0.1")
    .option(
      "--key <key>",
      `API key to demand; never read from ${API_KEY_VARIABLES[0]}, which is the key of your service`,
    )
    .option("--db <file>", "database file to keep data in; in memory without it")
    .option("--json", "print one line of JSON when ready")
    .addHelpText(
      "after",
      `
Examples:
  $ ${PACKAGE_NAME} dev
  $ ${PACKAGE_NAME} dev --port 0 --json                     for scripts: prints {"url": …}
  $ ${PACKAGE_NAME} dev --db apie.sqlite                    keep data between starts
  $ ${PACKAGE_NAME} dev --host 0.0.0.0 --key "$(uuidgen)"   for other machines, with a key

Needs Node 22.13 or newer. Ends with exit code 0 on Ctrl+C or SIGTERM, 1 when it cannot start,
2 for wrong options.`,
    )
    .action(dev);
