import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ApieOptions, ApieSpanProcessor } from "../../src/index.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import { ended } from "../support/ended-spans.ts";

const agent = (name: string) => ({ "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name });
const chat = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-4o",
};
const tool = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search" };

const TREE = [
  ended("a", undefined, 0, 90, agent("Trip")),
  ended("m", "a", 10, 20, chat),
  ended("t", "a", 20, 40, tool),
  ended("n", "t", 25, 35, chat),
  ended("o", "a", 40, 90, chat),
];

const LIVE_ORDER = [
  "agent.llm.called",
  "agent.action.requested",
  "agent.llm.completed",
  "agent.llm.called",
  "agent.llm.completed",
  "agent.llm.called",
  "agent.tool.called",
  "agent.action.completed",
  "agent.llm.completed",
];

const CHAT_TWICE = ["agent.llm.called", "agent.llm.completed", "agent.llm.called", "agent.llm.completed"];

async function processorOf(more: ApieOptions = {}) {
  const server = await startServer();
  const processor = new ApieSpanProcessor(options(server, more));
  cleanup(() => processor.shutdown());
  return { server, processor };
}

describe("spans that arrive ended", () => {
  test("become the same run as if seen live, in any order of arrival", async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(TREE, { minLength: TREE.length }), async (spans) => {
        const { server, processor } = await processorOf();
        for (const span of spans) processor.onEnd(span);
        const report = await processor.flush();
        expect(report).toMatchObject({
          ok: true,
          runs: { opened: 1, completed: 1 },
          events: { delivered: 9 },
        });
        expect(server.types).toEqual(LIVE_ORDER);
        expect(server.events.map((event) => event.sequence_number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
        const times = server.events.map((event) => String(event.timestamp));
        expect(times).toEqual([...times].sort());
      }),
      { numRuns: 12 },
    );
  });

  test("of a trace whose root was not seen wait for it, and are told at shutdown at the latest", async () => {
    const { server, processor } = await processorOf();
    for (const span of TREE.slice(1)) processor.onEnd(span);
    await processor.flush();
    expect(server.events).toEqual([]);
    await processor.shutdown();
    expect(server.types.filter((type) => type === "agent.llm.completed")).toHaveLength(3);
  });

  test("below a parent that never arrives belong together", async () => {
    const { server, processor } = await processorOf();
    for (const span of TREE.slice(1)) processor.onEnd(span);
    await processor.shutdown();
    expect(server.to("/v1/runs")).toHaveLength(1);
    expect(server.types).toEqual(LIVE_ORDER);
  });

  test("below a parent that never arrives belong to the root of their trace, if that does", async () => {
    const { server, processor } = await processorOf();
    processor.onEnd(ended("m", "lost", 10, 20, chat));
    processor.onEnd(ended("a", undefined, 0, 30, agent("Trip")));
    const report = await processor.flush();
    expect(report.runs).toMatchObject({ opened: 1, completed: 1 });
    expect(server.types).toEqual(["agent.llm.called", "agent.llm.completed"]);
  });

  test("below remote parents are work of their own, also below the same", async () => {
    const { server, processor } = await processorOf();
    processor.onEnd(ended("m", "elsewhere", 10, 20, chat, { isRemote: true }));
    processor.onEnd(ended("n", "elsewhere", 30, 40, chat, { isRemote: true }));
    await processor.flush();
    expect(server.to("/v1/runs")).toHaveLength(2);
  });

  test("whose parent arrives when all is told are not told again, and the parent is not lost", async () => {
    const { server, processor } = await processorOf();
    processor.onEnd(ended("m", "a", 10, 20, chat));
    processor.onEnd(ended("o", "a", 40, 90, chat));
    // So many spans of others that the oldest trace must be told as far as it is there.
    const traceId = "e".repeat(32);
    for (let index = 0; index < 20_000; index += 1)
      processor.onEnd(ended(`n${index}`, "other", 0, 1, {}, { traceId }));
    await processor.flush();
    expect(server.types).toEqual(CHAT_TWICE);
    processor.onEnd(ended("a", undefined, 0, 90, agent("Trip"), { status: 2 }));
    await processor.flush();
    expect(server.types.filter((type) => type.startsWith("agent.llm."))).toEqual(CHAT_TWICE);
    expect(server.to(/complete$/).map(({ body }) => (body as { status: string }).status)).toContain("failed");
  });

  test("that come after the rest of their trace leave what was told as it is", async () => {
    const { server, processor } = await processorOf();
    for (const span of TREE) processor.onEnd(span);
    await processor.flush();
    processor.onEnd(ended("x", "a", 50, 60, chat));
    processor.onEnd(ended("y", "a", 60, 70, chat));
    await processor.shutdown();
    expect(server.to("/v1/runs")).toHaveLength(1);
    expect(server.types).toEqual(LIVE_ORDER);
  });

  test("below a remote parent are complete when that root is there", async () => {
    const { server, processor } = await processorOf();
    processor.onEnd(ended("m", "a", 10, 20, chat));
    processor.onEnd(ended("a", "elsewhere", 0, 30, agent("Trip"), { isRemote: true }));
    await processor.flush();
    expect(server.types).toEqual(["agent.llm.called", "agent.llm.completed"]);
  });

  test("with clocks that disagree, a child is never before its parent", async () => {
    const { server, processor } = await processorOf();
    processor.onEnd(ended("m", "a", 5, 8, chat));
    processor.onEnd(ended("a", undefined, 10, 30, agent("Trip")));
    const report = await processor.flush();
    expect(report.runs).toMatchObject({ opened: 1, completed: 1 });
    expect(server.to("/v1/runs")).toHaveLength(1);
    expect(server.types).toEqual(["agent.llm.called", "agent.llm.completed"]);
  });

  test("of one moment keep children inside their parents", async () => {
    const { server, processor } = await processorOf();
    for (const id of ["n", "m", "a"]) {
      const parent = { n: "m", m: "a", a: undefined }[id];
      processor.onEnd(ended(id, parent, 7, 7, id === "a" ? agent("Trip") : id === "m" ? tool : chat));
    }
    await processor.flush();
    expect(server.types).toEqual([
      "agent.action.requested",
      "agent.llm.called",
      "agent.llm.completed",
      "agent.tool.called",
      "agent.action.completed",
    ]);
  });

  test("with parents in a circle do not hang", async () => {
    const { processor } = await processorOf();
    processor.onEnd(ended("a", "b", 0, 1, chat));
    processor.onEnd(ended("b", "a", 0, 1, chat));
    await processor.shutdown();
  });

  test.each(["flush", "shutdown"] as const)(
    "one that cannot be told costs itself, not the rest and not the %s",
    async (end) => {
      const untold = {
        get name(): string {
          throw new Error("not today");
        },
      };
      const read = ({ name }: { name: string }) =>
        name === "bad" ? ({ kind: "run", convention: "theirs", agent: untold } as const) : undefined;
      const { server, processor } = await processorOf({ conventions: [{ name: "theirs", read }] });
      processor.onEnd(ended("bad", "a", 10, 20, {}));
      processor.onEnd(ended("t", "a", 20, 30, tool));
      processor.onEnd(ended("a", undefined, 0, 40, agent("Trip")));
      await expect(processor[end]()).resolves.not.toThrow();
      expect(server.types).toEqual(["agent.action.requested", "agent.tool.called", "agent.action.completed"]);
      expect(server.to(/complete$/)).toHaveLength(1);
      expect(processor.pipeline?.unreadable).toBeGreaterThan(0);
    },
  );

  test("of two traces at once do not mix", async () => {
    const { server, processor } = await processorOf();
    const other = "f".repeat(32);
    processor.onEnd(ended("m", "a", 1, 2, chat));
    processor.onEnd(ended("m", "a", 1, 2, chat, { traceId: other }));
    processor.onEnd(ended("a", undefined, 0, 3, agent("One")));
    processor.onEnd(ended("a", undefined, 0, 3, agent("Two"), { traceId: other }));
    await processor.flush();
    expect(
      server
        .to("/v1/runs")
        .map((request) => (request.body as { metadata: { agent_name: string } }).metadata.agent_name),
    ).toEqual(["One", "Two"]);
    expect(new Set(server.events.map((event) => event.run_id)).size).toBe(2);
  });
});
