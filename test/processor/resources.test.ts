/** What events say of actions and resources that spans do not name: inferred, or of spans that are no agent work. */
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import type { ApieOptions } from "../../src/index.ts";
import { setup } from "../support/client.ts";

const AGENT = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Trip" };
const CHAT = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai" };
const toolCall = (name: string) => ({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name });
const REQUEST = { "http.request.method": "GET", "url.full": "https://api.example/users/7?key=s3cret" };

type Attributes = Record<string, string>;
interface Tree {
  attributes: Attributes;
  kind?: SpanKind;
  failed?: boolean;
  below?: Tree[];
}

function spans({ attributes, kind = SpanKind.INTERNAL, failed, below = [] }: Tree): void {
  trace.getTracer("library").startActiveSpan("span", { attributes, kind }, (span) => {
    for (const child of below) spans(child);
    if (failed === true) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
}

async function told(tree: Tree, more: ApieOptions = {}) {
  const { server, apie } = await setup(more);
  spans(tree);
  await apie.flush();
  return server;
}

const request: Tree = { attributes: REQUEST, kind: SpanKind.CLIENT };

test("a tool's name tells what it does and to what, and that this was inferred", async () => {
  const server = await told({ attributes: AGENT, below: [{ attributes: toolCall("delete_ticket") }] });
  expect(server.types).toEqual(["agent.action.requested", "agent.tool.called", "agent.action.completed"]);
  for (const event of server.events) {
    expect(event).toMatchObject({
      action: { type: "delete", name: "delete_ticket", risk_level: "critical" },
      resource: { type: "work_item" },
      metadata: { inferred: true },
    });
  }
});

test("by rules of the user's first", async () => {
  const inferRules = [{ tool: "ticket", resource: "support_case" }];
  const server = await told(
    { attributes: AGENT, below: [{ attributes: toolCall("delete_ticket") }] },
    { inferRules },
  );
  expect(server.eventsOf("agent.tool.called")).toMatchObject([
    { action: { type: "delete" }, resource: { type: "support_case" } },
  ]);
});

test("not at all where that is not wanted", async () => {
  const server = await told(
    { attributes: AGENT, below: [{ attributes: toolCall("delete_ticket") }] },
    { inferRules: false },
  );
  expect(server.eventsOf("agent.tool.called")).toMatchObject([
    { action: { type: "execute" }, resource: { type: "unknown" } },
  ]);
  expect(server.everything).not.toContain("inferred");
});

test.each([
  [true, "delete"],
  [undefined, "execute"],
])(
  "calls of our API: with autoInferFromToolNames %s the action is %s",
  async (autoInferFromToolNames, type) => {
    const { server, apie } = await setup({ boundary: { autoInferFromToolNames } });
    await apie.withRun({}, () => apie.withTool({ tool: { name: "delete_ticket" } }, () => undefined));
    await apie.flush();
    expect(server.eventsOf("agent.tool.called")).toMatchObject([{ action: { type } }]);
  },
);

const toolThatAsks: Tree = { attributes: AGENT, below: [{ attributes: toolCall("load"), below: [request] }] };

test("a request of a tool touches a resource where that is asked for, and its address alone is told", async () => {
  const server = await told(toolThatAsks, { touchedResources: ["http"] });
  expect(server.eventsOf("agent.resource.touched")).toMatchObject([
    { resource: { type: "internal_api", external_id: "api.example" }, action: { type: "read", name: "GET" } },
  ]);
  expect(server.everything).not.toMatch(/s3cret|users\/7/);
});

test("a request gives nothing where that is not asked for", async () => {
  const server = await told(toolThatAsks);
  expect(server.types).toEqual(["agent.action.requested", "agent.tool.called", "agent.action.completed"]);
});

test("a request of a model call is that call", async () => {
  const server = await told(
    { attributes: AGENT, below: [{ attributes: CHAT, below: [request] }] },
    { touchedResources: ["http"] },
  );
  expect(server.types).toEqual(["agent.llm.called", "agent.llm.completed"]);
});

test("a request outside of any run is nobody's", async () => {
  const server = await told(request, { touchedResources: ["http"] });
  expect(server.requests.filter(({ path }) => path !== "/v1/agents/identify")).toEqual([]);
});

test("a request that fails does not fail the run", async () => {
  const failing = { ...request, failed: true };
  const server = await told({ attributes: AGENT, below: [failing] }, { touchedResources: ["http"] });
  expect(server.eventsOf("agent.resource.touched")).toMatchObject([{ metadata: { outcome: "failed" } }]);
  expect(server.to(/complete$/)).toMatchObject([{ body: { status: "completed" } }]);
});
