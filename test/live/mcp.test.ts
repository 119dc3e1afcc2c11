/** `@modelcontextprotocol/sdk`, client and server, with spans as OpenTelemetry's MCP convention has them. */
import { describe, expect, test } from "vitest";
import { type Mcp, withMcp } from "./support/mcp.ts";
import { PASSWORD } from "./support/sky.ts";
import { eventOf, expectContent, runsOf } from "./support/told.ts";
import { type World, watch } from "./support/world.ts";

interface Place {
  /** What is exported beside the spans of MCP. */
  readonly spans: readonly string[];
  /** Name of the agent, or of what stands for it. */
  readonly agent: (request: string) => readonly string[];
  /** The tool around the request. */
  readonly tool?: string;
  within(world: World, work: () => Promise<void>): Promise<void>;
}

const PLACES: Readonly<Record<string, Place>> = {
  "on its own": { spans: [], agent: (request) => [request], within: (_world, work) => work() },
  "in a span of the application": {
    spans: ["POST /books"],
    agent: () => ["POST /books"],
    within: ({ tracer }, work) =>
      tracer.startActiveSpan("POST /books", (span) => work().finally(() => span.end())),
  },
  "under a tool span": {
    spans: ["execute_tool librarian"],
    agent: () => ["execute_tool librarian"],
    tool: "librarian",
    within: ({ tracer }, work) =>
      tracer.startActiveSpan(
        "execute_tool librarian",
        { attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "librarian" } },
        (span) => work().finally(() => span.end()),
      ),
  },
  "under a tool of ours": {
    spans: [],
    agent: () => ["Support", "invoke_agent Support"],
    tool: "librarian",
    within: async ({ apie }, work) =>
      apie === undefined
        ? work()
        : apie.withRun({}, () => apie.withTool({ tool: { name: "librarian" } }, work)),
  },
};

describe.each(Object.entries(PLACES))("%s", (place, { spans, agent, tool, within }) => {
  // Connecting, before it, tells nothing: no run is opened of it.
  const play = (exports: readonly string[], work: (mcp: Mcp) => Promise<void>) =>
    watch({
      hasClient: place === "under a tool of ours",
      exports: ["initialize", ...spans, ...exports],
      act: (world) => withMcp(world.tracer, (mcp) => within(world, () => work(mcp))),
    });

  /** The tool around it, where there is one, is the action; the request is then not told as a second. */
  const underTool = (events: readonly string[]): readonly string[] =>
    tool === undefined
      ? events
      : [`action.requested ${tool}`, ...events, `tool.called ${tool}`, `action.completed ${tool}`];

  /** Where nothing but the request says how it went, its failure is the run's. */
  const failed = (events: readonly string[]) =>
    tool === undefined
      ? { status: "failed", events: [...events, "error"] }
      : { status: "completed", events: underTool(events) };

  test("tools/list", async () => {
    const watched = await play(["tools/list"], async (mcp) => {
      expect(await mcp.listTools()).toEqual(["find_book"]);
    });
    expect(runsOf(watched.quiet)).toEqual([
      { agents: agent("tools/list"), status: "completed", events: underTool(["mcp.tools_listed mcp"]) },
    ]);
  });

  // The server's span is a part of the client's request.
  const call = ["tools/call find_book", "tools/call find_book"];

  test("tools/call", async () => {
    const watched = await play(call, async (mcp) => {
      await mcp.callTool("find_book", { title: "Moby-Dick", password: PASSWORD });
    });
    const events = ["mcp.called mcp find_book", "mcp.completed mcp find_book"];
    expect(runsOf(watched.quiet)).toEqual([
      {
        agents: agent("tools/call find_book"),
        status: "completed",
        events:
          tool === undefined
            ? ["action.requested find_book", ...events, "tool.called find_book", "action.completed find_book"]
            : underTool(events),
      },
    ]);
    expect(runsOf(watched.open)).toEqual(runsOf(watched.quiet));
    expect(eventOf(watched.quiet, "agent.mcp.completed").payload_summary).toMatchObject({
      tool: "find_book",
      method: "tools/call",
      action_type: "read",
      inferred: true,
    });
    expectContent(watched, ["Moby-Dick", "On the shelf behind the Moby-Dick"], [PASSWORD]);
  });

  test("tools/call of a tool that fails", async () => {
    const watched = await play(call, async (mcp) => {
      await mcp.callTool("find_book", { title: "Necronomicon" });
    });
    const events = ["mcp.called mcp find_book", "mcp.failed mcp find_book"];
    const alone = [
      "action.requested find_book",
      ...events,
      "tool.called find_book",
      "action.failed find_book",
    ];
    expect(runsOf(watched.quiet)).toEqual([
      { agents: agent("tools/call find_book"), ...failed(tool === undefined ? alone : events) },
    ]);
    expect(eventOf(watched.quiet, "agent.mcp.failed").error).toEqual({ message: "tool_error" });
    expectContent(watched, ["Necronomicon", "burnt in the great fire"]);
  });

  test("resources/read", async () => {
    const watched = await play(["resources/read"], async (mcp) => {
      expect(JSON.stringify(await mcp.readResource("library://hours"))).toContain("Open at midnight");
    });
    const events = ["mcp.called mcp resources/read", "mcp.completed mcp resources/read", "resource.touched"];
    expect(runsOf(watched.quiet)).toEqual([
      { agents: agent("resources/read"), status: "completed", events: underTool(events) },
    ]);
    expect(watched.quiet.everything).not.toContain("Open at midnight");
  });

  test("resources/read that the server refuses", async () => {
    const watched = await play(["resources/read"], async (mcp) => {
      await expect(mcp.readResource("library://cellar")).rejects.toThrow("not found");
    });
    const events = ["mcp.called mcp resources/read", "mcp.failed mcp resources/read"];
    expect(runsOf(watched.quiet)).toEqual([{ agents: agent("resources/read"), ...failed(events) }]);
    // JSON-RPC's code, not what the server says with it.
    expect(eventOf(watched.quiet, "agent.mcp.failed").error).toEqual({ message: "-32602" });
    expectContent(watched, ["library://cellar not found"]);
  });
});
