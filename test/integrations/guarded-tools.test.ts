/** Tools of agent libraries behind guardrails: the real libraries, with models that are scripted. */

import { tool as langChainTool } from "@langchain/core/tools";
import { tool as agentTool, RunContext } from "@openai/agents";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { MockLanguageModelV3, simulateReadableStream } from "ai/test";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  guardAgentTools,
  guardAiSdkTools,
  guardLangChainTools,
  withAnthropicToolCall,
  withOpenAIToolCall,
  withToolCallGuard,
  withVercelAiGeneration,
} from "../../src/integrations/index.ts";
import { allSaid, delivered, only } from "../api/support/api.ts";
import { DEPLOY, decided, EVALUATE, guarded } from "../guardrails/support.ts";

const DESCRIBE = { deploy: { action: DEPLOY.action, resource: DEPLOY.resource, riskLevel: "high" as const } };
const NO_USAGE = {
  inputTokens: { total: 5, noCache: 5, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 3, text: 3, reasoning: 0 },
};

describe("the AI SDK", () => {
  /** Calls `deploy`, and then says what came of it. */
  function model(): MockLanguageModelV3 {
    let turn = 0;
    return new MockLanguageModelV3({
      doGenerate: async ({ prompt }) => {
        turn += 1;
        return turn === 1
          ? {
              content: [
                { type: "tool-call", toolCallId: "call_7", toolName: "deploy", input: '{"app":"web"}' },
              ],
              finishReason: { unified: "tool-calls", raw: "tool_calls" },
              usage: NO_USAGE,
              warnings: [],
            }
          : {
              content: [{ type: "text", text: JSON.stringify(prompt.at(-1)?.content) }],
              finishReason: { unified: "stop", raw: "stop" },
              usage: NO_USAGE,
              warnings: [],
            };
      },
    });
  }

  const deploy = (ran: string[]) =>
    tool({
      description: "Deploys",
      inputSchema: z.object({ app: z.string() }),
      execute: async ({ app }) => {
        ran.push(app);
        return `deployed ${app}`;
      },
    });

  test("a tool that may run runs, guarded under the model's own call id", async () => {
    const { apie, server } = await guarded();
    const ran: string[] = [];
    const tools = guardAiSdkTools(apie, { deploy: deploy(ran) }, { describe: DESCRIBE });
    const { text } = await generateText({ model: model(), prompt: "go", tools, stopWhen: stepCountIs(3) });
    expect(ran).toEqual(["web"]);
    expect(text).toContain("deployed web");
    await delivered(apie);
    expect(only(server.to(EVALUATE)).body).toMatchObject({
      ...{ tool: { name: "deploy", riskLevel: "high" } },
    });
    expect(server.eventsOf("agent.tool.called")[0]).toMatchObject({ metadata: { call_id: "call_7" } });
  });

  test("one that is blocked does not, and the model is told why", async () => {
    const { apie, server } = await guarded();
    server.fail(EVALUATE, decided("block"));
    const ran: string[] = [];
    const tools = guardAiSdkTools(apie, { deploy: deploy(ran) });
    const { text } = await generateText({ model: model(), prompt: "go", tools, stopWhen: stepCountIs(3) });
    expect(ran).toEqual([]);
    expect(text).toContain("tool deploy is blocked: Production is closed");
  });

  test("preliminary results of a generator still come one by one", async () => {
    const { apie } = await guarded();
    const streamed = tool({
      inputSchema: z.object({ app: z.string() }),
      async *execute({ app }) {
        yield `building ${app}`;
        yield `deployed ${app}`;
      },
    });
    const tools = guardAiSdkTools(apie, { deploy: streamed });
    const result = streamText({
      model: new MockLanguageModelV3({
        doStream: async () => ({
          stream: simulateReadableStream({
            chunks: [
              { type: "tool-call", toolCallId: "call_1", toolName: "deploy", input: '{"app":"web"}' },
              { type: "finish", finishReason: { unified: "tool-calls", raw: "" }, usage: NO_USAGE },
            ],
          }),
        }),
      }),
      prompt: "go",
      tools,
    });
    const outputs: unknown[] = [];
    for await (const part of result.fullStream) if (part.type === "tool-result") outputs.push(part.output);
    expect(outputs).toEqual(["building web", "deployed web", "deployed web"]);
  });

  test("tools that run elsewhere stay as they are", async () => {
    const { apie } = await guarded();
    const elsewhere = tool({ inputSchema: z.object({}) });
    expect(guardAiSdkTools(apie, { elsewhere }).elsewhere).toBe(elsewhere);
  });

  test("a generation is a model call with its usage", async () => {
    const { apie, server } = await guarded();
    const input = { model: { provider: "openai", name: "gpt-5" }, purpose: "classify" };
    const simple = new MockLanguageModelV3({
      doGenerate: async () => ({
        content: [{ type: "text", text: "yes" }],
        finishReason: { unified: "stop", raw: "stop" },
        usage: NO_USAGE,
        warnings: [],
        response: { id: "resp_1", modelId: "gpt-5-2026" },
      }),
    });
    const { text } = await withVercelAiGeneration(apie, input, () =>
      generateText({ model: simple, prompt: "is it?" }),
    );
    expect(text).toBe("yes");
    await delivered(apie);
    expect(server.eventsOf("agent.llm.completed")[0]).toMatchObject({
      step_name: "vercel-ai.generateText",
      payload_summary: {
        provider: "openai",
        model: "gpt-5",
        response_model: "gpt-5-2026",
        finish_reason: "stop",
        usage: { input: 5, output: 3, total: 8 },
      },
    });
  });
});

describe("LangChain", () => {
  const deploy = (ran: string[]) =>
    langChainTool(
      async ({ app }: { app: string }) => {
        ran.push(app);
        return `deployed ${app}`;
      },
      { name: "deploy", description: "Deploys", schema: z.object({ app: z.string() }) },
    );
  const call = { type: "tool_call", id: "call_7", name: "deploy", args: { app: "web" } } as const;

  test("a tool runs when it may, as itself in all else", async () => {
    const { apie, server } = await guarded();
    const ran: string[] = [];
    const plain = deploy(ran);
    const [tool] = guardLangChainTools(apie, [plain], { describe: DESCRIBE });
    expect(tool.name).toBe("deploy");
    expect(tool.schema).toBe(plain.schema);
    expect(await tool.invoke(call)).toMatchObject({ content: "deployed web", tool_call_id: "call_7" });
    expect(ran).toEqual(["web"]);
    await delivered(apie);
    expect(only(server.to(EVALUATE)).body).toMatchObject({
      tool: { name: "deploy" },
      resource: { type: "deployment_event", environment: "production" },
    });
    expect(server.eventsOf("agent.tool.called")[0]).toMatchObject({ metadata: { call_id: "call_7" } });
  });

  test("one that is blocked does not run, and its caller is told", async () => {
    const { apie, server } = await guarded();
    server.fail(EVALUATE, decided("block"));
    const ran: string[] = [];
    const [tool] = guardLangChainTools(apie, [deploy(ran)]);
    await expect(tool.invoke(call)).rejects.toThrow("tool deploy is blocked: Production is closed");
    expect(ran).toEqual([]);
  });
});

describe("OpenAI Agents", () => {
  const deploy = (ran: string[]) =>
    agentTool({
      name: "deploy",
      description: "Deploys",
      parameters: z.object({ app: z.string() }),
      execute: ({ app }) => {
        ran.push(app);
        return `deployed ${app}`;
      },
    });

  test("a tool runs when it may", async () => {
    const { apie, server } = await guarded();
    const ran: string[] = [];
    const [tool] = guardAgentTools(apie, [deploy(ran)]);
    expect(await tool.invoke(new RunContext(), '{"app":"web"}')).toBe("deployed web");
    expect(ran).toEqual(["web"]);
    expect(only(server.to(EVALUATE)).body).toMatchObject({ tool: { name: "deploy" } });
  });

  test("one that is blocked does not; the model is told, or the run ends", async () => {
    const { apie, server } = await guarded();
    server.fail(EVALUATE, decided("block"));
    const ran: string[] = [];
    const [telling] = guardAgentTools(apie, [deploy(ran)]);
    expect(await telling.invoke(new RunContext(), '{"app":"web"}')).toBe(
      "tool deploy is blocked: Production is closed",
    );
    const [throwing] = guardAgentTools(apie, [deploy(ran)], { onStopped: "throw" });
    await expect(throwing.invoke(new RunContext(), "no json")).rejects.toMatchObject({
      code: "guardrail_blocked",
    });
    expect(ran).toEqual([]);
  });
});

describe("calls as the models' APIs answer them", () => {
  test.each([
    [
      "Chat Completions",
      withOpenAIToolCall,
      { id: "call_7", type: "function", function: { name: "deploy", arguments: '{"app":"web"}' } },
      "openai",
    ],
    [
      "Responses",
      withOpenAIToolCall,
      { id: "fc_1", call_id: "call_7", type: "function_call", name: "deploy", arguments: '{"app":"web"}' },
      "openai",
    ],
    [
      "Messages",
      withAnthropicToolCall,
      { id: "call_7", type: "tool_use", name: "deploy", input: { app: "web" } },
      "anthropic",
    ],
  ] as const)("%s", async (_, guard, toolCall, provider) => {
    const { apie, server } = await guarded({ captureContent: true });
    expect(await guard(apie, { toolCall }, () => "deployed")).toBe("deployed");
    await delivered(apie);
    expect(only(server.to(EVALUATE)).body).toMatchObject({
      tool: { name: "deploy", provider, riskLevel: "medium" },
      action: { type: "execute", name: "deploy" },
      resource: { type: "llm_tool" },
    });
    expect(allSaid(server)).toContainEqual(
      expect.objectContaining({
        type: "agent.action.requested",
        metadata: expect.objectContaining({ call_id: "call_7", arguments: { app: "web" } }),
      }),
    );
  });

  test("of any other provider, with all that is known said", async () => {
    const { apie, server } = await guarded();
    server.fail(EVALUATE, decided("block"));
    const input = {
      toolName: "drop",
      provider: "mistral",
      actionType: "delete",
      resourceType: "database_record",
      environment: "production",
      riskLevel: "critical" as const,
    };
    await expect(withToolCallGuard(apie, input, () => "dropped")).rejects.toMatchObject({
      code: "guardrail_blocked",
    });
    expect(only(server.to(EVALUATE)).body).toMatchObject({
      risk_level: "critical",
      tool: { name: "drop", provider: "mistral" },
      action: { type: "delete", name: "drop" },
      resource: { type: "database_record", environment: "production" },
    });
  });
});
