/** What the fixtures of ag.dev hold, counted over the spans made of them. */
import { expect, test } from "vitest";
import { agDevRun } from "../../src/imports/index.ts";
import { fixture, linksOf, ofOperation, operationOf, said, us } from "./support.ts";

const spansOf = (name: string, context = {}) => [...agDevRun(fixture(`agdev/${name}`), context)];

test("run-document-done: every event is a span, in its order, under the run", () => {
  const spans = spansOf("run-document-done");
  expect(spans.map(({ kind, name, status }) => `${kind} ${name} ${status.code}`)).toEqual([
    "0 invoke_agent 9104923a-3107-4fbc-8cc6-1bc0276dfd76 0",
    "0 plan 9104923a-3107-4fbc-8cc6-1bc0276dfd76 0",
    "0 workflow_step narration 0",
    "0 execute_tool searchNews 0",
    "0 reasoning 9104923a-3107-4fbc-8cc6-1bc0276dfd76 0",
    "0 execute_tool browseWebsite 0",
    "0 access web_page 0",
    "0 workflow_step compression 0",
    "0 execute_tool crm_create_note 0",
    "2 tools/call crm_create_note 0",
    "0 access source 0",
    "0 access source 0",
  ]);
  const [run, ...below] = spans;
  expect(run?.parentSpanContext).toBeUndefined();
  const above: Record<string, string> = {
    "access web_page": "execute_tool browseWebsite",
    "tools/call crm_create_note": "execute_tool crm_create_note",
  };
  for (const span of below) {
    const parent = spans.find(({ name }) => name === above[span.name]) ?? run;
    expect(span.parentSpanContext).toEqual(parent?.spanContext());
  }
});

test("run-document-done: what the run says", () => {
  const [run] = spansOf("run-document-done");
  expect(run?.attributes).toMatchObject({
    "agent.key": "9104923a-3107-4fbc-8cc6-1bc0276dfd76",
    "agent.run.id": "5726bd56-4ead-41e0-94ca-38f7c099d3d1",
    "agent.framework.name": "ag.dev",
    "agent.source.system": "ag.dev",
    "agent.source.shape": "bundle",
    "agent.source.status": "done",
    "agent.source.time_resolution": "ms",
    "agent.run.status": "completed",
    "agent.run.input.value": '{"topic":"Heat-pump subsidies in the Netherlands","audience":"sales team"}',
    "agent.run.output.type": "text",
    "agent.run.output.value": expect.stringMatching(/^# Heat-pump subsidies/),
    "agent.run.sources": [
      "https://energy-news.example.test/isde-2026",
      "https://trade.example.test/order-books",
    ],
    "agent.run.tool_call.count": 3,
    "agent.run.queue_time": 1.204,
    "agent.revision.id": "a47d1cf4-2c90-4e4d-b457-09eda6f073a7",
    "agent.revision.status": "published",
    "agent.llm.stack": "anthropic/default",
  });
  // ag.dev tells no model calls, which is not none.
  expect(run?.attributes).not.toHaveProperty("agent.run.llm_call.count");
  expect(run?.startTime).toEqual([1_771_326_300, 0]);
  expect(run?.endTime).toEqual([1_771_326_331, 402_000_000]);
  expect(run?.links).toEqual([]);
});

test("run-document-done: times are those of the source", () => {
  const spans = spansOf("run-document-done");
  const { events } = fixture<{ events: { data: Record<string, string>[] } }>("agdev/run-document-done");
  const work = spans
    .slice(1)
    .filter((span) => !["resource_access", "mcp_request"].includes(operationOf(span)));
  expect(work.map(({ startTime, endTime }) => [us(startTime), us(endTime)])).toEqual(
    events.data.map(({ startedAt, finishedAt }) =>
      [startedAt, finishedAt].map((time) => Date.parse(time ?? "") * 1e3),
    ),
  );
  const plan = ofOperation(spans, "plan")[0];
  expect([plan?.startTime, plan?.endTime]).toEqual([
    [1_771_326_301, 204_000_000],
    [1_771_326_306, 870_000_000],
  ]);
  expect(plan && said(plan, "agent.source.id")).toBe("157350ce-85c3-41c0-97bd-9f1fa43160d0");
});

test("run-document-done: tools are ag.dev's own, or those of an MCP server of the revision", () => {
  const spans = spansOf("run-document-done");
  expect(
    ofOperation(spans, "tool_call").map((span) => [
      said(span, "gen_ai.tool.name"),
      said(span, "agent.tool.provider"),
      said(span, "agent.action.type"),
      said(span, "gen_ai.tool.call.id"),
    ]),
  ).toEqual([
    ["searchNews", "ag.dev", "read", "tc_01"],
    ["browseWebsite", "ag.dev", "read", "tc_02"],
    ["crm_create_note", "mcp", undefined, "tc_03"],
  ]);
  expect(ofOperation(spans, "mcp_request").map(({ attributes }) => attributes)).toMatchObject([
    {
      "agent.mcp.server.name": "crm-server",
      "mcp.method.name": "tools/call",
      "gen_ai.tool.name": "crm_create_note",
      "gen_ai.tool.call.result": '{"noteId":"n-7741"}',
    },
  ]);
  expect(
    ofOperation(spans, "resource_access").map((span) => [
      said(span, "agent.resource.type"),
      said(span, "agent.resource.id"),
      said(span, "agent.resource.title"),
    ]),
  ).toEqual([
    ["web_page", "https://energy-news.example.test/isde-2026", undefined],
    ["source", "https://energy-news.example.test/isde-2026", "Subsidy budget for heat pumps raised"],
    ["source", "https://trade.example.test/order-books", "Installers report full order books"],
  ]);
});

test("run-document-done: what was said is on the spans it was said in", () => {
  const spans = spansOf("run-document-done");
  const saying = (operation: string, key: string) =>
    ofOperation(spans, operation).map((span) => said(span, key));
  expect(saying("plan", "agent.step.content")).toEqual([expect.stringMatching(/^1\. Find heat-pump/)]);
  expect(saying("reasoning", "agent.reasoning.content")).toEqual([expect.stringMatching(/^The budget/)]);
  expect(saying("workflow_step", "agent.step.content")).toEqual(["I start with a news search.", undefined]);
});

test("run-json-error: the run fails with its error, and so does the call it was waiting for, as long as the run", () => {
  const spans = spansOf("run-json-error");
  expect(spans.map(operationOf)).toEqual([
    "run",
    "plan",
    "tool_call",
    "reasoning",
    "tool_call",
    "mcp_request",
  ]);
  const [run] = spans;
  expect(run).toMatchObject({
    status: { code: 2, message: "register_lookup gave no answer within 60 seconds" },
    attributes: {
      "agent.run.status": "failed",
      "agent.source.status": "error",
      "error.type": "TOOL_TIMEOUT",
      "agent.revision.status": "draft",
    },
    events: [{ name: "exception" }],
  });
  const failed = spans.filter(({ status }) => status.code === 2).map(({ name }) => name);
  expect(failed).toEqual([run?.name, "execute_tool register_lookup", "tools/call register_lookup"]);
  const [, call] = ofOperation(spans, "tool_call");
  expect(call?.startTime).toEqual([1_771_443_618, 688_000_000]);
  expect(call?.endTime).toEqual(run?.endTime);
  expect(call && said(call, "gen_ai.tool.call.result")).toBeUndefined();
  expect(said(spans.at(-1) as never, "agent.mcp.server.name")).toBe("company-register");
});

test("what the application knows: the session, and who the agent is", () => {
  const bundle = { ...fixture("agdev/run-document-done"), agent: { metadata: { name: "Brief Writer" } } };
  const spans = [
    ...agDevRun(bundle, {
      sessionId: "flow-7",
      sessionKind: "pipeline",
      sessionEnded: true,
      agentKey: "brief-writer",
      resource: { "service.name": "briefs" },
    }),
  ];
  expect([spans[0]?.name, spans[1]?.name, spans.at(-1)?.name]).toEqual([
    "session_start pipeline",
    "invoke_agent Brief Writer",
    "session_end pipeline",
  ]);
  const run = spans[1];
  expect(run && linksOf(run)).toEqual({ session: spans[0]?.spanContext().spanId });
  for (const span of spans) {
    expect(span.resource.attributes).toEqual({ "service.name": "briefs" });
    expect(span.attributes).toMatchObject({
      "agent.key": "brief-writer",
      "agent.name": "Brief Writer",
      "agent.session.id": "flow-7",
    });
  }
  expect(ofOperation(spans, "plan").map(({ name }) => name)).toEqual(["plan Brief Writer"]);
});
