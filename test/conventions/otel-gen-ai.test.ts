import { describe, expect, test } from "vitest";
import { ConventionReader } from "../../src/conventions/index.ts";
import type { Activity } from "../../src/model/activity.ts";
import { span, told } from "./recorded.ts";

const reader = new ConventionReader();

function read(attributes: Record<string, unknown>, name = "span"): Activity | undefined {
  return reader.read(span({ name, attributes }), "end");
}

const chat = (attributes: Record<string, unknown>): Activity["llm"] =>
  read({ "gen_ai.operation.name": "chat", ...attributes })?.llm;

describe("operations", () => {
  test.each([
    ["invoke_agent", "run"],
    ["invoke_workflow", "run"],
    ["handle_conversation_turn", "run"],
    ["chat", "llm"],
    ["text_completion", "llm"],
    ["generate_content", "llm"],
    ["embeddings", "embedding"],
    ["retrieval", "retrieval"],
    ["execute_tool", "tool"],
    ["plan", "step"],
    ["search_memory", "step"],
    ["create_memory_store", "step"],
    ["fetch_response", "none"],
    ["create_agent", "none"],
  ])("%s is a %s", (operation, kind) => {
    expect(read({ "gen_ai.operation.name": operation })).toMatchObject({ kind, convention: "otel-gen-ai" });
  });

  test.each([
    "agent_step",
    "model_step",
    "model_chunk",
    "workflow",
    "guard",
    "rerank",
    "Chat",
    "",
    "constructor",
    "toString",
    "__proto__",
    5,
    ["chat"],
    null,
  ])("%j is not well known and decides nothing", (operation) => {
    expect(read({ "gen_ai.operation.name": operation })).toBeUndefined();
  });

  test("a model without an operation is not enough to go by", () => {
    expect(read({ "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o" })).toBeUndefined();
  });
});

describe("spellings, the newest first", () => {
  test.each<[attributes: Record<string, unknown>, facts: object]>([
    [{ "gen_ai.provider.name": "openai", "gen_ai.system": "other" }, { provider: "openai" }],
    [{ "gen_ai.system": "az.ai.openai" }, { provider: "azure.ai.openai" }],
    [{ "gen_ai.response.finish_reasons": ["tool_calls", "stop"] }, { finishReason: "tool_call" }],
    [{ "gen_ai.response.finish_reasons": '["end_turn"]' }, { finishReason: "stop" }],
    [{ "gen_ai.response.finish_reasons": "max_tokens" }, { finishReason: "length" }],
    [{ "gen_ai.response.time_to_first_chunk": 0.25 }, { timeToFirstTokenMs: 250 }],
    [{ "gen_ai.client.operation.time_to_first_chunk": 0.5 }, { timeToFirstTokenMs: 500 }],
    [{ "gen_ai.request.stream": true }, { stream: true }],
    [{ "gen_ai.usage.input_tokens": 5, "gen_ai.usage.prompt_tokens": 9 }, { usage: { input: 5 } }],
    [
      { "gen_ai.usage.prompt_tokens": 9, "gen_ai.usage.completion_tokens": 2 },
      { usage: { input: 9, output: 2 } },
    ],
    [{ "llm.usage.total_tokens": 11 }, { usage: { total: 11 } }],
    [
      {
        "gen_ai.usage.input_tokens": 90,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.cache_write.input_tokens": 3,
      },
      { usage: { input: 90, cacheRead: 4, cacheWrite: 3 } },
    ],
    [
      {
        "gen_ai.usage.input_tokens": 90,
        "gen_ai.usage.cache_read_input_tokens": 4,
        "gen_ai.usage.cache_creation.input_tokens": 3,
      },
      { usage: { input: 90, cacheRead: 4, cacheWrite: 3 } },
    ],
    [{ "gen_ai.usage.reasoning.output_tokens": 2 }, { usage: { reasoning: 2 } }],
    [{ "gen_ai.usage.reasoning_tokens": 2 }, { usage: { reasoning: 2 } }],
  ])("%j", (attributes, facts) => {
    const { operation, ...read } = chat(attributes) ?? {};
    expect(operation).toBe("chat");
    expect(read).toEqual(facts);
  });

  test("what cannot be a count is none", () => {
    for (const value of ["many", -1, Number.NaN, {}, [], true, ""]) {
      expect(chat({ "gen_ai.usage.input_tokens": value })?.usage).toBeUndefined();
    }
    expect(chat({ "gen_ai.usage.input_tokens": "12" })?.usage).toEqual({ input: 12 });
  });
});

test("agents and workflows", () => {
  expect(
    read({
      "gen_ai.operation.name": "invoke_agent",
      "gen_ai.agent.name": "trip",
      "gen_ai.agent.version": "2",
    })?.agent,
  ).toEqual({
    name: "trip",
    version: "2",
  });
  expect(
    read({ "gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "rollout" })?.agent,
  ).toEqual({
    name: "rollout",
  });
  expect(read({ "gen_ai.operation.name": "invoke_agent" })?.agent).toBeUndefined();
});

test("tools are known by attribute, else by the span's name", () => {
  const tool = (attributes: Record<string, unknown>, name?: string) =>
    read({ "gen_ai.operation.name": "execute_tool", ...attributes }, name)?.tool;
  expect(
    tool({ "gen_ai.tool.name": "add", "gen_ai.tool.call.id": "c1", "gen_ai.tool.type": "function" }),
  ).toEqual({ name: "add", callId: "c1", type: "function" });
  expect(tool({}, "execute_tool get weather")).toEqual({ name: "get weather" });
  expect(tool({}, "my tool")).toEqual({ name: "my tool" });
  expect(tool({}, "")).toEqual({ name: "unknown" });
});

test("steps and retrievals", () => {
  expect(read({ "gen_ai.operation.name": "plan" })?.step).toEqual({
    key: "plan",
    name: "plan",
    type: "planning",
  });
  expect(read({ "gen_ai.operation.name": "upsert_memory" })?.step).toEqual({
    key: "upsert_memory",
    name: "upsert_memory",
    type: "memory",
  });
  expect(read({ "gen_ai.operation.name": "retrieval", "gen_ai.data_source.id": "docs" })).toMatchObject({
    resource: { type: "knowledge_base", id: "docs" },
    action: { type: "read", name: "retrieval" },
  });
});

test("failure is a status, told at the end only", () => {
  const failed = span({
    attributes: { "gen_ai.operation.name": "chat", "error.type": "RateLimitError" },
    status: { code: 2, message: "429" },
  });
  expect(told(reader.read(failed, "end"))).toBe("llm op=chat error=RateLimitError|429");
  expect(told(reader.read(failed, "start"))).toBe("llm op=chat");
  const fine = span({
    attributes: { "gen_ai.operation.name": "chat", "error.type": "x" },
    status: { code: 1 },
  });
  expect(reader.read(fine, "end")?.error).toBeUndefined();
});

test("content is read where it is asked for, JSON as what it stands for", () => {
  const model = span({
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.system_instructions": '[{"type":"text","content":"be kind"}]',
      "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]',
      "gen_ai.output.messages": [{ role: "assistant" }],
    },
  });
  const activity = reader.read(model, "end");
  expect(JSON.stringify(activity)).not.toContain("hi");
  expect(activity && reader.content(model, "end", activity)).toEqual({
    instructions: [{ type: "text", content: "be kind" }],
    input: [{ role: "user", parts: [{ type: "text", content: "hi" }] }],
    output: [{ role: "assistant" }],
  });
  const old = span({
    attributes: { "gen_ai.operation.name": "chat", "gen_ai.prompt": "hi", "gen_ai.completion": "{broken" },
  });
  const read = reader.read(old, "end");
  expect(read && reader.content(old, "end", read)).toMatchObject({ input: "hi", output: "{broken" });
  const tool = span({
    attributes: {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.call.arguments": '{"a":2}',
      "gen_ai.tool.call.result": "5",
      "gen_ai.input.messages": "no",
    },
  });
  const call = reader.read(tool, "end");
  expect(call && reader.content(tool, "end", call)).toMatchObject({ input: { a: 2 }, output: "5" });
});
