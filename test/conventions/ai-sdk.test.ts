import { describe, expect, test } from "vitest";
import { ConventionReader } from "../../src/conventions/index.ts";
import { recorded, span, told } from "./recorded.ts";

const reader = new ConventionReader();
const read = (attributes: Record<string, unknown>, name = "span") =>
  reader.read(span({ name, attributes }), "end");

describe("operations", () => {
  test.each([
    ["ai.generateText", "run"],
    ["ai.streamText", "run"],
    ["ai.generateObject", "run"],
    ["ai.streamObject", "run"],
    ["ai.generateText.doGenerate", "llm"],
    ["ai.streamText.doStream", "llm"],
    ["ai.streamObject.doStream", "llm"],
    ["ai.toolCall", "tool"],
    ["ai.embed.doEmbed", "embedding"],
    ["ai.embedMany.doEmbed", "embedding"],
    ["ai.rerank.doRerank", "retrieval"],
    ["ai.embed", "none"],
    ["ai.rerank", "none"],
  ])("%s is a %s", (operation, kind) => {
    expect(read({ "ai.operationId": operation })).toMatchObject({ kind, convention: "ai-sdk" });
    // Version 3 said it in one text with the function's name.
    expect(read({ "operation.name": `${operation} my-function` })?.kind).toBe(kind);
  });

  test.each(["ai.generateSpeech", "ai.", "generateText", "constructor", "toString", ""])(
    "%j is not one",
    (operation) => {
      expect(read({ "ai.operationId": operation })).toBeUndefined();
      expect(read({ "operation.name": operation })).toBeUndefined();
    },
  );
});

test.each<[attributes: Record<string, unknown>, facts: object]>([
  // Version 3 and 4
  [{ "ai.usage.promptTokens": 5, "ai.usage.completionTokens": 2 }, { usage: { input: 5, output: 2 } }],
  // Version 5 and later
  [
    {
      "ai.usage.inputTokens": 5,
      "ai.usage.outputTokens": 2,
      "ai.usage.totalTokens": 7,
      "ai.usage.cachedInputTokens": 1,
      "ai.usage.reasoningTokens": 1,
    },
    { usage: { input: 5, output: 2, total: 7, cacheRead: 1, reasoning: 1 } },
  ],
  [
    {
      "ai.usage.inputTokens": 9,
      "ai.usage.inputTokenDetails.cacheReadTokens": 4,
      "ai.usage.inputTokenDetails.cacheWriteTokens": 2,
    },
    { usage: { input: 9, cacheRead: 4, cacheWrite: 2 } },
  ],
  [{ "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 2 }, { usage: { input: 5, output: 2 } }],
  [{ "ai.model.provider": "openai.responses" }, { provider: "openai" }],
  [{ "ai.model.provider": "google.vertex.chat" }, { provider: "gcp.vertex_ai" }],
  [{ "ai.model.provider": "google.generative-ai" }, { provider: "gcp.gemini" }],
  [{ "ai.model.provider": "amazon-bedrock" }, { provider: "aws.bedrock" }],
  [{ "ai.model.provider": "azure.chat" }, { provider: "azure.ai.openai" }],
  [{ "ai.response.finishReason": "content-filter" }, { finishReason: "content_filter" }],
  [{ "ai.response.msToFirstChunk": 120.5 }, { timeToFirstTokenMs: 120.5 }],
])("a model call with %j", (attributes, facts) => {
  const { operation, ...model } =
    read({ "ai.operationId": "ai.generateText.doGenerate", ...attributes })?.llm ?? {};
  expect(operation).toBe("chat");
  expect(model).toEqual(facts);
});

test("the agent is the function, where it has a name", () => {
  const agent = (attributes: Record<string, unknown>) =>
    read({ "ai.operationId": "ai.generateText", ...attributes })?.agent;
  expect(agent({ "ai.telemetry.functionId": "triage", "ai.telemetry.metadata.agent": "x" })).toEqual({
    name: "triage",
  });
  expect(agent({ "ai.telemetry.metadata.agent": "triage" })).toEqual({ name: "triage" });
  expect(agent({ "resource.name": "triage" })).toEqual({ name: "triage" });
  expect(agent({})).toBeUndefined();
});

test("a tool without a name has the span's", () => {
  expect(read({ "ai.operationId": "ai.toolCall" }, "ai.toolCall")?.tool?.name).toBe("ai.toolCall");
});

describe("content", () => {
  const contentOf = (recording: string, index: number) => {
    const found = recorded(recording)[index]?.atEnd;
    const activity = found && reader.read(found, "end");
    if (activity === undefined) throw new Error("no such span");
    expect(told(activity)).not.toContain("Lisbon");
    return found && reader.content(found, "end", activity);
  };

  test("of a model call that calls a tool, and of the tool", () => {
    expect(contentOf("ai-sdk-v6/tool_loop", 1)).toMatchObject({
      input: [{ role: "user", content: [{ type: "text", text: "Weather then 2+3" }] }],
      output: [{ toolCallId: "call_fake0001", toolName: "get_weather", input: '{"city":"Lisbon"}' }],
    });
    expect(contentOf("ai-sdk-v6/tool_loop", 2)).toMatchObject({
      input: { city: "Lisbon" },
      output: { city: "Lisbon", tempC: 21 },
    });
  });

  test("of a run: the prompt and the answer", () => {
    expect(contentOf("ai-sdk-v6/tool_loop", 0)).toMatchObject({
      input: { prompt: "Weather then 2+3" },
      output: "Fake answer to: Weather then 2+3",
    });
  });

  test("an answer in words that calls tools as well has both; an empty text is none", () => {
    const answer = (attributes: Record<string, unknown>) => {
      const call = span({ attributes: { "ai.operationId": "ai.generateText.doGenerate", ...attributes } });
      return reader.content(call, "end", { kind: "llm", convention: "ai-sdk" })?.output;
    };
    const toolCalls = '[{"toolName":"add"}]';
    expect(answer({ "ai.response.text": "let me see", "ai.response.toolCalls": toolCalls })).toEqual({
      text: "let me see",
      tool_calls: [{ toolName: "add" }],
    });
    expect(answer({ "ai.response.text": "", "ai.response.toolCalls": toolCalls })).toEqual([
      { toolName: "add" },
    ]);
    expect(answer({ "ai.response.object": '{"a":1}' })).toEqual({ a: 1 });
    expect(answer({})).toBeUndefined();
  });
});
