/** Fixtures of other systems, what is in the spans made of them, and Apie at the other end. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ImportedSpan,
  type ImportReport,
  type ImportSpansOptions,
  importSpans,
} from "../../src/imports/index.ts";
import { type ApieOptions, ApieSpanProcessor } from "../../src/index.ts";
import type { ObservedSpan } from "../../src/semconv/index.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import type { RecordingApie, WireRecord } from "../support/recording-apie.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));

export type Json = Record<string, unknown>;

export function fixture<T = Json>(name: string): T {
  return JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), "utf8")) as T;
}

export const said = (span: ImportedSpan, key: string): unknown => span.attributes[key];
export const operationOf = (span: ImportedSpan): string => String(said(span, "agent.operation.name"));

export const ofOperation = (spans: readonly ImportedSpan[], operation: string): ImportedSpan[] =>
  spans.filter((span) => operationOf(span) === operation);

export function runSpan(spans: readonly ImportedSpan[], runId: string): ImportedSpan {
  const found = ofOperation(spans, "run").find((span) => said(span, "agent.run.id") === runId);
  if (found === undefined) throw new Error(`no span of the run ${runId}`);
  return found;
}

export const linksOf = (span: ImportedSpan): Record<string, string> =>
  Object.fromEntries(
    span.links.map((link) => [String(link.attributes?.["agent.link.type"]), link.context.spanId]),
  );

/** Microseconds. */
export const us = ([seconds, nanos]: readonly [number, number]): number => seconds * 1e6 + nanos / 1e3;

const sum = (spans: readonly ImportedSpan[], key: string): number =>
  spans.reduce((total, span) => total + Number(said(span, key) ?? 0), 0);

/** What A summary of the source says, as counted over spans. */
export function summaryOf(spans: readonly ImportedSpan[]) {
  const requests = ofOperation(spans, "llm_call").filter(
    (span) => said(span, "agent.llm.purpose") === undefined,
  );
  return {
    runs: ofOperation(spans, "run").length,
    statuses: ofOperation(spans, "run").map((span) => said(span, "agent.run.status")),
    requests: requests.length,
    tools: ofOperation(spans, "tool_call").length,
    failedTools: ofOperation(spans, "tool_call").filter(({ status }) => status.code === 2).length,
    input: sum(ofOperation(spans, "llm_call"), "gen_ai.usage.input_tokens"),
    output: sum(ofOperation(spans, "llm_call"), "gen_ai.usage.output_tokens"),
  };
}

export interface Imported {
  server: RecordingApie;
  processor: ApieSpanProcessor;
  send: (spans: Iterable<ImportedSpan>, more?: ImportSpansOptions) => Promise<ImportReport>;
}

export async function toApie(more: ApieOptions = {}): Promise<Imported> {
  const server = await startServer();
  const processor = new ApieSpanProcessor(options(server, more));
  cleanup(() => processor.shutdown());
  return { server, processor, send: (spans, given) => importSpans(spans, { processor, ...given }) };
}

/** Events of one run at Apie, as type and number. */
export const numbered = (events: readonly WireRecord[], apieId: string): string[] =>
  events
    .filter((event) => event.run_id === apieId)
    .map((event) => `${String(event.sequence_number)} ${event.type}`);

/** The paused run of the fixture some minutes later: what it waited for was given, and it is done. */
export function continued(paused: Json): Json {
  const events = paused.events as Json[];
  const at = Number(events.at(-1)?.created_at) + 300;
  const tools = (paused.tools as Json[]).map((tool) => ({
    ...tool,
    ...(tool.requires_confirmation === true ? { confirmed: true, result: "refunded" } : {}),
    ...(tool.requires_user_input === true ? { answered: true, result: "booked" } : {}),
  }));
  const waited = tools.filter((tool) => tool.result === "refunded" || tool.result === "booked");
  const event = (name: string, more: Json = {}): Json => ({
    ...events[0],
    ...more,
    event: name,
    created_at: at,
  });
  return {
    ...paused,
    status: "COMPLETED",
    content: "The refund is on its way.",
    tools,
    events: [
      ...events,
      event("RunContinued"),
      ...waited.flatMap((tool) => [event("ToolCallStarted", { tool }), event("ToolCallCompleted", { tool })]),
      event("ModelRequestStarted"),
      event("ModelRequestCompleted", { input_tokens: 300, output_tokens: 20, total_tokens: 320 }),
      event("RunCompleted", { content: "The refund is on its way." }),
    ],
  };
}

/** As a checker of the convention sees it: everything is there at the start. */
export const observed = (span: ImportedSpan, inside: { session: boolean }): ObservedSpan => ({
  name: span.name,
  kind: span.kind,
  attributesAtStart: span.attributes,
  attributesAtEnd: span.attributes,
  links: span.links,
  status: span.status,
  inside: { ...inside, run: !operationOf(span).startsWith("session") },
});
