/** OpenInference: what its kinds are, and where its libraries put what. */
import { describe, expect, test } from "vitest";
import { ConventionReader } from "../../src/conventions/index.ts";
import type { Activity } from "../../src/model/activity.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { span, told } from "./recorded.ts";

const reader = new ConventionReader();

type Members = Partial<SpanLike>;

function of(kind: string, attributes: Record<string, unknown> = {}, more: Members = {}): SpanLike {
  return span({ ...more, attributes: { "openinference.span.kind": kind, ...attributes } });
}

const ended = (...made: Parameters<typeof of>): Activity | undefined => reader.read(of(...made), "end");

const failing = (message: string): Members => ({ status: { code: 2, message } });

describe("kinds", () => {
  test.each([
    ["LLM", "llm op=chat"],
    ["llm", "llm op=chat"],
    ["EMBEDDING", "embedding op=embeddings"],
    ["AGENT", "run agent=a span"],
    ["CHAIN", "run agent=a span"],
    ["TOOL", "tool tool=a span"],
    ["RETRIEVER", "retrieval resource=knowledge_base"],
    ["RERANKER", "retrieval resource=knowledge_base"],
    ["GUARDRAIL", "guardrail"],
    ["EVALUATOR", "none"],
    ["PROMPT", "none"],
    ["UNKNOWN", "-"],
    ["constructor", "-"],
  ])("%s", (kind, expected) => {
    expect(told(ended(kind, {}, { name: "a span" }))).toBe(expected);
  });

  test.each([
    ["agent.name", "trip"],
    ["graph.node.name", "trip"],
    ["graph.node.id", "trip"],
  ])("an agent's name is its %s before that of its span", (key, name) => {
    expect(told(ended("AGENT", { [key]: name }))).toBe("run agent=trip");
  });

  test("a chain only may be an agent; an agent is one", () => {
    expect(ended("CHAIN")?.agent?.assumed).toBe(true);
    expect(ended("AGENT")?.agent?.assumed).toBeUndefined();
  });
});

describe("model calls", () => {
  const counts = {
    "llm.token_count.prompt": 22,
    "llm.token_count.completion": 9,
    "llm.token_count.total": 31,
    "llm.token_count.prompt_details.cache_read": 4,
    "llm.token_count.completion_details.reasoning": 2,
  };

  test("the model asked for is among the parameters where the other answered", () => {
    const attributes = {
      "llm.system": "openai",
      "llm.model_name": "gpt-4o-mini-2025-01-01",
      "llm.invocation_parameters": '{"model":"gpt-4o-mini","stream":true}',
      "llm.finish_reason": "tool_calls",
      ...counts,
    };
    expect(told(ended("LLM", attributes))).toBe(
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 stream=true finish=tool_call usage=22/9/31/4/2",
    );
  });

  test("without parameters, one name stands for both", () => {
    expect(told(ended("LLM", { "llm.model_name": "m" }))).toBe("llm op=chat model=m answered=m");
    // At the start, and where it failed, it is the model that was asked for: none has answered.
    expect(reader.read(of("LLM", { "llm.model_name": "m" }), "start")?.llm).toMatchObject({
      requestModel: "m",
      responseModel: undefined,
    });
    expect(ended("LLM", { "llm.model_name": "m" }, failing("no"))?.llm?.responseModel).toBeUndefined();
  });

  test("who serves the model comes before whose it is, and LangChain's word after both", () => {
    const metadata = '{"ls_provider":"anthropic","ls_model_name":"x"}';
    expect(ended("LLM", { metadata })?.llm?.provider).toBe("anthropic");
    expect(ended("LLM", { metadata: { ls_provider: "anthropic" } })?.llm?.provider).toBe("anthropic");
    expect(ended("LLM", { "llm.system": "openai", metadata })?.llm?.provider).toBe("openai");
    const both = { "llm.system": "openai", "llm.provider": "azure" };
    expect(ended("LLM", both)?.llm?.provider).toBe("azure.ai.openai");
  });

  test("what an agent says of its calls is the agent's", () => {
    const activity = ended("AGENT", { ...counts, "llm.cost.total": 0.0008 });
    expect(activity?.llm).toBeUndefined();
    expect(activity?.run).toMatchObject({ usage: { input: 22, output: 9 }, costUsd: 0.0008 });
  });

  test("costs are in US dollars", () => {
    expect(ended("LLM", { "llm.cost.total": 0.5 })?.llm).toMatchObject({
      costAmount: 0.5,
      costCurrency: "USD",
    });
  });

  test("embeddings name their model themselves", () => {
    expect(told(ended("EMBEDDING", { "embedding.model_name": "e", "llm.system": "openai" }))).toBe(
      "embedding op=embeddings provider=openai model=e",
    );
  });
});

describe("LangGraph", () => {
  const at = (...path: string[]): Record<string, unknown> => ({
    metadata: JSON.stringify({
      langgraph_node: path.at(-1),
      langgraph_checkpoint_ns: path.map((node, index) => `${node}:00${index}`).join("|"),
    }),
  });

  test.each([
    ["tools", "tools", "step step=tools|"],
    ["RunnableSequence", "tools", "none"],
    ["__start__", "__start__", "none"],
  ])("%s in the node %s", (name, node, expected) => {
    expect(told(ended("CHAIN", at("graph", node), { name }))).toBe(expected);
  });

  test("metadata may be a value of its own", () => {
    expect(told(ended("CHAIN", { metadata: { langgraph_node: "tools" } }, { name: "tools" }))).toBe(
      "step step=tools|",
    );
  });

  test.each([
    "\n\nParentCommand\n    at RunnableCallable (file:///app/state.js:572:47)",
    "ParentCommand(Command(graph='__parent__'))",
    '[{"value":"ok?"}]\n\nGraphInterrupt: [\n  {\n    "value": "ok?"',
  ])("a jump is no failure: %j", (message) => {
    expect(ended("CHAIN", at("triage"), { name: "triage", ...failing(message) })?.error).toBeUndefined();
  });

  test.each([
    ["transfer_to_billing", '{"output":{"lg_name":"Command","goto":["billing"]}}', "billing"],
    ["transfer_back_to_boss", '{"output":{"goto":"boss"}}', "boss"],
    ["transfer_to_billing_desk", "Command(graph='__parent__', goto='Billing desk')", "Billing desk"],
  ])("%s that answers with a jump hands over", (name, output, targetName) => {
    const attributes = { "tool.name": name, "output.value": output, ...at("triage", "tools") };
    expect(ended("TOOL", attributes)).toMatchObject({
      kind: "handoff",
      handoff: { sourceName: "triage", targetName, type: "transfer" },
    });
  });

  test("a tool that transfers something else is a tool", () => {
    const attributes = { "tool.name": "transfer_to_savings", "output.value": '{"amount":5}' };
    expect(told(ended("TOOL", attributes))).toBe("tool tool=transfer_to_savings");
  });

  test("which it is, nobody knows at its start", () => {
    const started = of("TOOL", {}, { name: "transfer_to_savings" });
    expect(told(reader.read(started, "start"))).toBe("none");
  });
});

describe("failures", () => {
  test("of a text with a stack, the class is the type and the rest the stack", () => {
    const stack = "TypeError: lookup is down\n    at boom (file:///app/rec.mjs:73:35)";
    expect(ended("TOOL", {}, failing(`lookup is down\n\n${stack}`))?.error).toEqual({
      type: "TypeError",
      message: "lookup is down",
      stack,
    });
  });

  test.each([
    ["500 The server had an error", "500"],
    [
      'Error in agent run: {"error":"MaxTurnsExceededError: Max turns (3) exceeded"}',
      "MaxTurnsExceededError",
    ],
    ["something", "Error"],
  ])("%s", (message, type) => {
    expect(ended("LLM", {}, failing(message))?.error?.type).toBe(type);
  });

  test("an exception that names its class is believed", () => {
    const events = [{ name: "exception", attributes: { "exception.type": "RateLimitError" } }];
    expect(ended("LLM", {}, { ...failing("500 x"), events })?.error?.type).toBe("RateLimitError");
  });
});

describe("before its end", () => {
  const CLAUDE = "@arizeai/openinference-instrumentation-claude-agent-sdk";
  const started = (scope: string, kind: string, attributes = {}): SpanLike =>
    of(kind, attributes, { instrumentationScope: { name: scope } });

  test.each([
    "@arizeai/openinference-instrumentation-openai",
    "openinference.instrumentation.dspy",
    "@arizeai/openinference-core",
  ])("a span of %s without attributes may turn out", (name) => {
    expect(reader.mayTurnOut(span({ instrumentationScope: { name } }))).toBe(true);
  });

  test("others may not", () => {
    const name = "@opentelemetry/instrumentation-http";
    expect(reader.mayTurnOut(span({ instrumentationScope: { name } }))).toBe(false);
  });

  test("where the session comes later, the outermost span waits for it", () => {
    expect(reader.read(started(CLAUDE, "AGENT"), "start")?.provisional).toBe(true);
    expect(
      reader.read(started(CLAUDE, "AGENT", { "session.id": "s" }), "start")?.provisional,
    ).toBeUndefined();
    expect(reader.read(started(CLAUDE, "TOOL"), "start", true, CLAUDE)?.provisional).toBeUndefined();
    expect(reader.read(started(CLAUDE, "AGENT"), "start", false)?.provisional).toBeUndefined();
    expect(reader.read(started(CLAUDE, "AGENT"), "end")?.provisional).toBeUndefined();
    expect(reader.read(started("app", "AGENT"), "start")?.provisional).toBeUndefined();
  });
});

describe("content", () => {
  const content = (kind: string, attributes: Record<string, unknown>) => {
    const made = of(kind, attributes);
    const activity = reader.read(made, "end");
    return activity && reader.content(made, "end", activity);
  };

  test("flattened messages are messages again", () => {
    const attributes = {
      "input.value": '{"model":"m"}',
      "llm.input_messages.1.message.role": "user",
      "llm.input_messages.1.message.contents.0.message_content.type": "text",
      "llm.input_messages.1.message.contents.0.message_content.text": "Hi",
      "llm.input_messages.10.message.role": "user",
      "llm.output_messages.0.message.role": "assistant",
      "llm.output_messages.0.message.tool_calls.0.tool_call.id": "call_1",
      "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "add",
    };
    expect(content("LLM", attributes)).toEqual({
      instructions: undefined,
      input: [{ role: "user", contents: [{ type: "text", text: "Hi" }] }, { role: "user" }],
      output: [{ role: "assistant", tool_calls: [{ id: "call_1", function: { name: "add" } }] }],
    });
  });

  test("keys that are no path of messages do no harm", () => {
    const attributes = { "llm.input_messages.__proto__.polluted": "yes", "llm.input_messages.": "x" };
    expect(() => content("LLM", attributes)).not.toThrow();
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  test("without messages, the whole request and answer", () => {
    const attributes = { "input.value": '{"q":1}', "output.value": "done" };
    expect(content("LLM", attributes)).toMatchObject({ input: { q: 1 }, output: "done" });
    expect(content("TOOL", attributes)).toMatchObject({ input: { q: 1 }, output: "done" });
    expect(content("AGENT", attributes)).toMatchObject({ input: { q: 1 }, output: "done" });
  });

  test("arguments may be among the parameters of a tool", () => {
    expect(content("TOOL", { "tool.parameters": '{"id":"x1"}' })).toMatchObject({ input: { id: "x1" } });
  });
});
