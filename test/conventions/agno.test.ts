/** Agno as it is seen live, through its OpenInference spans. */
import { expect, test } from "vitest";
import { ApieSpanProcessor } from "../../src/index.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import type { RecordingApie } from "../support/recording-apie.ts";

const TRACE = "0123456789abcdef0123456789abcdef";
const OK = 1;
const ERROR = 2;

function span(
  spanId: string,
  parent: string | undefined,
  [start, end]: readonly [number, number],
  name: string,
  attributes: Record<string, unknown>,
  status = OK,
): SpanLike {
  return {
    name,
    kind: 0,
    spanContext: () => ({ traceId: TRACE, spanId, traceFlags: 1 }),
    parentSpanContext: parent === undefined ? undefined : { traceId: TRACE, spanId: parent },
    startTime: [1_700_000_000, start * 1e6],
    endTime: [1_700_000_000, end * 1e6],
    ended: true,
    status: { code: status, ...(status === ERROR ? { message: "RateLimitError: slow down" } : {}) },
    attributes,
    links: [],
    events: [],
    resource: { attributes: {} },
    instrumentationScope: { name: "openinference.instrumentation.agno" },
  };
}

const AGENT = {
  "openinference.span.kind": "AGENT",
  "agent.name": "Scout",
  "agno.agent.id": "scout",
  "agno.run.id": "run-1",
  "session.id": "session-1",
};
const LLM = { "openinference.span.kind": "LLM", "llm.model_name": "gpt-4.1", "llm.provider": "OpenAI" };

async function seen(spans: readonly SpanLike[]): Promise<RecordingApie> {
  const server = await startServer();
  const processor = new ApieSpanProcessor(options(server));
  cleanup(() => processor.shutdown());
  for (const one of spans) processor.onEnd(one);
  await processor.forceFlush();
  return server;
}

const endsOf = (server: RecordingApie) =>
  server.to(/\/runs\/[^/]+\/complete$/).map(({ body }) => body as { status: string; metadata: object });

test("a run that failed inside fails, although its span says OK", async () => {
  const server = await seen([
    span("a", undefined, [0, 90], "Scout.run", AGENT),
    span("m", "a", [10, 20], "OpenAI.invoke", LLM, ERROR),
  ]);
  expect(endsOf(server)).toMatchObject([{ status: "failed", metadata: { agno_run_id: "run-1" } }]);
  expect(server.eventsOf("agent.llm.failed")).toHaveLength(1);
  expect(server.eventsOf("agent.error").length).toBeLessThanOrEqual(1);
});

test("one that answered after an error is completed", async () => {
  const server = await seen([
    span("a", undefined, [0, 90], "Scout.run", { ...AGENT, "output.value": "Found it." }),
    span("m", "a", [10, 20], "OpenAI.invoke", LLM, ERROR),
  ]);
  expect(endsOf(server)).toMatchObject([{ status: "completed" }]);
});

test("one without an answer whose last call went well is completed", async () => {
  const server = await seen([
    span("a", undefined, [0, 90], "Scout.run", AGENT),
    span("m", "a", [10, 20], "OpenAI.invoke", LLM, ERROR),
    span("n", "a", [20, 30], "OpenAI.invoke", LLM),
  ]);
  expect(endsOf(server)).toMatchObject([{ status: "completed" }]);
});

test("a workflow is a run with steps, its agents child runs", async () => {
  const chain = { "openinference.span.kind": "CHAIN", "session.id": "session-1" };
  const server = await seen([
    span("w", undefined, [0, 99], "Briefing.run", {
      ...chain,
      "agno.workflow.id": "briefing",
      "graph.node.name": "Briefing",
      "output.value": "Done.",
    }),
    span("s", "w", [1, 90], "Collect.execute", {
      ...chain,
      "agno.step.type": "agent",
      "agno.step.agent_name": "Scout",
    }),
    span("a", "s", [2, 80], "Scout.run", { ...AGENT, "output.value": "Found it." }),
    span("m", "a", [10, 20], "OpenAI.invoke", LLM),
  ]);
  const runs = server
    .to(/\/runs$/)
    .map(({ body }) => (body as { metadata: { agent_name: string } }).metadata.agent_name);
  expect(runs).toEqual(["Briefing", "Scout"]);
  expect(server.eventsOf("agent.workflow.step.started")).toMatchObject([{ step_name: "Collect" }]);
  expect(endsOf(server).map(({ status }) => status)).toEqual(["completed", "completed"]);
});
