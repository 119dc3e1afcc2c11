/**
 * The demo: a support service with two agents, instrumented with OpenTelemetry and Apie, asked three things.
 *
 *   npm run demo              ends by itself
 *   npm run demo -- --keep    leaves all of it running until Ctrl-C
 *
 * Nothing leaves this machine: the model, Apie and the OTLP receiver run here. Set `APIE_API_KEY` and `APIE_BASE_URL`, or
 * `OTEL_EXPORTER_OTLP_ENDPOINT`, to ship there instead. It exits with 1 when anything it shows is not complete.
 */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { renderTimeline } from "apie-otel/local";
import { replayProblems, traceProblems } from "../support/completeness.ts";
import { type DeliveryReport, deliveryProblems, deliveryText } from "../support/delivery.ts";
import { type Destinations, openDestinations } from "../support/destinations.ts";
import { closeAll, conclude, orFail } from "../support/example.ts";
import { type ModelServer, startModelServer } from "../support/model-server.ts";
import { Process } from "../support/processes.ts";
import { readReplays, readTraces } from "../support/replay.ts";
import { heading, inColour, styled } from "../support/terminal.ts";
import { traceList } from "../support/traces.ts";
import { type Heard, hangUp, say } from "./customer.ts";
import { answerProblems, MESSAGES, storyProblems } from "./expected.ts";
import { demoScript } from "./model-script.ts";

const CONVERSATION = "c-2041";

function startService({ env }: Destinations, { baseURL }: ModelServer): Process {
  return new Process({
    name: "service",
    script: new URL("./service/server.ts", import.meta.url),
    preload: [new URL("./service/instrumentation.ts", import.meta.url)],
    env: { ...env, PORT: "0", OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: "none needed" },
  });
}

async function talk(url: string): Promise<Heard[]> {
  const all: Heard[] = [];
  for (const message of MESSAGES) {
    console.log(`\n  ${styled("bold", "Customer")}  ${message.text}`);
    const heard = await say(url, CONVERSATION, message);
    const how = message.stream ? `, streamed in ${heard.pieces} pieces` : "";
    console.log(
      `  ${styled("bold", "Support")}   ${heard.answer} ${styled("dim", `(${heard.status}${how})`)}`,
    );
    console.log(styled("dim", `            run ${heard.runId}  trace ${heard.traceparent.split("-")[1]}`));
    all.push(heard);
  }
  await hangUp(url, CONVERSATION);
  return all;
}

async function flush(url: string): Promise<DeliveryReport> {
  const response = await fetch(`${url}/telemetry/flush`, { method: "POST" });
  return (await response.json()) as DeliveryReport;
}

/** Prints what arrived, as far as it can be read here. @returns what is missing. */
async function show(destinations: Destinations, report: DeliveryReport): Promise<string[]> {
  const { replays: api, traces: otlp } = destinations;
  const replays = api === undefined ? [] : await readReplays(api);
  const traces = otlp === undefined ? [] : await readTraces(otlp, replays);
  for (const replay of replays) console.log(renderTimeline(replay, { colour: inColour() }));
  if (traces.length > 0) console.log(traceList(traces));
  const spans = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  console.log(deliveryText(report, destinations, spans));
  const stored = replays.reduce((sum, { events }) => sum + events.length, 0);
  return [
    ...deliveryProblems(report, api === undefined ? undefined : stored),
    ...(api === undefined ? [] : [...replayProblems(replays), ...storyProblems(replays)]),
    ...(api === undefined || otlp === undefined ? [] : traceProblems(replays, traces)),
  ];
}

async function whereToLook(destinations: Destinations): Promise<string> {
  if (destinations.replays === undefined) return `  Look further at ${destinations.apie}\n`;
  const [session] = await destinations.replays.sessions();
  return [
    `  Replay it in a browser: ${destinations.apie}/sessions/${session?.id}`,
    `  Look further at ${destinations.apie}/api/sessions/${session?.id}/events  (all there is: ${destinations.apie}/api)\n`,
  ].join("\n");
}

async function demo(keep: boolean): Promise<void> {
  console.log(heading("A support service, asked over HTTP"));
  const interrupted = keep ? once(process, "SIGINT") : undefined;
  const destinations = await openDestinations();
  const model = await startModelServer(demoScript);
  const service = startService(destinations, model);
  try {
    const url = await service.address();
    const heard = await talk(url);
    const problems = [...answerProblems(heard), ...(await show(destinations, await flush(url)))];
    conclude("The demo", problems);
    console.log(await whereToLook(destinations));
    if (interrupted === undefined) {
      console.log(styled("dim", "  (It ends now; npm run demo -- --keep leaves it running.)\n"));
    } else {
      const more = `curl -d '{"text":"Hello"}' ${url}/conversations/mine/messages`;
      console.log(`  Running until Ctrl-C. Ask more:\n  ${more}\n`);
      await interrupted;
    }
  } finally {
    await closeAll([() => service.stop(), model.close, destinations.close]);
  }
}

const { values } = parseArgs({ options: { keep: { type: "boolean", default: false } } });
await orFail(demo(values.keep));
