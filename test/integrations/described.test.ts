/** A description made of arguments the model wrote, which are not what it expects. */
import { tool as langChainTool } from "@langchain/core/tools";
import { tool as agentTool, RunContext, shellTool } from "@openai/agents";
import { tool } from "ai";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { ReportedError } from "../../src/index.ts";
import {
  type GuardedToolOptions,
  guardAgentTools,
  guardAiSdkTools,
  guardLangChainTools,
} from "../../src/integrations/index.ts";
import { createInstrumentedMcpClient } from "../../src/mcp/index.ts";
import { delivered, turns } from "../api/support/api.ts";
import { EVALUATE, type Guarded, guarded } from "../guardrails/support.ts";

const SCHEMA = z.object({ path: z.string().optional() });
/** Quotes what it was given, as an application's error does. */
const SAID = "Ursula Quincy has diabetes";

type Describe = NonNullable<GuardedToolOptions["describe"]>;

const WAYS: readonly [string, (made: Guarded, describe: Describe, ran: () => string) => Promise<unknown>][] =
  [
    [
      "AI SDK",
      async ({ apie }, describe, ran) => {
        const plain = tool({ inputSchema: SCHEMA, execute: async () => ran() });
        const { read } = guardAiSdkTools(apie, { read: plain }, { describe });
        return read.execute?.({ path: SAID }, { toolCallId: "call_1", messages: [] });
      },
    ],
    [
      "LangChain",
      async ({ apie }, describe, ran) => {
        const plain = langChainTool(async () => ran(), { name: "read", description: "", schema: SCHEMA });
        const [read] = guardLangChainTools(apie, [plain], { describe });
        return read.invoke({ path: SAID });
      },
    ],
    [
      "OpenAI Agents",
      async ({ apie }, describe, ran) => {
        const read = { type: "function", name: "read", invoke: async () => ran() };
        const [guardedTool] = guardAgentTools(apie, [read], { describe, onStopped: "throw" });
        return (guardedTool.invoke as (...given: unknown[]) => unknown)(
          new RunContext(),
          JSON.stringify({ path: SAID }),
        );
      },
    ],
    [
      "OpenAI Agents, a shell",
      async ({ apie }, describe, ran) => {
        const shell = {
          run: async () => ({
            output: [{ stdout: ran(), stderr: "", outcome: { type: "exit" as const, exitCode: 0 } }],
          }),
        };
        const [guardedTool] = guardAgentTools(apie, [shellTool({ shell })], { describe });
        const result = await guardedTool.shell?.run({ commands: [SAID] });
        return result?.output[0]?.stdout;
      },
    ],
    [
      "MCP",
      async ({ apie }, describe, ran) => {
        const plain = { callTool: async (_: { name: string; arguments: unknown }) => ran() };
        const client = createInstrumentedMcpClient(apie, plain, {
          server: "files",
          describe: describe as never,
        });
        return client.callTool({ name: "read", arguments: { path: SAID } });
      },
    ],
  ];

const FAILING: readonly [string, Describe, RegExp][] = [
  [
    "throws",
    (_name, input) => {
      throw new TypeError(`cannot describe ${JSON.stringify(input)}`);
    },
    /^describe failed: cannot describe /,
  ],
  [
    "is async and rejects",
    (async (_name: string, input: unknown) => {
      throw new TypeError(`cannot describe ${JSON.stringify(input)}`);
    }) as never,
    /^describe failed: expected a description, got a promise$/,
  ],
];

async function client(mode: "monitor" | "enforce") {
  const problems: ReportedError[] = [];
  const made = await guarded({ mode, onError: (error) => void problems.push(error) });
  let runs = 0;
  const ran = (): string => {
    runs += 1;
    return "content";
  };
  return { made, problems, ran, runs: () => runs };
}

describe.each(WAYS)("%s: a description that", (_way, call) => {
  test.each(FAILING)("%s is told once, and the call goes on without it", async (_what, describe, told) => {
    const { made, problems, ran, runs } = await client("monitor");
    expect(await call(made, describe, ran)).toBe("content");
    expect(await call(made, describe, ran)).toBe("content");
    expect(runs()).toBe(2);
    await turns(2);
    expect(problems.map(({ message }) => message)).toEqual([expect.stringMatching(told)]);
    expect(problems[0]?.message).not.toContain("Ursula");
    await delivered(made.apie);
    expect(made.server.types.filter((type) => type === "agent.tool.called")).toHaveLength(2);
  });

  test.each(FAILING)("%s is no way past an enforced guard", async (_what, describe) => {
    const { made, problems, ran, runs } = await client("enforce");
    await expect(call(made, describe, ran)).rejects.toMatchObject({
      code: "guardrail_blocked",
      message: expect.stringMatching(/read|shell/),
      decision: { failure: "describe" },
    });
    expect(runs()).toBe(0);
    expect(made.server.to(EVALUATE)).toEqual([]);
    expect(problems.map(({ code }) => code)).toEqual(["describe_failed"]);
  });
});

test("OpenAI Agents: the model is told of a call whose description fails, and the run goes on", async () => {
  const { made, ran, runs } = await client("enforce");
  const plain = agentTool({ name: "read", description: "", parameters: SCHEMA, execute: async () => ran() });
  const [read] = guardAgentTools(made.apie, [plain], { describe: FAILING[0]?.[1] });
  expect(await read.invoke(new RunContext(), "{}")).toBe("tool read is blocked: its description failed");
  expect(runs()).toBe(0);
});
