/** What runs beside the usual ways of agent libraries is guarded all the same, and given up when they give up. */
import { RunnableLambda } from "@langchain/core/runnables";
import { tool as langChainTool } from "@langchain/core/tools";
import { tool as agentTool, applyPatchTool, RunContext, shellTool } from "@openai/agents";
import { tool } from "ai";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  guardAgentTools,
  guardAiSdkTools,
  guardLangChainTools,
  withOpenAIToolCall,
} from "../../src/integrations/index.ts";
import { only } from "../api/support/api.ts";
import { approvalAnswers, decided, EVALUATE, type Guarded, guarded } from "../guardrails/support.ts";

const SCHEMA = z.object({ app: z.string() });

describe("a call that its library gives up while a human is asked is not made", () => {
  const ran: string[] = [];
  const deploy = async ({ app }: { app: string }): Promise<string> => {
    ran.push(app);
    return `deployed ${app}`;
  };
  const calls: readonly [string, (made: Guarded, signal: AbortSignal) => Promise<unknown>][] = [
    [
      "AI SDK",
      async ({ apie }, abortSignal) => {
        const { deploy: guardedTool } = guardAiSdkTools(apie, {
          deploy: tool({ inputSchema: SCHEMA, execute: deploy }),
        });
        return guardedTool.execute?.({ app: "web" }, { toolCallId: "call_1", messages: [], abortSignal });
      },
    ],
    [
      "LangChain",
      async ({ apie }, signal) => {
        const plain = langChainTool(deploy, { name: "deploy", description: "", schema: SCHEMA });
        const [guardedTool] = guardLangChainTools(apie, [plain]);
        return guardedTool.invoke({ app: "web" }, { signal });
      },
    ],
    [
      "OpenAI Agents",
      async ({ apie }, signal) => {
        const plain = agentTool({ name: "deploy", description: "", parameters: SCHEMA, execute: deploy });
        const [guardedTool] = guardAgentTools(apie, [plain], { onStopped: "throw" });
        return guardedTool.invoke(new RunContext(), '{"app":"web"}', { signal });
      },
    ],
  ];
  test.each(calls)("%s", async (_, call) => {
    const made = await guarded();
    made.server.fail(EVALUATE, decided("require_approval"));
    approvalAnswers(made.server, "pending");
    const controller = new AbortController();
    const called = call(made, controller.signal);
    await made.server.received(/\/v1\/approvals\//);
    controller.abort();
    await expect(called).rejects.toMatchObject({ code: "approval_cancelled" });
    expect(ran).toEqual([]);
  });
});

test("AI SDK: a plain function that answers with preliminary results gives the last of them", async () => {
  const { apie } = await guarded();
  const results = async function* (app: string) {
    yield `building ${app}`;
    yield `deployed ${app}`;
  };
  const plain = tool({ inputSchema: SCHEMA, execute: ({ app }) => results(app) });
  const { deploy } = guardAiSdkTools(apie, { deploy: plain });
  expect(await deploy.execute?.({ app: "web" }, { toolCallId: "call_1", messages: [] })).toBe("deployed web");
});

describe("LangChain: a runnable made a tool", () => {
  const asTool = (ran: string[]) =>
    RunnableLambda.from(({ app }: { app: string }) => {
      ran.push(app);
      return `deployed ${app}`;
    }).asTool({ name: "deploy", schema: SCHEMA });

  test("does not run when it is blocked", async () => {
    const { apie, server } = await guarded();
    server.fail(EVALUATE, decided("block"));
    const ran: string[] = [];
    const [guardedTool] = guardLangChainTools(apie, [asTool(ran)]);
    await expect(guardedTool.invoke({ app: "web" })).rejects.toMatchObject({ code: "guardrail_blocked" });
    expect(ran).toEqual([]);
  });

  test("runs when it may, also for a model's tool call", async () => {
    const { apie, server } = await guarded();
    const ran: string[] = [];
    const [guardedTool] = guardLangChainTools(apie, [asTool(ran)]);
    const call = { type: "tool_call", id: "call_7", name: "deploy", args: { app: "web" } } as const;
    expect(await guardedTool.invoke(call)).toBe("deployed web");
    expect(ran).toEqual(["web"]);
    expect(only(server.to(EVALUATE)).body).toMatchObject({ tool: { name: "deploy" } });
  });
});

describe("OpenAI Agents: tools without invoke that run here", () => {
  test("no shell command runs that is blocked, and one does that is allowed", async () => {
    const { apie, server } = await guarded();
    const ran: unknown[] = [];
    const shell = {
      async run(action: { commands: string[] }) {
        ran.push(...action.commands);
        return { output: [] };
      },
    };
    const [guardedTool] = guardAgentTools(apie, [shellTool({ shell })]);
    await guardedTool.shell?.run({ commands: ["ls"] });
    expect(ran).toEqual(["ls"]);
    server.fail(EVALUATE, decided("block"));
    await expect(guardedTool.shell?.run({ commands: ["rm -rf /"] })).rejects.toMatchObject({
      code: "guardrail_blocked",
    });
    expect(ran).toEqual(["ls"]);
    expect(server.to(EVALUATE)[0]?.body).toMatchObject({ tool: { name: "shell" } });
  });

  test("no file is changed that may not be", async () => {
    const { apie, server } = await guarded();
    server.fail(EVALUATE, decided("block"));
    const ran: string[] = [];
    const note = (what: string) => async () => void ran.push(what);
    const editor = { createFile: note("create"), updateFile: note("update"), deleteFile: note("delete") };
    const [guardedTool] = guardAgentTools(apie, [applyPatchTool({ editor })]);
    await expect(guardedTool.editor.deleteFile({ type: "delete_file", path: "a.ts" })).rejects.toMatchObject({
      code: "guardrail_blocked",
    });
    expect(ran).toEqual([]);
  });
});

test("a custom tool of Chat Completions is asked about by its name", async () => {
  const { apie, server } = await guarded();
  const toolCall = { id: "call_7", type: "custom", custom: { name: "deploy", input: "web" } };
  await withOpenAIToolCall(apie, { toolCall }, () => "deployed");
  expect(only(server.to(EVALUATE)).body).toMatchObject({
    tool: { name: "deploy" },
    action: { name: "deploy" },
  });
});
