/** `apie-otel send-test-event`: made-up agent work, straight to Apie, to see that it takes it. */
import { type Command, Option } from "commander";
import type { TestEventMode } from "../../diagnostics/index.ts";
import { ApieError } from "../../model/errors.ts";
import { examplesOf, newCommand } from "../shared/command.ts";
import { configuredClient } from "../shared/configured.ts";
import { writeOut } from "../shared/terminal.ts";

const MODES: readonly TestEventMode[] = ["pipeline", "single", "proof"];

interface SendOptions {
  readonly config?: string;
  readonly mode: TestEventMode;
  readonly json?: true;
}

/** Only a local Apie has pages at addresses that are known. */
async function replayOf(baseUrl: string, place: string): Promise<string | undefined> {
  const { isLoopbackHost } = await import("../../local/index.ts");
  const { hostname, origin } = new URL(baseUrl);
  const isLocal = isLoopbackHost(hostname.replace(/^\[(.*)\]$/, "$1"));
  return isLocal ? `${origin}${place}` : undefined;
}

async function send({ config, mode, json }: SendOptions): Promise<void> {
  const { client } = await configuredClient(config);
  const { baseUrl = "" } = client.spanProcessor.config;
  const { sessionId, runIds, events } = await client.sendTestEvent({ mode }).catch((error: unknown) => {
    if (!(error instanceof ApieError)) throw error;
    const said = `${baseUrl} did not take the test event: ${error.message}`;
    throw new ApieError(error.code, `${said}. \`apie-otel doctor\` says what helps`, { cause: error });
  });
  await client.shutdown();
  const replay = await replayOf(
    baseUrl,
    sessionId === undefined ? `/runs/${runIds[0]}` : `/sessions/${sessionId}`,
  );
  if (json) {
    const result = {
      mode,
      base_url: baseUrl,
      session_id: sessionId ?? null,
      run_ids: runIds,
      events,
      replay_url: replay ?? null,
    };
    return writeOut(`${JSON.stringify(result)}\n`);
  }
  const lines = [
    `${baseUrl} took ${events} events of a ${mode} test.`,
    ...(sessionId === undefined ? [] : [`session ${sessionId}`]),
    ...runIds.map((id) => `run     ${id}`),
    ...(replay === undefined ? [] : [`replay  ${replay}`]),
  ];
  return writeOut(`${lines.join("\n")}\n`);
}

export const sendTestEventCommand = (): Command =>
  newCommand("send-test-event")
    .description("Send made-up agent work to Apie, call by call, and say what it took.")
    .addOption(
      new Option(
        "-m, --mode <mode>",
        "pipeline: two agents in a session; single: one run; proof: one run in a session of kind activation_proof",
      )
        .choices(MODES)
        .default("pipeline"),
    )
    .option("-c, --config <file>", "config file; default: apie.config.* here, and the environment")
    .option("--json", "print the ids as one line of JSON")
    .addHelpText(
      "after",
      examplesOf(
        [
          ["send-test-event", "by apie.config.* and the environment"],
          ["send-test-event --mode single --json", "one run; prints its ids for scripts"],
          ["send-test-event --config ./apie.config.mjs", "by this file"],
        ],
        "  $ APIE_API_KEY=local APIE_BASE_URL=http://127.0.0.1:4319 OTEL_SERVICE_NAME=desk apie-otel send-test-event\n\nEvery call must be taken: the first that is not is named, and what is open then is completed as failed.",
      ),
    )
    .action(send);
