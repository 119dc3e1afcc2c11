/**
 * Sampling coupling: sampling a tenth of the requests must not cost nine tenths of the agent runs, and seeing all runs must not
 * cost more OTLP. A whole service under each sampler, called with and without `traceparent`, once as it is and once with us.
 */
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { observe } from "../recordings/observed.ts";
import { NEW_NODE } from "../support/new-node.ts";
import { OtlpReceiver, type ReceivedSpan } from "../support/otlp-receiver.ts";
import { startProgram } from "../support/program.ts";
import { RecordingApie } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";
import type { PartEnd, SamplerName, ServiceSettings } from "./service-settings.ts";

const SERVICE = fileURLToPath(new URL("scripts/service.ts", import.meta.url));

/** Of each caller these: some begin the trace here, some are in one that is sampled, some in one that is not. */
const PER_CALLER = 4;
const CALLERS: readonly (string | undefined)[] = [undefined, "01", "00"];
const PER_PATH = CALLERS.length * PER_CALLER;

const COMPLETION = JSON.stringify({
  id: "c",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Here" } }],
  usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
});

/** Takes every call, and keeps the `traceparent` it came with. */
async function downstream() {
  const traceparents: string[] = [];
  const server = createServer((incoming, response) => {
    traceparents.push(String(incoming.headers.traceparent));
    incoming.resume().on("end", () => response.setHeader("content-type", "application/json").end(COMPLETION));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, traceparents, close };
}

const call = (port: number, path: string, traceparent?: string) =>
  new Promise<string>((resolve, reject) => {
    const headers = traceparent === undefined ? {} : { traceparent };
    request({ port, path, headers, agent: false }, (response) => text(response).then(resolve, reject))
      .on("error", reject)
      .end();
  });

/** Requests for some paths, under one sampler. */
interface Part {
  sampler: SamplerName;
  paths: readonly string[];
}

/** What became of one. */
interface Served extends PartEnd {
  /** As it was exported. */
  exported: ReceivedSpan[];
  /** Headers of what the service called, in order. */
  traceparents: string[];
  /** Status and events of each run. */
  runs: string[];
}

/** Plays parts one after the other in one service: each path is asked for as often, and in the same order, by each caller. */
async function serve(uses: ServiceSettings["with"], parts: readonly Part[]): Promise<Served[]> {
  const receiver = await OtlpReceiver.start();
  const told = await RecordingApie.start();
  const { url, traceparents, close } = await downstream();
  const settings: ServiceSettings = {
    with: uses,
    otlpUrl: `${receiver.url}/v1/traces`,
    apieUrl: told.url,
    downstreamUrl: url,
  };
  const program = startProgram(NEW_NODE, [SERVICE, JSON.stringify(settings)]);
  const port = Number(await until("the port", () => /^\d+\n/.exec(program.stdout())?.[0], 30_000));
  const served: Served[] = [];
  for (const [index, { sampler, paths }] of parts.entries()) {
    const { spans: before } = JSON.parse(await call(port, `/sampler/${sampler}`)) as PartEnd;
    const known = { runs: observe(told).runs.length, calls: traceparents.length };
    for (const path of paths) {
      for (let nth = 0; nth < PER_CALLER; nth += 1) {
        for (const flags of CALLERS) {
          const trace = `${nth}${path.length}${index}`.padStart(8, "0") + (flags ?? "").repeat(12);
          await call(port, path, flags && `00-${trace}-00f067aa0ba902b7-${flags}`);
        }
      }
    }
    const end = JSON.parse(await call(port, `/sampler/${sampler}`)) as PartEnd;
    const isOfPart = ({ span_id }: ReceivedSpan): boolean => {
      const id = Number.parseInt(span_id, 16);
      return id > before && id <= end.spans;
    };
    const { runs, events } = observe(told);
    served.push({
      ...end,
      exported: receiver.spans.filter(isOfPart),
      traceparents: traceparents.slice(known.calls),
      runs: runs
        .slice(known.runs)
        .map(({ id, status }) =>
          [status, ...events.filter(({ run_id }) => run_id === id).map(({ type }) => type)].join(" "),
        )
        .toSorted(),
    });
  }
  await call(port, "/end");
  const { code, stderr } = await program.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  await Promise.all([receiver.close(), told.close(), close()]);
  return served;
}

const isServer = ({ kind }: ReceivedSpan): boolean => kind === "server";
const linesOf = (spans: readonly ReceivedSpan[]): string[] =>
  spans
    .map((span) => [span.name, span.trace_id, span.span_id, span.parent_span_id, span.flags].join(" "))
    .toSorted();

/** What is called is told that it is sampled exactly where its caller's span is exported. */
function expectHeadersAgree({ exported, traceparents }: Served): void {
  const ids = new Set(exported.map(({ trace_id, span_id }) => `${trace_id}-${span_id}`));
  const wrong = traceparents.filter((header) => {
    const [, trace, span, flags] = header.split("-");
    return ids.has(`${trace}-${span}`) !== (flags === "01");
  });
  expect(traceparents.length).toBeGreaterThan(0);
  expect(wrong).toEqual([]);
}

/** One whole run for every request at Apie, sampled or not. */
function expectAllRuns({ runs, report }: Served, events: readonly (readonly string[])[]): void {
  const expected = events.flatMap((types) => Array.from({ length: PER_PATH }, () => types));
  expect(runs).toEqual(
    expected.map((types) => ["completed", ...types.map((type) => `agent.${type}`)].join(" ")).toSorted(),
  );
  expect(report).toMatchObject({ ok: true, events: { rejected: 0, dropped: 0, pending: 0 } });
}

const MODEL = ["llm.called", "llm.completed"];
const TOOL = ["action.requested", "tool.called", "action.completed"];
/** What libraries write, and what is told of it. */
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  "/agent": [...MODEL, ...TOOL],
  "/model": MODEL,
};
const API = { "/api": [...MODEL, ...TOOL] };

const ALL = PER_PATH;
const OF_ONE_CALLER = PER_CALLER;
/** How many of the requests of a path are exported; ratios: some of those that they decide about. */
const SAMPLED: Readonly<Record<SamplerName, readonly [least: number, most: number]>> = {
  always_on: [ALL, ALL],
  always_off: [0, 0],
  traceidratio: [1, ALL - 1],
  parentbased_always_on: [2 * OF_ONE_CALLER, 2 * OF_ONE_CALLER],
  parentbased_always_off: [OF_ONE_CALLER, OF_ONE_CALLER],
  parentbased_traceidratio: [OF_ONE_CALLER + 1, 2 * OF_ONE_CALLER - 1],
};
const SAMPLERS = Object.keys(SAMPLED) as SamplerName[];
const partsOf = (paths: object): Part[] =>
  SAMPLERS.map((sampler) => ({ sampler, paths: Object.keys(paths) }));

let without: readonly Served[] = [];
let foreign: readonly Served[] = [];
let ofApi: readonly Served[] = [];

beforeAll(async () => {
  const parts = partsOf(FOREIGN);
  const [bare, bridged] = await Promise.all([
    serve("nothing", parts),
    serve("bridge", [...parts, ...partsOf(API)]),
  ]);
  without = bare;
  foreign = bridged.slice(0, parts.length);
  ofApi = bridged.slice(parts.length);
}, 120_000);

function partOf(served: readonly Served[], sampler: SamplerName): Served {
  const found = served[SAMPLERS.indexOf(sampler)];
  if (found === undefined) throw new Error(`no part under ${sampler}`);
  return found;
}

describe.each(SAMPLERS)("%s", (sampler) => {
  const [least, most] = SAMPLED[sampler];

  test("OTLP gets span for span what it gets without us, Apie every run", () => {
    const bare = partOf(without, sampler);
    const served = partOf(foreign, sampler);
    const paths = Object.values(FOREIGN);
    expect(bare.exported.filter(isServer).length).toBeGreaterThanOrEqual(least * paths.length);
    expect(bare.exported.filter(isServer).length).toBeLessThanOrEqual(most * paths.length);
    expect(linesOf(served.exported)).toEqual(linesOf(bare.exported));
    expect(served.traceparents).toEqual(bare.traceparents);
    expectHeadersAgree(served);
    expectAllRuns(served, paths);
  });

  test("session and run of the API follow the request they are in", () => {
    const served = partOf(ofApi, sampler);
    const requests = served.exported.filter(isServer);
    expect(requests.length).toBeGreaterThanOrEqual(least);
    expect(requests.length).toBeLessThanOrEqual(most);
    const named = (name: string) => served.exported.filter((span) => span.name === name);
    for (const name of ["invoke_agent Support", "start_run Support", "execute_tool find"])
      expect(named(name)).toHaveLength(requests.length);
    const causes = named("session single_agent").flatMap(({ links }) => links.map((link) => link.trace_id));
    expect(causes.toSorted()).toEqual(requests.map((span) => span.trace_id).toSorted());
    expectHeadersAgree(served);
    expectAllRuns(served, Object.values(API));
  });
});
