import { describe, expect, test } from "vitest";
import { ConventionReader } from "../../src/conventions/index.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { span } from "./recorded.ts";

const reader = new ConventionReader();
const CLIENT = 2;
const SERVER = 1;

const mcp = (attributes: Record<string, unknown>, more: Partial<SpanLike> = {}): SpanLike =>
  span({ kind: CLIENT, name: "mcp", ...more, attributes });

const read = (attributes: Record<string, unknown>, more: Partial<SpanLike> = {}) =>
  reader.read(mcp(attributes, more), "end");

describe("methods", () => {
  test.each(["tools/call", "tools/list", "resources/read"])("%s is a request worth telling", (method) => {
    expect(read({ "mcp.method.name": method })).toMatchObject({
      kind: "mcp",
      convention: "otel-mcp",
      mcp: { method },
    });
  });

  test.each([
    "initialize",
    "ping",
    "prompts/get",
    "sampling/createMessage",
    "notifications/progress",
    "constructor",
    "",
  ])("%s is plumbing", (method) => {
    expect(read({ "mcp.method.name": method })).toEqual({ kind: "none", convention: "otel-mcp" });
  });

  test("a server's own span of a request tells nothing new", () => {
    expect(read({ "mcp.method.name": "tools/call" }, { kind: SERVER })?.kind).toBe("none");
  });

  test("without a method it is no MCP span", () => {
    expect(read({ "mcp.session.id": "s1" })).toBeUndefined();
    expect(read({ "mcp.method.name": 5 })).toBeUndefined();
  });
});

describe("the server", () => {
  test.each<[attributes: Record<string, unknown>, server: string]>([
    [{ "agent.mcp.server.name": "cicd", "server.address": "a" }, "cicd"],
    [{ "mcp.server.name": "cicd" }, "cicd"],
    [{ "server.address": "mcp.example", "server.port": 8080 }, "mcp.example:8080"],
    [{ "server.address": "mcp.example" }, "mcp.example"],
    [{ "server.port": 8080 }, "mcp"],
    [{}, "mcp"],
  ])("%j is %s", (attributes, server) => {
    expect(read({ "mcp.method.name": "tools/list", ...attributes })?.mcp?.server).toBe(server);
  });
});

describe("tool calls", () => {
  test("are a tool's too", () => {
    const call = read({
      "mcp.method.name": "tools/call",
      "gen_ai.tool.name": "deploy",
      "gen_ai.tool.call.id": "c1",
      "gen_ai.operation.name": "execute_tool",
      "mcp.session.id": "m1",
    });
    expect(call).toMatchObject({
      kind: "mcp",
      mcp: { toolName: "deploy", alsoTool: true, sessionId: "m1" },
      tool: { name: "deploy", provider: "mcp", callId: "c1" },
    });
    // The MCP session is not the conversation.
    expect(call?.sessionId).toBeUndefined();
  });

  test("name their tool in the span's name where no attribute does", () => {
    expect(read({ "mcp.method.name": "tools/call" }, { name: "tools/call deploy" })?.tool?.name).toBe(
      "deploy",
    );
    expect(read({ "mcp.method.name": "tools/call" }, { name: "deploy it" })).toMatchObject({
      mcp: { alsoTool: false },
      tool: undefined,
    });
  });

  test("lists and reads are no tool's", () => {
    for (const method of ["tools/list", "resources/read"]) {
      const activity = read({
        "mcp.method.name": method,
        "gen_ai.tool.name": "x",
        "mcp.resource.uri": "file:///a",
      });
      expect(activity).toMatchObject({ mcp: { alsoTool: false, resourceUri: "file:///a" }, tool: undefined });
    }
  });
});

describe("failures", () => {
  const failed = { status: { code: 2, message: "no such tool" } };

  test.each<[attributes: Record<string, unknown>, type: string]>([
    [{ "error.type": "tool_error" }, "tool_error"],
    [{ "error.type": "-32602", "rpc.response.status_code": "-1" }, "-32602"],
    [{ "rpc.response.status_code": -32602 }, "-32602"],
    [{ "rpc.status_code": "-32000" }, "-32000"],
    [{}, "Error"],
    [{ "error.type": "not a class, a sentence" }, "Error"],
  ])("%j is a %s", (attributes, type) => {
    const activity = read({ "mcp.method.name": "tools/call", ...attributes }, failed);
    expect(activity?.error).toMatchObject({ type, message: "no such tool" });
  });

  test("are told at the end only, and only where the status says so", () => {
    const span = mcp({ "mcp.method.name": "tools/call", "error.type": "tool_error" }, failed);
    expect(reader.read(span, "start")?.error).toBeUndefined();
    expect(read({ "mcp.method.name": "tools/call", "error.type": "tool_error" })?.error).toBeUndefined();
  });
});

test("content is arguments and result", () => {
  const call = mcp({
    "mcp.method.name": "tools/call",
    "gen_ai.tool.call.arguments": '{"env":"prod"}',
    "gen_ai.tool.call.result": '{"content":[{"type":"text","text":"done"}]}',
  });
  const activity = reader.read(call, "end");
  expect(JSON.stringify(activity)).not.toContain("prod");
  expect(activity && reader.content(call, "end", activity)).toMatchObject({
    input: { env: "prod" },
    output: { content: [{ type: "text", text: "done" }] },
  });
});
