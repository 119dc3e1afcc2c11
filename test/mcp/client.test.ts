/** MCP clients that are guarded and told, against real servers: in memory, over stdio, and over streamable HTTP. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createInstrumentedMcpClient, type McpClientOptions } from "../../src/mcp/index.ts";
import { delivered, only, runsAt } from "../api/support/api.ts";
import { decided, EVALUATE, type Guarded, guarded } from "../guardrails/support.ts";
import { cleanup } from "../support/client.ts";
import { NEW_NODE } from "../support/new-node.ts";
import { until } from "../support/until.ts";

type Meta = Record<string, unknown> | undefined;

/** A server in this process that notes the `_meta` of each call. */
async function inMemory(made: Guarded, options: McpClientOptions = {}) {
  const metas: Meta[] = [];
  const server = new McpServer({ name: "cicd", version: "3.2.1" });
  server.registerTool(
    "deploy",
    { description: "Deploys an app", inputSchema: { app: z.string() } },
    ({ app }, { _meta }) => {
      metas.push(_meta as Meta);
      if (app === "none") throw new McpError(ErrorCode.InvalidParams, "there is no such app");
      return { content: [{ type: "text", text: `deployed ${app}` }], isError: app === "broken" };
    },
  );
  const client = new Client({ name: "test", version: "1.0.0" });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(there), client.connect(here)]);
  cleanup(() => client.close());
  return { client: createInstrumentedMcpClient(made.apie, client, options), plain: client, metas };
}

const DEPLOY_WEB = { name: "deploy", arguments: { app: "web" } };

describe("a call", () => {
  test("is guarded, made and told, with server and version", async () => {
    const made = await guarded();
    const { client, metas } = await inMemory(made, { defaultEnvironment: "production" });
    const result = await made.apie.withRun({}, () => client.callTool(DEPLOY_WEB));
    expect(result).toMatchObject({ content: [{ text: "deployed web" }] });
    await delivered(made.apie);
    expect(only(made.server.to(EVALUATE)).body).toMatchObject({
      tool: { name: "cicd.deploy", provider: "mcp", riskLevel: "medium" },
      resource: { type: "internal_api", environment: "production" },
    });
    expect(made.server.types).toEqual([
      "agent.guardrail.evaluated",
      "agent.action.requested",
      "agent.mcp.called",
      "agent.mcp.completed",
      "agent.tool.called",
      "agent.action.completed",
    ]);
    const request = made.otel.span("tools/call deploy");
    expect(request.attributes).toMatchObject({
      "agent.mcp.server.name": "cicd",
      "agent.mcp.server.version": "3.2.1",
    });
    const { traceId, spanId } = request.spanContext();
    expect(metas).toEqual([expect.objectContaining({ traceparent: `00-${traceId}-${spanId}-01` })]);
    expect(metas[0]?.baggage).toBeUndefined();
  });

  test("that is blocked is not made", async () => {
    const made = await guarded();
    made.server.fail(EVALUATE, decided("block"));
    const { client, metas } = await inMemory(made);
    await expect(client.callTool(DEPLOY_WEB)).rejects.toMatchObject({ code: "guardrail_blocked" });
    expect(metas).toEqual([]);
  });

  test("is what it is described to be, by name or by its arguments", async () => {
    const made = await guarded();
    const { client } = await inMemory(made, {
      server: "pipeline",
      describe: (tool, args) => ({
        riskLevel: "high",
        resourceType: "deployment_event",
        resourceId: (args as { app: string }).app,
        actionName: `${tool}_app`,
      }),
    });
    await client.callTool(DEPLOY_WEB);
    expect(only(made.server.to(EVALUATE)).body).toMatchObject({
      risk_level: "high",
      action: { name: "deploy_app" },
      resource: { type: "deployment_event", external_id: "web" },
      tool: { name: "pipeline.deploy" },
    });
    const { client: other } = await inMemory(made, { describe: { deploy: { guard: false } } });
    await other.callTool(DEPLOY_WEB);
    expect(made.server.to(EVALUATE)).toHaveLength(1);
  });

  test("whose answer has isError has failed as tool_error, and is handed on", async () => {
    const made = await guarded();
    const { client } = await inMemory(made);
    const result = await client.callTool({ name: "deploy", arguments: { app: "broken" } });
    expect(result.isError).toBe(true);
    await delivered(made.apie);
    expect(made.server.types).toContain("agent.mcp.failed");
    expect(made.otel.span("tools/call deploy").attributes["error.type"]).toBe("tool_error");
  });

  test("that ends in a JSON-RPC error is told by its code, and throws what the client throws", async () => {
    const made = await guarded();
    const failing = {
      callTool: (): Promise<never> => Promise.reject(new McpError(ErrorCode.InvalidParams, "secret words")),
    };
    const client = createInstrumentedMcpClient(made.apie, failing, { server: "odd" });
    await expect((client.callTool as (name: string) => Promise<never>)("deploy")).rejects.toBeInstanceOf(
      McpError,
    );
    await delivered(made.apie);
    expect(made.otel.span("tools/call deploy").attributes).toMatchObject({
      "error.type": "-32602",
      "rpc.response.status_code": "-32602",
    });
    expect(only(made.server.eventsOf("agent.mcp.failed")).error).toEqual({ message: "-32602" });
    expect(made.server.everything).not.toContain("secret words");
  });

  test("keeps the caller's own _meta and options, and the client all else it has", async () => {
    const made = await guarded();
    const { client, plain, metas } = await inMemory(made);
    const progress: unknown[] = [];
    await client.callTool({ ...DEPLOY_WEB, _meta: { mine: 1 } }, undefined, {
      onprogress: (step) => progress.push(step),
    });
    expect(metas[0]).toMatchObject({ mine: 1, progressToken: expect.anything() });
    expect(client.getServerVersion()).toEqual(plain.getServerVersion());
    expect(await client.ping()).toEqual({});
    expect(client).toBeInstanceOf(Client);
  });
});

describe("a listing", () => {
  test("is told by its names, and each tool is described to Apie once", async () => {
    const made = await guarded();
    const { client } = await inMemory(made);
    for (let time = 0; time < 2; time += 1) {
      const { tools } = await made.apie.withRun({}, () => client.listTools());
      expect(tools.map(({ name }) => name)).toEqual(["deploy"]);
    }
    await delivered(made.apie);
    expect(made.server.eventsOf("agent.mcp.tools_listed")[0]).toMatchObject({
      payload_summary: { server: "cicd", tool_count: 1, tools: ["deploy"] },
    });
    const [defined, ...again] = await made.server.received(/\/tools\/define$/);
    expect(again).toEqual([]);
    expect(defined?.body).toMatchObject({
      name: "cicd.deploy",
      provider: "mcp",
      description: "Deploys an app",
      inputSchema: { type: "object", properties: { app: { type: "string" } } },
      riskLevel: "medium",
    });
  });

  describe("of hundreds of tools", () => {
    const names = Array.from({ length: 200 }, (_, index) => `t${index}`);
    const listing = (made: Guarded) =>
      createInstrumentedMcpClient(
        made.apie,
        {
          callTool: async () => "called",
          listTools: async () => ({ tools: names.map((name) => ({ name })) }),
        },
        { server: "big" },
      );
    const defined = ({ server }: Guarded) => server.to(/\/tools\/define$/);

    test("describes a few at a time, which holds up no call and no event", async () => {
      const made = await guarded();
      await made.apie.ready();
      const release = made.server.fail(/\/tools\/define$/, "hang");
      made.server.fail(EVALUATE, decided("block"));
      const client = listing(made);
      await client.listTools();
      await made.server.received(/\/tools\/define$/, 4);
      await expect(client.callTool()).rejects.toMatchObject({ code: "guardrail_blocked" });
      await delivered(made.apie);
      expect(defined(made)).toHaveLength(4);
      release();
      made.server.release();
      await made.server.received(/\/tools\/define$/, 200);
      expect(new Set(defined(made).map(({ body }) => (body as { name: string }).name)).size).toBe(200);
    });

    test("leaves them to the next listing where Apie does not answer", async () => {
      const made = await guarded({ timeout: 1_000 });
      await made.apie.ready();
      const mend = made.server.fail(/\/tools\/define$/, "hang");
      const client = listing(made);
      await client.listTools();
      await made.server.received(/\/tools\/define$/, 4);
      const before = made.server.connections;
      await until("they are given up", () => made.server.connections === before - 4);
      expect(defined(made)).toHaveLength(4);
      mend();
      await client.listTools();
      await made.server.received(/\/tools\/define$/, 4 + 200);
      expect(new Set(defined(made).map(({ body }) => (body as { name: string }).name)).size).toBe(200);
    });
  });

  test("describes nothing where it is told not to", async () => {
    const made = await guarded();
    const { client } = await inMemory(made, { defineTools: false });
    await client.listTools();
    await delivered(made.apie);
    expect(made.server.to(/\/tools\/define$/)).toEqual([]);
  });

  test("an Apie that does not take the descriptions hurts nobody", async () => {
    const made = await guarded();
    made.server.fail(/\/tools\/define$/, { status: 422 });
    const { client } = await inMemory(made);
    expect((await client.listTools()).tools).toHaveLength(1);
    await made.server.received(/\/tools\/define$/);
    await delivered(made.apie);
  });
});

const SERVER = fileURLToPath(new URL("./scripts/server.ts", import.meta.url));

describe("a server in another process joins the caller's run", () => {
  const env = (made: Guarded): Record<string, string> => ({
    PATH: process.env.PATH ?? "",
    APIE_API_KEY: "key",
    APIE_BASE_URL: made.server.url,
  });

  async function expectJoined(made: Guarded, client: Client): Promise<void> {
    const wrapped = createInstrumentedMcpClient(made.apie, client);
    await made.apie.withSession({ kind: "multi_agent" }, () =>
      made.apie.withRun({ inputSummary: "Find it" }, async (run) => {
        await run.apieId();
        const found = await wrapped.callTool({ name: "find_book", arguments: { title: "Atlas" } });
        expect(found).toMatchObject({ content: [{ text: "behind the Atlas" }] });
        await wrapped.callTool({ name: "hours" });
        expect(await wrapped.callTool({ name: "burn" })).toMatchObject({ isError: true });
        await expect(client.callTool({ name: "unheard-of" })).resolves.toMatchObject({ isError: true });
      }),
    );
    await delivered(made.apie);
    const theirs = await until("the server's run", () =>
      runsAt(made.server).find(({ opening }) => opening.agent_key === "library"),
    );
    const ours = runsAt(made.server).find(({ opening }) => opening.agent_key === "support");
    expect(theirs.opening).toMatchObject({ parent_run_id: ours?.id, metadata: { trigger: "mcp" } });
    expect(theirs.path).toBe(ours?.path);
    const [told] = await until("the server's event", () => {
      const events = made.server.eventsOf("asked.hours");
      return events.length > 0 && events;
    });
    expect(told?.session_id).toBe(ours?.path.split("/")[3]);
  }

  test("over stdio", async () => {
    const made = await guarded({ baggage: { write: ["library"] } });
    const client = new Client({ name: "test", version: "1.0.0" });
    await client.connect(
      new StdioClientTransport({ command: NEW_NODE, args: [SERVER], env: env(made), stderr: "inherit" }),
    );
    cleanup(() => client.close());
    await expectJoined(made, client);
  }, 30_000);

  test("over streamable HTTP", async () => {
    const made = await guarded({ baggage: { write: ["library"] } });
    const child: ChildProcess = fork(SERVER, ["http"], { execPath: NEW_NODE, env: env(made) });
    cleanup(async () => {
      child.kill("SIGTERM");
      await once(child, "exit");
    });
    const [port] = (await once(child, "message")) as [number];
    const client = new Client({ name: "test", version: "1.0.0" });
    const transport = new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`));
    await client.connect(transport);
    cleanup(() => client.close());
    await expectJoined(made, client);
  }, 30_000);
});
