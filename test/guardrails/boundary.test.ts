/** The declared boundary: what lies outside is told once, marked on its events, and goes on. */
import { describe, expect, test } from "vitest";
import { inferFromToolName } from "../../src/index.ts";
import { delivered, metadataOf } from "../api/support/api.ts";
import { agentSpans } from "./foreign.ts";
import { EVALUATE, guarded } from "./support.ts";

const boundary = { warnOnUndeclaredTools: true, warnOnUnknownResourceTypes: true };
const capabilities = [{ tool: { name: "search" }, resources: ["ticket"] }];
const tools = [{ name: "deploy", provider: "cicd" }];
const resource = { type: "ticket" };
const action = { type: "read", name: "read" };

describe("a tool nobody declared", () => {
  test("is told once, marked on each of its events, and runs", async () => {
    const { apie, server, told } = await guarded({ mode: undefined, boundary, capabilities, tools });
    for (let call = 0; call < 3; call += 1) {
      expect(await apie.withTool({ tool: { name: "drop" } }, () => "done")).toBe("done");
    }
    await delivered(apie);
    expect(told).toEqual(["undeclared_tool"]);
    for (const event of server.events) {
      expect(metadataOf(event).boundary).toEqual({ undeclared_tool: true });
    }
  });

  test.each([
    ["a capability names it", { name: "search" }, true],
    [
      "a capability without a provider names it, whoever provides it",
      { name: "search", provider: "x" },
      true,
    ],
    ["a tool names it", { name: "deploy", provider: "cicd" }, true],
    ["a tool of that name has another provider", { name: "deploy", provider: "other" }, false],
    ["the call does not say who provides it", { name: "deploy" }, true],
  ] as const)("%s", async (_, tool, isDeclared) => {
    const { apie, told } = await guarded({ mode: undefined, boundary, capabilities, tools });
    await apie.withTool({ tool }, () => "done");
    await delivered(apie);
    expect(told).toEqual(isDeclared ? [] : ["undeclared_tool"]);
  });

  test("what is declared or defined later counts from then on", async () => {
    const { apie, told } = await guarded({ mode: undefined, boundary });
    await apie.capabilities.declare([{ tool: { name: "one" } }]);
    await apie.tools.define({ name: "two" });
    await apie.withTool({ tool: { name: "one" } }, () => "done");
    await apie.withTool({ tool: { name: "two" } }, () => "done");
    await delivered(apie);
    expect(told).toEqual([]);
  });

  test("tools of other libraries are looked at too, over MCP by the server's name as well", async () => {
    const { apie, server, told } = await guarded({
      mode: undefined,
      boundary,
      capabilities: [{ tool: { name: "files.read" } }],
    });
    agentSpans();
    await delivered(apie);
    expect(told).toEqual(["undeclared_tool"]);
    const marked = server.events.filter((event) => metadataOf(event).boundary !== undefined);
    expect(new Set(marked.map((event) => (event.tool as { name: string }).name))).toEqual(new Set(["drop"]));
  });
});

test("a type of resource nobody knows is told once and marked; declared and documented ones are known", async () => {
  const { apie, server, told } = await guarded({ mode: undefined, boundary, capabilities, tools });
  apie.trackResourceTouched({ resource, action });
  apie.trackResourceTouched({ resource: { type: "secret" }, action });
  apie.trackResourceTouched({ resource: { type: "spaceship" }, action });
  apie.trackResourceTouched({ resource: { type: "spaceship" }, action });
  await delivered(apie);
  expect(told).toEqual(["unknown_resource_type"]);
  expect(server.events.map((event) => metadataOf(event).boundary)).toEqual([
    undefined,
    undefined,
    { unknown_resource_type: true },
    { unknown_resource_type: true },
  ]);
});

test("without the options nothing is told or marked", async () => {
  const { apie, server, told } = await guarded({ mode: undefined, capabilities });
  await apie.withTool({ tool: { name: "drop" }, resource: { type: "spaceship" } }, () => "done");
  await delivered(apie);
  expect(told).toEqual([]);
  expect(server.events.map((event) => metadataOf(event).boundary)).toEqual([undefined, undefined, undefined]);
});

describe("what a tool's name says", () => {
  test("by the built-in rules, and those of one's own first", () => {
    expect(inferFromToolName("deleteUser")).toEqual({
      action: "delete",
      resource: "shell_command",
      riskLevel: "critical",
    });
    expect(inferFromToolName("deleteUser", [{ tool: "user", resource: "account" }])).toMatchObject({
      action: "delete",
      resource: "account",
    });
    expect(inferFromToolName("xyzzy")).toBeUndefined();
  });

  test("is what a guard is asked about, where the client infers for its own calls", async () => {
    const { apie, server } = await guarded({ boundary: { autoInferFromToolNames: true } });
    await apie.withTool({ tool: { name: "vault_read" } }, () => "done");
    expect(server.to(EVALUATE)[0]?.body).toMatchObject({
      action: { type: "read", name: "vault_read" },
      resource: { type: "secret" },
      risk_level: "critical",
    });
  });
});
