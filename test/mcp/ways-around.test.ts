/** Whichever way a client has to call a tool, it leads past the guard; and the client stays itself in all else. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { CallToolResultSchema, ListToolsResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createInstrumentedMcpClient } from "../../src/mcp/index.ts";
import { only } from "../api/support/api.ts";
import { approvalAnswers, decided, EVALUATE, type Guarded, guarded } from "../guardrails/support.ts";
import { cleanup } from "../support/client.ts";

async function connected(made: Guarded) {
  const ran: string[] = [];
  const server = new McpServer({ name: "cicd", version: "3.2.1" });
  server.registerTool("deploy", { inputSchema: { app: z.string() } }, ({ app }) => {
    ran.push(app);
    return { content: [{ type: "text", text: `deployed ${app}` }] };
  });
  const client = new Client({ name: "test", version: "1.0.0" });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(there), client.connect(here)]);
  cleanup(() => client.close());
  return { client: createInstrumentedMcpClient(made.apie, client), ran };
}

const PARAMS = { name: "deploy", arguments: { app: "web" } };
const REQUEST = { method: "tools/call", params: PARAMS } as const;

async function collected(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const parts: unknown[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

const WAYS: readonly [string, (client: Client) => Promise<unknown>][] = [
  ["callTool", (client) => client.callTool(PARAMS)],
  ["request", (client) => client.request(REQUEST, CallToolResultSchema)],
  [
    "experimental.tasks.callToolStream",
    (client) => collected(client.experimental.tasks.callToolStream(PARAMS)),
  ],
  [
    "experimental.tasks.requestStream",
    (client) => collected(client.experimental.tasks.requestStream(REQUEST, CallToolResultSchema)),
  ],
];

describe.each(WAYS)("%s", (_, call) => {
  test("makes no call that is blocked", async () => {
    const made = await guarded();
    made.server.fail(EVALUATE, decided("block"));
    const { client, ran } = await connected(made);
    await expect(call(client)).rejects.toMatchObject({ code: "guardrail_blocked" });
    expect(ran).toEqual([]);
  });

  test("makes one that is allowed, asked about once", async () => {
    const made = await guarded();
    const { client, ran } = await connected(made);
    expect(JSON.stringify(await call(client))).toContain("deployed web");
    expect(ran).toEqual(["web"]);
    expect(only(made.server.to(EVALUATE)).body).toMatchObject({ tool: { name: "cicd.deploy" } });
  });
});

test("other requests are the client's own", async () => {
  const made = await guarded();
  const { client } = await connected(made);
  const { tools } = await client.request({ method: "tools/list" }, ListToolsResultSchema);
  expect(tools).toHaveLength(1);
  expect(made.server.to(EVALUATE)).toEqual([]);
});

test("a call whose signal is given while a human is asked is not made", async () => {
  const made = await guarded();
  made.server.fail(EVALUATE, decided("require_approval"));
  approvalAnswers(made.server, "pending");
  const { client, ran } = await connected(made);
  const controller = new AbortController();
  const called = client.callTool(PARAMS, undefined, { signal: controller.signal });
  await made.server.received(/\/v1\/approvals\//);
  controller.abort();
  await expect(called).rejects.toMatchObject({ code: "approval_cancelled" });
  expect(ran).toEqual([]);
});

describe("a client of another make", () => {
  test("may be frozen", async () => {
    const made = await guarded();
    const frozen = Object.freeze({ callTool: async () => "called", close: () => "closed", server: "x" });
    const client = createInstrumentedMcpClient(made.apie, frozen, { server: "odd" });
    expect(await client.callTool()).toBe("called");
    expect(client.close()).toBe("closed");
    expect(client.server).toBe("x");
    expect(made.server.to(EVALUATE)).toHaveLength(1);
  });

  test("may keep what is set in private fields", async () => {
    const made = await guarded();
    class Odd {
      #level = "info";
      get level(): string {
        return this.#level;
      }
      set level(level: string) {
        this.#level = level;
      }
      callTool = async (): Promise<string> => this.#level;
    }
    const client = createInstrumentedMcpClient(made.apie, new Odd(), { server: "odd" });
    client.level = "debug";
    expect(client.level).toBe("debug");
    expect(await client.callTool()).toBe("debug");
  });

  test("a description that fails rejects the call, which is not made", async () => {
    const made = await guarded();
    const client = createInstrumentedMcpClient(
      made.apie,
      { callTool: async () => "called" },
      {
        describe: () => {
          throw new Error("no such tool");
        },
      },
    );
    await expect(client.callTool()).rejects.toMatchObject({
      code: "guardrail_blocked",
      message: "tool unknown is blocked: its description failed",
    });
  });
});
