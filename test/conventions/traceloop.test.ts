import { describe, expect, test } from "vitest";
import { ConventionReader } from "../../src/conventions/index.ts";
import { recorded, span, told } from "./recorded.ts";

const reader = new ConventionReader();
const SDK = { instrumentationScope: { name: "@traceloop/node-server-sdk" } };
const MCP = { instrumentationScope: { name: "@traceloop/instrumentation-mcp" } };

/** What the spans of a recording are read as, at the start and at the end. */
const rows = (recording: string): string[][] =>
  recorded(recording).map(({ atStart, atEnd }) => [
    atStart.name,
    told(reader.read(atStart, "start")),
    atEnd === undefined ? "never ends" : told(reader.read(atEnd, "end")),
  ]);

test("decorated functions are known by their names at the start, by their kind at the end", () => {
  const decorated = rows("traceloop/workflow_agent_tools").filter(([name]) => !name?.startsWith("chat"));
  const who = "session=sess-42 user=user-7";
  expect(decorated).toEqual([
    ["trip_planner.workflow", `run agent=trip_planner ${who}`, `run agent=trip_planner ${who}`],
    ["trip_agent.agent", `run agent=trip_agent ${who}`, `run agent=trip_agent ${who}`],
    ["get_weather.tool", `tool tool=get_weather ${who}`, `tool tool=get_weather ${who}`],
    ["add.tool", `tool tool=add ${who}`, `tool tool=add ${who}`],
  ]);
});

test("MCP requests are known by their names; the session and other methods are of no interest", () => {
  const requests = rows("traceloop-mcp/in_memory").slice(2);
  const lost = "error=tool_error|MCP error -32602: Tool no_such_tool not found";
  expect(requests).toEqual([
    ["mcp.client.session", "none", "none"],
    ["initialize.mcp", "none", "none"],
    ["tools/list.mcp", "mcp mcp=tools/list|mcp", "mcp mcp=tools/list|mcp"],
    ...["get_weather", "flaky_lookup", "no_such_tool"].map((name, index) => {
      const call = `mcp tool=${name}|mcp mcp=tools/call|mcp|${name}`;
      const end = [call, `${call} error=tool_error|lookup backend is down`, `${call} ${lost}`][index];
      return [`${name}.tool`, call, end];
    }),
  ]);
});

test("the tools a server listed are named, and nothing else of its answer", () => {
  const list = recorded("traceloop-mcp/in_memory").find(({ atStart }) => atStart.name === "tools/list.mcp");
  if (list?.atEnd === undefined) throw new Error("not recorded");
  expect(reader.read(list.atEnd, "end")?.mcp).toEqual({
    method: "tools/list",
    server: "mcp",
    toolNames: ["get_weather", "flaky_lookup"],
  });
});

test.each([
  ["resources/read.mcp", { "traceloop.entity.input": '{"uri":"file:///notes"}' }, "file:///notes"],
  ["resources/read.mcp", { "traceloop.entity.input": "[" }, undefined],
])("%s with %j reads %s", (name, attributes, resourceUri) => {
  const read = reader.read(span({ ...MCP, name, attributes }), "end");
  expect(read?.mcp).toMatchObject({ method: "resources/read", resourceUri });
});

test.each([
  ["the server's side", { ...MCP, name: "get_weather.tool", kind: 1 }],
  ["another method", { ...MCP, name: "ping.mcp" }],
])("%s gives nothing", (_what, members) => {
  expect(reader.read(span(members), "end")?.kind).toBe("none");
});

describe("an ending alone is no sign", () => {
  test.each([
    ["of another scope", { name: "load.tool" }],
    ["that is no kind", { ...SDK, name: "openai.chat" }],
    ["without a name before it", { ...SDK, name: ".tool" }],
    ["of a property of objects", { ...SDK, name: "x.constructor" }],
  ])("%s", (_what, members) => {
    expect(reader.read(span(members), "start")).toBeUndefined();
  });

  test("the kind decides where it says another", () => {
    const attributes = { "traceloop.span.kind": "task", "traceloop.entity.name": "load.tool" };
    expect(told(reader.read(span({ ...SDK, name: "load.tool", attributes }), "end"))).toBe(
      "step step=load.tool|task",
    );
  });
});

test("a task within others is a step with its path", () => {
  const attributes = {
    "traceloop.span.kind": "task",
    "traceloop.entity.name": "load",
    "traceloop.entity.path": "plan.day",
  };
  expect(reader.read(span({ name: "load.task", attributes }), "end")?.step).toEqual({
    key: "plan.day.load",
    name: "load",
    type: "task",
  });
});

describe("model calls of older versions", () => {
  const attributes = {
    "llm.request.type": "chat",
    "gen_ai.system": "OpenAI",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.prompt_tokens": 4,
    "gen_ai.usage.completion_tokens": 2,
    "llm.usage.total_tokens": 6,
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "Be brief",
    "gen_ai.prompt.1.role": "user",
    "gen_ai.prompt.1.content": "Hello",
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": "Hi",
    "gen_ai.completion.0.finish_reason": "tool_calls",
  };

  test("are model calls", () => {
    expect(told(reader.read(span({ attributes }), "end"))).toBe(
      "llm op=chat provider=openai model=gpt-4o finish=tool_call usage=4/2/6//",
    );
  });

  test("have their messages one by one", () => {
    const whole = span({ attributes });
    const activity = reader.read(whole, "end");
    if (activity === undefined) throw new Error("not recognised");
    expect(reader.content(whole, "end", activity)).toEqual({
      instructions: undefined,
      input: [
        { role: "system", content: "Be brief" },
        { role: "user", content: "Hello" },
      ],
      output: [{ role: "assistant", content: "Hi" }],
    });
  });

  test.each([
    ["completion", "llm op=text_completion"],
    ["embedding", "embedding op=embeddings"],
    ["rerank", "-"],
    ["unknown", "-"],
    ["constructor", "-"],
  ])("of type %s are %s", (type, expected) => {
    expect(told(reader.read(span({ attributes: { "llm.request.type": type } }), "end"))).toBe(expected);
  });
});

test.each([
  ["FAILED", true, "block"],
  ["PASSED", false, "allow"],
])("a guard that %s", (status, triggered, policyDecision) => {
  const attributes = { "gen_ai.guardrail.name": "pii", "gen_ai.guardrail.status": status };
  expect(reader.read(span({ name: "guard", attributes }), "start")).toBeUndefined();
  expect(reader.read(span({ name: "guard", attributes }), "end")).toMatchObject({
    kind: "guardrail",
    guardrail: { name: "pii", triggered, policyDecision, effectiveDecision: "allow", mode: "monitor" },
  });
});
