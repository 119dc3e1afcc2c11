/** Whose tool a call is of, what came out, which revision it was: ag.dev's answers in all their forms. */
import { describe, expect, test } from "vitest";
import { agDevRun, type ImportedSpan, rebuild } from "../../src/imports/index.ts";
import { type Json, ofOperation, operationOf, said } from "./support.ts";

const RUN = { id: "r", agentId: "a", status: "done", createdAt: "2026-02-17T11:05:00Z" };

const spansOf = (events: unknown, run: Json = RUN): ImportedSpan[] => [...agDevRun({ run, events })];
const work = (spans: readonly ImportedSpan[]) => spans.filter((span) => operationOf(span) !== "run");
const names = (spans: readonly ImportedSpan[]) => spans.map(({ name }) => name);
const ids = (spans: readonly ImportedSpan[]) => spans.map((span) => span.spanContext().spanId);

describe("tools", () => {
  const callOf = (name: string, more: Json = {}) => ({
    id: "e",
    type: "tool_call",
    data: { id: "tc", name, ...more },
    startedAt: "2026-02-17T11:05:02Z",
    finishedAt: "2026-02-17T11:05:03Z",
  });
  const tools = [
    { source: "builtin", type: "renderChart" },
    { source: "mcp", serverId: "crm", enabledTools: ["find", "note"] },
    { source: "mcp", serverId: "wiki", enabledTools: ["find", "page"] },
    { source: "mcp", serverId: "all" },
    { source: "somewhere", serverId: "x", enabledTools: ["else"] },
  ];
  const serverOf = (name: string, around: Json, context = {}) => {
    const spans = [...agDevRun({ run: RUN, events: [callOf(name)], ...around }, context)];
    const [request] = ofOperation(spans, "mcp_request");
    return request?.attributes["agent.mcp.server.name"];
  };

  test("of the revision's MCP servers: the first that has it enabled", () => {
    const revision = { config: { tools } };
    expect(
      ["find", "note", "page", "renderChart", "else", "unheard"].map((name) => serverOf(name, { revision })),
    ).toEqual(["crm", "crm", "wiki", undefined, undefined, undefined]);
  });

  test("without the revision: of those the agent has now, in either form of it", () => {
    expect(serverOf("page", { agent: { config: { tools } } })).toBe("wiki");
    expect(serverOf("page", { agent: { name: "v0.1", tools } })).toBe("wiki");
    expect(serverOf("page", { revision: { config: { tools: [] } }, agent: { tools } })).toBeUndefined();
    expect(serverOf("page", {})).toBeUndefined();
  });

  test("the application knows better", () => {
    const mcpServerOf = (name: string) => (name === "page" ? "mine" : undefined);
    expect(serverOf("page", { revision: { config: { tools } } }, { mcpServerOf })).toBe("mine");
    expect(serverOf("note", { revision: { config: { tools } } }, { mcpServerOf })).toBe("crm");
  });

  test("ag.dev's own are known without a revision, and others have no provider", () => {
    const providerOf = (name: string, around: Json = {}) =>
      work([...agDevRun({ run: RUN, events: [callOf(name)], ...around })])[0]?.attributes[
        "agent.tool.provider"
      ];
    expect(
      ["searchWeb", "searchNews", "browseWebsite", "codeInterpreter"].map((name) => providerOf(name)),
    ).toEqual(Array(4).fill("ag.dev"));
    expect([
      providerOf("renderChart"),
      providerOf("renderChart", { revision: { config: { tools } } }),
    ]).toEqual([undefined, "ag.dev"]);
  });

  test("ag.dev has no mark for a failed call; an MCP server's answer has", () => {
    const answer = { output: { isError: true, content: [] } };
    const failedOf = (name: string) =>
      [...agDevRun({ run: RUN, events: [callOf(name, answer)], revision: { config: { tools } } })]
        .filter(({ status }) => status.code === 2)
        .map(({ name: span, attributes }) => `${span} ${String(attributes["error.type"])}`);
    expect(failedOf("note")).toEqual(["execute_tool note tool_error", "tools/call note tool_error"]);
    expect(failedOf("searchWeb")).toEqual([]);
  });

  test("the address in a call is a page only where the tool is ag.dev's own", () => {
    const touched = (name: string, input: unknown) =>
      ofOperation([...agDevRun({ run: RUN, events: [callOf(name, { input })] })], "resource_access").length;
    expect([
      touched("browseWebsite", { url: "https://a.test/" }),
      touched("searchWeb", { url: "https://a.test/" }),
      touched("searchWeb", { query: "a" }),
      touched("register_lookup", { url: "https://a.test/" }),
    ]).toEqual([1, 1, 0, 0]);
  });

  test("two calls that the agent gives one id are two", () => {
    const events = [callOf("a"), callOf("a")].map(({ id: _, ...event }) => event);
    expect(ofOperation(spansOf(events), "tool_call")).toHaveLength(2);
    expect(new Set(ids(spansOf(events))).size).toBe(3);
  });
});

describe("results", () => {
  const output = (more: Json) => {
    const [root] = spansOf([], { ...RUN, ...more });
    return [root?.attributes["agent.run.output.type"], root?.attributes["agent.run.output.value"]];
  };

  test("a document is its text, JSON is itself, and what is not there is not", () => {
    expect(output({ resultType: "document", resultData: { result: "# A", sources: [] } })).toEqual([
      "text",
      "# A",
    ]);
    expect(output({ resultType: "json", resultData: { orgNumber: "1" } })).toEqual([
      "json",
      '{"orgNumber":"1"}',
    ]);
    expect(output({ resultType: "slides", resultData: { pages: 3 } })).toEqual([undefined, '{"pages":3}']);
    expect(output({ resultType: null, resultData: null })).toEqual([undefined, undefined]);
  });

  test("sources: each address once, also beside a JSON result; what is none is not told", () => {
    const sources = [
      { url: "https://a.test/", title: "A" },
      { title: "none" },
      "text",
      { url: "https://a.test/" },
      { url: "https://b.test/" },
    ];
    const [root, ...touched] = spansOf([], { ...RUN, resultType: "json", resultData: { a: 1, sources } });
    expect(root && said(root, "agent.run.sources")).toEqual(["https://a.test/", "https://b.test/"]);
    expect(touched.map((span) => said(span, "agent.resource.title"))).toEqual(["A", undefined]);
  });
});

describe("revisions", () => {
  test.each<[string, Json]>([
    ["revisionId", { revisionId: "v7" }],
    ["agentRevisionId", { agentRevisionId: "v7" }],
    ["revision.id", { revision: { id: "v7" } }],
    ["revision", { revision: "v7" }],
  ])("the run says which it is of: %s", (_member, more) => {
    const [root] = [...agDevRun({ ...RUN, ...more })];
    expect(root && said(root, "agent.revision.id")).toBe("v7");
    expect(root && said(root, "agent.revision.status")).toBeUndefined();
  });

  test("or the revision does; whether it is published is known of it alone", () => {
    const statusOf = (isPublished: unknown) => {
      const [root] = [...agDevRun({ run: RUN, revision: { id: "v8", isPublished } })];
      return root && [said(root, "agent.revision.id"), said(root, "agent.revision.status")];
    };
    expect([true, false, null].map(statusOf)).toEqual([
      ["v8", "published"],
      ["v8", "draft"],
      ["v8", undefined],
    ]);
  });
});

test("the agent's name, where either version of the API has it; without an id the agent has a key all the same", () => {
  const nameOf = (agent: unknown) => [...agDevRun({ run: RUN, agent })][0]?.name;
  expect(nameOf({ metadata: { name: "Writer" } })).toBe("invoke_agent Writer");
  expect(nameOf({ name: "Old Writer" })).toBe("invoke_agent Old Writer");
  expect(nameOf(null)).toBe("invoke_agent a");
  const { agentId: _, ...run } = RUN;
  expect(names([...agDevRun({ run, agent: { id: "b" } })])).toEqual(["invoke_agent b"]);
  expect(names([...agDevRun(run)])).toEqual(["invoke_agent ag.dev"]);
});

test("a run that has a member named like those of a bundle is a run", () => {
  const given = { ...RUN, events: [{ type: "planning" }], revision: { id: "v1" }, agent: {}, run: {} };
  const spans = [...agDevRun(given)];
  expect(spans).toHaveLength(1);
  expect(rebuild(spans)).toEqual(given);
});
