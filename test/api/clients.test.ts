/** Two clients in one process on one provider: each sends what is its own. */
import { context, trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { Apie } from "../../src/index.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import { startOtel } from "../support/otel.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { delivered, only, runsAt, sessionsAt } from "./support/api.ts";
import { expectSoundWire } from "./support/wire.ts";

interface Two {
  first: Apie;
  second: Apie;
  atFirst: RecordingApie;
  atSecond: RecordingApie;
}

async function two(): Promise<Two> {
  const [atFirst, atSecond] = [await startServer(), await startServer()];
  const first = new Apie(options(atFirst, { agent: { key: "first", name: "First" } }));
  const second = new Apie(options(atSecond, { agent: { key: "second", name: "Second" } }));
  const otel = startOtel({ processors: [first.spanProcessor, second.spanProcessor] });
  cleanup(async () => {
    await Promise.all([first.shutdown(), second.shutdown()]);
    await otel.close();
    for (const server of [atFirst, atSecond]) expectSoundWire(server);
  });
  return { first, second, atFirst, atSecond };
}

async function bothDelivered({ first, second }: Two): Promise<void> {
  await delivered(first);
  await delivered(second);
}

test("runs, sessions and events of one are none of the other's", async () => {
  const both = await two();
  const { first, second, atFirst, atSecond } = both;
  await Promise.all(
    [first, second].map((apie) =>
      apie.withSession({}, () => apie.withRun({}, () => apie.withTool({ tool: { name: "t" } }, () => null))),
    ),
  );
  first.track({ type: "of.first" });
  await bothDelivered(both);
  for (const [server, key] of [
    [atFirst, "first"],
    [atSecond, "second"],
  ] as const) {
    expect(only(sessionsAt(server)).opening.orchestrator_agent_key).toBe(key);
    expect(only(runsAt(server)).opening.agent_key).toBe(key);
    expect(new Set(server.events.map((event) => event.agent_key))).toEqual(new Set([key]));
  }
  expect(atFirst.eventsOf("of.first")).toHaveLength(1);
  expect(atSecond.eventsOf("of.first")).toEqual([]);
});

test("one inside the other's run has runs of its own, neither children nor in its session", async () => {
  const both = await two();
  const { first, second, atFirst, atSecond } = both;
  await first.withSession({}, () =>
    first.withRun({}, () =>
      second.withRun({}, async () => {
        second.track({ type: "of.second" });
        await second.withChildRun({}, () => null);
        first.track({ type: "of.first" });
      }),
    ),
  );
  await second.shutdown();
  await bothDelivered(both);
  expect(only(runsAt(atFirst)).types).toEqual([]);
  const [outer, child] = runsAt(atSecond);
  expect(outer).toMatchObject({ path: "/v1/runs", types: ["of.second"] });
  expect(outer?.opening).not.toHaveProperty("parent_run_id");
  expect(child?.opening.parent_run_id).toBe(outer?.id);
  expect(sessionsAt(atSecond)).toHaveLength(1);
});

test("a library's span belongs to the client whose run it is in", async () => {
  const both = await two();
  const { first, second, atFirst, atSecond } = both;
  const library = () =>
    trace
      .getTracer("some-library")
      .startSpan("chat", { attributes: { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" } })
      .end();
  await first.withRun({}, library);
  await second.withRun({}, library);
  await bothDelivered(both);
  for (const server of [atFirst, atSecond])
    expect(only(runsAt(server)).types).toEqual(["agent.llm.called", "agent.llm.completed"]);
});

test("the errors of one are told once by each client they pass through", async () => {
  const both = await two();
  const { first, second, atFirst, atSecond } = both;
  const error = new RangeError("no");
  await expect(first.withRun({}, () => second.withRun({}, () => Promise.reject(error)))).rejects.toBe(error);
  await bothDelivered(both);
  for (const server of [atFirst, atSecond]) expect(server.types).toEqual(["agent.error"]);
});

test("a run of one may be worked on while the other's is active", async () => {
  const both = await two();
  const { first, second, atFirst, atSecond } = both;
  const run = first.runs.start();
  await second.withRun({}, () => {
    run.in(() => first.track({ type: "of.first" }));
    first.track({ type: "by.id", runId: run.id });
    expect(context.active()).not.toBe(undefined);
  });
  first.runs.complete(run);
  await bothDelivered(both);
  expect(only(runsAt(atFirst)).types).toEqual(["of.first", "by.id"]);
  expect(only(runsAt(atSecond)).types).toEqual([]);
});
