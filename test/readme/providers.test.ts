/**
 * Each way to add the processor, as the README prints it, in a service that had OpenTelemetry before: what goes out over OTLP
 * stays as it was, Apie gets the run, and the process ends by itself.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Installed } from "../package/support.ts";
import type { ReceivedSpan } from "../support/otlp-receiver.ts";
import { code } from "./support/readme.ts";
import {
  APPS,
  installWith,
  NODES,
  OLDEST_NODE,
  OTEL_PACKAGES,
  type Served,
  serve,
} from "./support/service.ts";

const NODE_SDK = (exporter: string, options: string) => `
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-${exporter}";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
const sdk = new NodeSDK(${options});
sdk.start();
process.once("beforeExit", () => sdk.shutdown());
`;

interface Setup {
  /** Bold label in the README. */
  label: string;
  /** How the service set OpenTelemetry up before, or what it imported. */
  before: string;
  program: string;
  flags?: readonly string[];
  nodes?: readonly string[];
}

const AUTO = "--import @opentelemetry/auto-instrumentations-node/register";

const SETUPS: readonly Setup[] = [
  {
    label: "NodeSDK with spanProcessors",
    before: NODE_SDK("http", "{ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] }"),
    program: "app.mjs",
    nodes: NODES,
  },
  {
    label: "NodeSDK with traceExporter",
    before: NODE_SDK("http", "{ traceExporter: new OTLPTraceExporter() }"),
    program: "app.cjs",
  },
  { label: "NodeSDK configured by OTEL_* only", before: NODE_SDK("http", ""), program: "app.mjs" },
  { label: AUTO, before: AUTO, program: "app.cjs", nodes: NODES },
  {
    label: AUTO,
    before: AUTO,
    program: "app.mjs",
    flags: ["--no-warnings", "--experimental-loader=@opentelemetry/instrumentation/hook.mjs"],
  },
  {
    label: "A provider of your own",
    before: `
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
trace.setGlobalTracerProvider(provider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
process.once("beforeExit", () => provider.shutdown());
`,
    program: "app.mjs",
  },
];

let project: Installed;
beforeAll(() => {
  project = installWith(OTEL_PACKAGES);
}, 60_000);
afterAll(() => project.remove());

/** Ports, process ids and the like differ from process to process. */
function lasting(attributes: object): object {
  const entries = Object.entries(attributes)
    .filter(([name]) => !/^(process\.|service\.instance\.id$)/.test(name))
    .map(([name, value]) => [
      name,
      /\bport$/.test(name)
        ? "port"
        : typeof value === "string"
          ? value.replace(/(127\.0\.0\.1):\d+/, "$1:port")
          : value,
    ]);
  return Object.fromEntries(entries);
}

/** All that a span says, but ids, times and what `lasting` leaves out; sorted. */
function told(spans: readonly ReceivedSpan[]): string[] {
  const names = new Map(spans.map(({ span_id, name }) => [span_id, name]));
  return spans
    .map(
      ({
        trace_id: _,
        span_id,
        parent_span_id,
        start_time_unix_nano: __,
        end_time_unix_nano: ___,
        ...said
      }) => ({
        ...said,
        parent: parent_span_id === null ? null : names.get(parent_span_id),
        attributes: lasting(said.attributes),
        resource: { ...said.resource, attributes: lasting(said.resource.attributes) },
        events: said.events.map(({ time_unix_nano: ____, ...event }) => event),
      }),
    )
    .map((span) => JSON.stringify(span))
    .sort();
}

describe.each(SETUPS)("$label, $program", ({ label, before, program, flags = [], nodes = [OLDEST_NODE] }) => {
  const run = (
    node: string,
    own: { args: string[]; files?: Record<string, string> },
    apie = true,
  ): Promise<Served> =>
    serve(project, {
      node,
      args: [...flags, ...own.args, program],
      files: { ...own.files, [program]: APPS[program] ?? "" },
      apie,
    });
  const withFile = (text: string) => ({
    args: ["--import", "./instrumentation.mjs"],
    files: { "instrumentation.mjs": text },
  });

  test.each(nodes)("on %s", async (node) => {
    const [was, is] = await Promise.all([
      run(node, before === AUTO ? { args: AUTO.split(" ") } : withFile(before), false),
      run(node, withFile(code(label))),
    ]);
    expect(was).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(is).toMatchObject({ code: 0, stdout: "", stderr: "" });

    expect(was.spans.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["invoke_agent Desk", "chat m"]),
    );
    expect(told(is.spans)).toEqual(told(was.spans));
    expect(is.contentTypes).toEqual(was.contentTypes);
    // Where clients and servers are instrumented, the service's own requests are seen, and none of ours.
    const requests = is.spans.filter(
      ({ attributes }) => "url.full" in attributes || "http.url" in attributes,
    );
    expect(requests.length > 0).toBe(before === AUTO);
    for (const address of is.addresses) {
      const port = new URL(address).port;
      expect(JSON.stringify(is.spans.map(({ attributes }) => attributes))).not.toMatch(
        new RegExp(`\\b${port}\\b`),
      );
    }

    const [replay, ...more] = is.replays;
    expect(more).toEqual([]);
    expect(replay?.session).toBeUndefined();
    expect(replay?.runs).toMatchObject([{ agent_key: "support", status: "completed" }]);
    expect(replay?.runs[0]?.trace_id).toBe(is.spans.find(({ name }) => name === "chat m")?.trace_id);
    expect(replay?.events).toMatchObject([
      { type: "agent.llm.called" },
      { type: "agent.llm.completed", payload_summary: { usage: { input: 12, output: 3 } } },
    ]);
  });

  test("with nothing at the OTLP endpoint it ends as it would, and Apie has the run", async () => {
    const { args, files } = withFile(code(label));
    const {
      code: exit,
      stderr,
      replays,
    } = await serve(project, {
      args: [...flags, ...args, program],
      files: { ...files, [program]: APPS[program] ?? "" },
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_EXPORTER_OTLP_TIMEOUT: "200" },
    });
    expect(stderr).toContain("ECONNREFUSED");
    expect(exit).toBe(0);
    expect(replays.flatMap(({ runs }) => runs)).toMatchObject([
      { agent_key: "support", status: "completed" },
    ]);
  });
});
