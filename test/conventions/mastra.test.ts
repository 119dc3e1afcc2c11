import { describe, expect, test } from "vitest";
import { ConventionReader } from "../../src/conventions/index.ts";
import { recorded, span, told } from "./recorded.ts";

const reader = new ConventionReader();
const SCOPE = { instrumentationScope: { name: "@mastra/otel-bridge" } };
const named = (name: string) => reader.read(span({ ...SCOPE, name }), "start");
const typed = (type: string, attributes: Record<string, unknown> = {}, more: object = {}) =>
  reader.read(span({ attributes: { "mastra.span.type": type, ...attributes }, ...more }), "end");

test("spans are taken for what their first name says, and are what their type says", () => {
  const rows = recorded("mastra-otel-bridge/tool_fails").map(({ atStart, atEnd }) => [
    atStart.name,
    told(reader.read(atStart, "start")),
    atEnd === undefined ? "never ends" : told(reader.read(atEnd, "end")),
  ]);
  const failed = "error=unknown|lookup backend is down";
  expect(rows).toEqual([
    ["agent run: 'trip-agent'", "run agent=trip-agent", "run agent=Trip agent"],
    [
      "llm: 'gpt-4o-mini'",
      "llm op=chat model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=46/18//8/4",
    ],
    ["step: 0", "-", "none"],
    ["inference: 0", "-", "none"],
    ["chunk: 'tool-call'", "-", "none"],
    ["tool: 'flaky_lookup'", "tool tool=flaky_lookup", `tool tool=flaky_lookup|tool|call_fake0001 ${failed}`],
    ["step: 1", "-", "none"],
    ["inference: 1", "-", "none"],
    ["chunk: 'text'", "-", "none"],
  ]);
});

test("what the first name says is provisional", () => {
  for (const { atStart, atEnd } of recorded("mastra-otel-bridge/tool_loop")) {
    const activity = reader.read(atStart, "start");
    if (activity !== undefined) expect(activity.provisional).toBe(true);
    if (atEnd !== undefined) expect(reader.read(atEnd, "end")?.provisional).toBeUndefined();
  }
});

test("a failed model call says OK, and its finish reason that it failed", () => {
  const failed = recorded("mastra-otel-bridge/llm_500").map(({ atEnd }) =>
    atEnd === undefined ? undefined : reader.read(atEnd, "end"),
  );
  expect(failed.map((activity) => [activity?.kind, activity?.error?.type])).toEqual([
    ["run", "unknown"],
    ["llm", "Error"],
    ["none", undefined],
    ["none", undefined],
  ]);
});

describe("first names", () => {
  test.each([
    ["workflow run: 'order'", "run agent=order"],
    ["workflow step: 'check stock'", "step step=check stock|task"],
    [
      "mcp_tool: 'files_list' on 'filesystem'",
      "mcp tool=files_list|mcp mcp=tools/call|filesystem|files_list",
    ],
    ["mcp_tool: 'files_list'", "mcp tool=files_list|mcp mcp=tools/call|mcp|files_list"],
    ["tool: search", "-"],
    ["tool", "-"],
    ["constructor: 'x'", "-"],
    ["", "-"],
  ])("%s", (name, expected) => {
    expect(told(named(name))).toBe(expected);
  });

  test("say nothing in another scope", () => {
    expect(reader.read(span({ name: "tool: 'search'" }), "start")).toBeUndefined();
  });
});

describe("types", () => {
  test("an MCP tool names its server", () => {
    const attributes = {
      "gen_ai.tool.name": "files_list",
      "server.address": "filesystem",
      "mastra.mcp_tool_call.server_version": "1.2.0",
    };
    expect(typed("mcp_tool_call", attributes)).toMatchObject({
      kind: "mcp",
      mcp: { server: "filesystem", serverVersion: "1.2.0", toolName: "files_list", alsoTool: true },
      tool: { name: "files_list", provider: "mcp" },
    });
  });

  test.each([
    ["workflow_run", "invoke_workflow order", "run agent=order"],
    ["workflow_step", "workflow_step check stock", "step step=check stock|task"],
    ["client_tool_call", "execute_tool pick", "tool tool=pick"],
    ["processor_run", "processor_run x", "-"],
    ["constructor", "x", "-"],
  ])("%s named %s", (type, name, expected) => {
    expect(told(typed(type, {}, { name }))).toBe(expected);
  });

  test("content of agents and steps is under keys of their type", () => {
    const attributes = {
      "mastra.span.type": "agent_run",
      "mastra.agent_run.input": "Hello",
      "mastra.agent_run.output": '{"text":"Hi"}',
    };
    const whole = span({ attributes });
    const activity = reader.read(whole, "end");
    if (activity === undefined) throw new Error("not recognised");
    expect(reader.content(whole, "end", activity)).toMatchObject({ input: "Hello", output: { text: "Hi" } });
  });
});
