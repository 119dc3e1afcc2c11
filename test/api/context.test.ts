/** Run and session stay with the code they were opened around, however it goes on; with a context manager and without. */
import { EventEmitter } from "node:events";
import { context, trace } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import type { Apie } from "../../src/index.ts";
import { apiSetup, delivered, metadataOf, only, runsAt } from "./support/api.ts";

const WITH_AND_WITHOUT = [
  ["with a context manager", true],
  ["without a context manager", false],
] as const;

type Mark = (where: string) => void;

/** Ways in which work goes on; each marks where it is. */
const WAYS: Readonly<Record<string, (mark: Mark) => unknown>> = {
  await: async (mark) => {
    await null;
    mark("after await");
  },
  timers: (mark) =>
    Promise.all([
      new Promise<void>((resolve) => setTimeout(() => resolve(mark("timeout")), 1)),
      new Promise<void>((resolve) => setImmediate(() => resolve(mark("immediate")))),
      new Promise<void>((resolve) => queueMicrotask(() => resolve(mark("microtask")))),
      new Promise<void>((resolve) => process.nextTick(() => resolve(mark("tick")))),
    ]),
  "a listener called inside": (mark) => {
    const emitter = new EventEmitter();
    emitter.on("news", () => mark("listener"));
    emitter.emit("news");
  },
  "an async generator": async (mark) => {
    async function* pieces() {
      mark("first");
      yield 1;
      await null;
      mark("second");
      yield 2;
    }
    for await (const _piece of pieces());
  },
  "many at once": (mark) =>
    Promise.all(
      [1, 2, 3].map(async (number) => {
        await null;
        mark(`branch ${number}`);
      }),
    ),
};

describe.each(WITH_AND_WITHOUT)("%s", (_how, contextManager) => {
  test.each(Object.entries(WAYS))("it survives %s", async (_way, go) => {
    const { apie, server } = await apiSetup({}, { contextManager });
    const marks: string[] = [];
    await apie.withSession({}, () =>
      apie.withRun({}, async () => {
        await go((where) => {
          marks.push(where);
          apie.track({ type: where });
        });
      }),
    );
    await delivered(apie);
    expect(marks.length).toBeGreaterThan(0);
    expect([...only(runsAt(server)).types].sort()).toEqual([...marks].sort());
  });

  test("runs at once do not see each other", async () => {
    const { apie, server } = await apiSetup({}, { contextManager });
    await Promise.all(
      Array.from({ length: 20 }, (_, number) =>
        apie.withRun({ metadata: { number } }, async () => {
          await new Promise((resolve) => setTimeout(resolve, (number * 7) % 5));
          await apie.withTool({ tool: { name: `tool-${number}` } }, () => null);
        }),
      ),
    );
    await delivered(apie);
    for (const run of runsAt(server)) {
      const names = run.events.map((event) => (event.tool as { name: string }).name);
      expect(new Set(names)).toEqual(new Set([`tool-${metadataOf(run.opening).number}`]));
    }
  });

  test("what follows a run is outside of it", async () => {
    const { apie, server } = await apiSetup({}, { contextManager });
    await apie.withRun({}, () => null);
    apie.track({ type: "after" });
    await delivered(apie);
    expect(only(server.events)).not.toHaveProperty("run_id");
  });

  test("a run opened by hand holds only what runs in it", async () => {
    const { apie, server } = await apiSetup({}, { contextManager });
    const run = apie.runs.start();
    await run.in(async () => {
      await null;
      apie.track({ type: "inside" });
    });
    apie.track({ type: "outside" });
    apie.runs.complete(run);
    await delivered(apie);
    expect(only(runsAt(server)).types).toEqual(["inside"]);
    expect(only(server.eventsOf("outside"))).not.toHaveProperty("run_id");
  });

  test("steps, children and links keep together", async () => {
    const { apie, server, seen } = await apiSetup({}, { contextManager });
    await apie.withSession({}, () =>
      apie.withRun({}, () =>
        apie.withWorkflowStep({ stepName: "Delegate" }, () =>
          apie.withHandoff({ target: { key: "worker" } }, async () => {
            await null;
            await apie.withTool({ tool: { name: "search" } }, () => null);
          }),
        ),
      ),
    );
    await delivered(apie);
    const [parent, child] = runsAt(server);
    expect(child?.opening.parent_run_id).toBe(parent?.id);
    expect(new Set(parent?.events.map(({ step_key }) => step_key))).toEqual(new Set(["delegate"]));
    expect(child?.types).toContain("agent.action.completed");
    const links = seen.one("invoke_agent worker").links.map(({ type }) => type);
    expect(links).toEqual(["session", "parent_run", "handoff_source"]);
    expect(seen.one("execute_tool search").traceId).toBe(seen.one("invoke_agent worker").traceId);
  });

  test("a library's bare span inside is the run's", async () => {
    const { apie, server } = await apiSetup({}, { contextManager });
    const library = async (): Promise<void> => {
      await null;
      const span = trace.getTracer("some-library").startSpan("chat gpt-4o", {
        attributes: { "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o" },
      });
      await null;
      span.setAttribute("gen_ai.usage.input_tokens", 7);
      span.end();
    };
    await apie.withSession({}, () => apie.withRun({}, library));
    await delivered(apie);
    const run = only(runsAt(server));
    expect(run.types).toEqual(["agent.llm.called", "agent.llm.completed"]);
    expect(run.events[1]?.payload_summary).toMatchObject({ model: "gpt-4o", usage: { input: 7 } });
    expect(metadataOf(run.completion ?? {}).usage).toMatchObject({ input: 7 });
  });

  test("a library's agent inside is the same run seen by the library", async () => {
    const { apie, server } = await apiSetup({}, { contextManager });
    await apie.withRun({}, () => {
      const tracer = trace.getTracer("some-library");
      const agent = tracer.startSpan("invoke_agent Helper", {
        attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Helper" },
      });
      const inside = trace.setSpan(context.active(), agent);
      tracer
        .startSpan("execute_tool look", { attributes: { "gen_ai.operation.name": "execute_tool" } }, inside)
        .end();
      agent.end();
    });
    await delivered(apie);
    expect(only(runsAt(server)).types).toEqual([
      "agent.action.requested",
      "agent.tool.called",
      "agent.action.completed",
    ]);
  });
});

test("the context of the application is handed on", async () => {
  const { apie } = await apiSetup();
  const key = Symbol("own");
  const calls: ((apie: Apie) => Promise<unknown>)[] = [
    (client) => client.withRun({}, () => context.active().getValue(key)),
    (client) => client.withTool({ tool: { name: "t" } }, () => context.active().getValue(key)),
    (client) => client.withHandoff({ target: { key: "t" } }, () => context.active().getValue(key)),
    (client) => client.withSession({}, () => context.active().getValue(key)),
  ];
  for (const call of calls) {
    expect(await context.with(context.active().setValue(key, "mine"), () => call(apie))).toBe("mine");
  }
});
