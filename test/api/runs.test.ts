/** Runs: opened at once, known by two ids, completed in every way. */
import { describe, expect, test, vi } from "vitest";
import type { Activity, Run } from "../../src/index.ts";
import { settled, stopClock } from "../delivery/support.ts";
import { until } from "../support/until.ts";
import { apiSetup, delivered, metadataOf, only, runsAt, sessionsAt } from "./support/api.ts";

const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe("ids", () => {
  test("ours is known at once and sorts by time, Apie's comes later", async () => {
    const { apie, server, seen } = await apiSetup();
    const before = Date.now();
    const id = await apie.withRun({}, async (run) => {
      expect(run.id).toMatch(UUID_V7);
      expect(server.to("/v1/runs")).toEqual([]);
      expect(await run.apieId()).toMatch(/^run_\d+$/);
      return run.id;
    });
    const time = Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
    await delivered(apie);
    const run = only(runsAt(server));
    expect(metadataOf(run.opening).run_id).toBe(id);
    expect(seen.one("invoke_agent Support").attributesAtStart["agent.run.id"]).toBe(id);
  });

  test("Apie's is undefined where the run never came to be", async () => {
    const { apie, server } = await apiSetup();
    server.fail("/v1/runs", { status: 422 });
    expect(await apie.withRun({}, (run) => run.apieId())).toBeUndefined();
  });

  test("Apie's is undefined for a run that began after the end of the client", async () => {
    const { apie } = await apiSetup();
    await apie.shutdown();
    expect(await apie.withRun({}, (run) => run.apieId())).toBeUndefined();
  });

  test("Apie's is undefined, after a while, for a run whose span was read as something else", async () => {
    const read = ({ name }: { name: string }): Activity | undefined =>
      name.startsWith("invoke_agent") ? { kind: "none", convention: "theirs" } : undefined;
    const { apie } = await apiSetup({ conventions: [{ name: "theirs", read }] });
    stopClock();
    const run = apie.runs.start();
    const asked = run.apieId();
    await settled();
    vi.advanceTimersByTime(10_000);
    expect(await asked).toBeUndefined();
    apie.runs.complete(run);
  });

  test("a convention with a mistake costs no run", async () => {
    const told: string[] = [];
    const { apie, server } = await apiSetup({
      conventions: [
        {
          name: "theirs",
          read() {
            throw new Error("a mistake");
          },
        },
      ],
      onError: (error) => told.push(error.message),
    });
    await apie.withRun({}, () => apie.track({ type: "named" }));
    await delivered(apie);
    expect(only(runsAt(server))).toMatchObject({ types: ["named"] });
    expect(told).toEqual(["a convention failed: a mistake"]);
  });

  test("Apie's leads to ours as long as ours is remembered", async () => {
    const { apie, server } = await apiSetup();
    const run = apie.runs.start();
    const apieId = (await run.apieId()) ?? "";
    apie.track({ type: "named", runId: apieId });
    apie.runs.complete(apieId);
    await delivered(apie);
    expect(only(runsAt(server))).toMatchObject({ id: apieId, types: ["named"] });
    expect(await run.apieId()).toBe(apieId);
  });

  test("no callback waits for Apie", async () => {
    const { apie, server } = await apiSetup();
    const hang = server.rule(() => "hang");
    expect(await apie.withSession({}, () => apie.withRun({}, () => 42))).toBe(42);
    hang();
    server.release();
  });

  test("the run's traceparent is that of its root span", async () => {
    const { apie, seen } = await apiSetup();
    const traceparent = await apie.withRun({}, (run) => run.traceparent);
    const { traceId, spanId } = seen.one("invoke_agent Support");
    expect(traceparent).toBe(`00-${traceId}-${spanId}-01`);
  });
});

describe("the opening", () => {
  test("carries what the application says, and where the run is in OpenTelemetry", async () => {
    const { apie, server, seen } = await apiSetup({
      runtime: { environment: "prod", framework: "own" },
      version: { version: "1.2.3" },
    });
    await apie.withRun(
      {
        inputSummary: "Help the customer",
        role: "orchestrator",
        trigger: "webhook",
        metadata: { region: "eu" },
        payloadSummary: { tickets: 2 },
        stepKey: "first",
        stepName: "First",
        stepIndex: 0,
        input: "not captured",
      },
      () => 1,
    );
    await delivered(apie);
    const run = only(runsAt(server));
    const root = seen.one("invoke_agent Support");
    expect(run.path).toBe("/v1/runs");
    expect(run.opening).toEqual({
      agent_key: "support",
      agent_id: "agt_1",
      agent_version_id: "ver_1",
      environment: "prod",
      input_summary: "Help the customer",
      metadata: {
        region: "eu",
        payload_summary: { tickets: 2 },
        run_id: root.attributes["agent.run.id"],
        agent_name: "Support",
        agent_version: "1.2.3",
        framework: "own",
        trigger: "webhook",
        started_at: expect.any(String),
        otel: {
          trace_id: root.traceId,
          span_id: root.spanId,
          span_name: "invoke_agent Support",
          scope: "apie-otel",
          convention: "apie",
        },
        capture_source: "otel_bridge",
      },
    });
    expect(server.everything).not.toContain("not captured");
  });

  test("in a session has its place there", async () => {
    const { apie, server } = await apiSetup();
    await apie.withSession({}, (session) =>
      apie.withRun({ stepKey: "first", stepIndex: 0, role: "orchestrator" }, (run) => {
        expect(run.sessionId).toBe(session.id);
      }),
    );
    await delivered(apie);
    expect(only(runsAt(server))).toMatchObject({
      path: `/v1/sessions/${only(sessionsAt(server)).id}/runs`,
      opening: { step_key: "first", step_name: "first", step_index: 0, role: "orchestrator" },
    });
  });

  test("is sent while the run goes on", async () => {
    const { apie, server } = await apiSetup();
    const run = apie.runs.start();
    await server.received("/v1/runs");
    expect(server.to(/complete$/)).toEqual([]);
    apie.runs.complete(run);
    await server.received(/complete$/);
  });
});

describe("runs.start and runs.complete", () => {
  const ways: Readonly<Record<string, (run: Run) => Promise<Run | string>>> = {
    "by the run": async (run) => run,
    "by our id": async (run) => run.id,
    "by Apie's id": async (run) => (await run.apieId()) ?? "",
  };

  test.each(Object.entries(ways))("%s", async (_how, naming) => {
    const { apie, server } = await apiSetup();
    const run = apie.runs.start({ inputSummary: "Help" });
    run.in(() => apie.track({ type: "at.work" }));
    expect(apie.runs.complete(await naming(run))).toBe(true);
    expect(apie.runs.complete(await naming(run))).toBe(false);
    await delivered(apie);
    expect(only(runsAt(server))).toMatchObject({
      types: ["at.work"],
      opening: { input_summary: "Help" },
      completion: { status: "completed" },
    });
  });

  test.each([
    [undefined, "completed", "completed"],
    ["completed", "completed", "completed"],
    ["failed", "failed", "failed"],
    // Apie's runs know no cancelled; what it was stands beside.
    ["cancelled", "failed", "cancelled"],
  ] as const)("status %s", async (status, told, said) => {
    const { apie, server } = await apiSetup();
    apie.runs.complete(apie.runs.start(), { status, outputSummary: "Done", metadata: { cost: 2 } });
    await delivered(apie);
    expect(only(runsAt(server)).completion).toMatchObject({
      status: told,
      metadata: { run_status: said, outputSummary: "Done", cost: 2 },
    });
  });

  test("an error makes it a failure, and is told", async () => {
    const { apie, server } = await apiSetup();
    apie.runs.complete(apie.runs.start(), { error: new RangeError("no") });
    await delivered(apie);
    expect(only(runsAt(server))).toMatchObject({
      types: ["agent.error"],
      completion: { status: "failed", metadata: { error_type: "RangeError" } },
    });
  });

  test("completing what is not open here changes nothing", async () => {
    const { apie, server } = await apiSetup();
    expect(apie.runs.complete("run_elsewhere")).toBe(false);
    await delivered(apie);
    expect(server.to(/complete$/)).toEqual([]);
  });

  test("a run may be completed inside its own callback, with a status of its own", async () => {
    const { apie, server } = await apiSetup();
    await apie.withRun(
      {},
      (run) => void apie.runs.complete(run, { status: "failed", outputSummary: "gave up" }),
    );
    await delivered(apie);
    expect(only(runsAt(server)).completion).toMatchObject({
      status: "failed",
      metadata: { outputSummary: "gave up" },
    });
  });

  test("a run left open is closed as failed at shutdown", async () => {
    const { apie, server } = await apiSetup();
    apie.runs.start().in(() => apie.track({ type: "at.work" }));
    await apie.shutdown();
    expect(only(runsAt(server))).toMatchObject({
      types: ["at.work"],
      completion: { status: "failed", metadata: { closed_by: "shutdown" } },
    });
  });
});

describe("the completion", () => {
  test("carries the last summary, times and counts", async () => {
    const { apie, server } = await apiSetup();
    await apie.withRun({}, async (run) => {
      run.setOutputSummary("first");
      await apie.withTool({ tool: { name: "search" } }, () => 1);
      await apie.withLlmCall({ model: { provider: "openai", name: "gpt" } }, (call) =>
        call.setUsage({ inputTokens: 7, outputTokens: 3 }),
      );
      run.setOutputSummary("last");
    });
    await delivered(apie);
    const { metadata, ...rest } = only(runsAt(server)).completion ?? {};
    expect(rest).toEqual({ status: "completed" });
    expect(metadata).toMatchObject({
      outputSummary: "last",
      usage: { input: 7, output: 3, total: 10 },
      llm_calls: 1,
      tool_calls: 1,
      failures: 0,
      duration_ms: expect.any(Number),
    });
    const { started_at, ended_at } = metadata as { started_at: string; ended_at: string };
    expect(Date.parse(ended_at)).toBeGreaterThanOrEqual(Date.parse(started_at));
  });

  test("is told on the run's span too", async () => {
    const { apie, seen } = await apiSetup();
    const model = { model: { provider: "openai", name: "gpt" } };
    const spanId = await apie.withRun({}, async (run) => {
      for (const totalTokens of [undefined, 100]) {
        await apie.withLlmCall(model, (call) =>
          call.setUsage({ inputTokens: 7, outputTokens: 3, totalTokens }),
        );
      }
      await apie.withMcpToolCall({ server: "files", tool: "read" }, () => 1);
      // What another run does is its own.
      await apie.withRun({}, () => apie.withTool({ tool: { name: "search" } }, () => 1));
      return run.traceparent?.split("-")[2];
    });
    const run = seen.named("invoke_agent Support").find((span) => span.spanId === spanId);
    expect(run?.attributes).toMatchObject({
      "agent.run.status": "completed",
      "agent.run.llm_call.count": 2,
      "agent.run.tool_call.count": 1,
      "agent.run.usage.input_tokens": 14,
      "agent.run.usage.output_tokens": 6,
      "agent.run.usage.total_tokens": 110,
    });
    expect(
      seen.named("chat gpt").map(({ attributes }) => attributes["agent.llm.usage.total_tokens"]),
    ).toEqual([undefined, 100]);
  });

  test("denies no work on the run's span that it does not know of", async () => {
    const { apie, server, otel, seen } = await apiSetup();
    const tracer = otel.provider.getTracer("library");
    const foreign = (attributes: Record<string, string>) => tracer.startSpan("work", { attributes }).end();
    await apie.withRun({}, () => {
      foreign({ "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt" });
      foreign({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search" });
    });
    await delivered(apie);
    const counts = ["agent.run.llm_call.count", "agent.run.tool_call.count"];
    const { attributes } = seen.one("invoke_agent Support");
    expect(counts.filter((name) => name in attributes)).toEqual([]);
    // Apie hears of both, since the processor sees them.
    expect(metadataOf(only(runsAt(server)).completion ?? {})).toMatchObject({ llm_calls: 1, tool_calls: 1 });
  });

  test("comes soon after the end, with no flush", async () => {
    const { apie, server } = await apiSetup({ flushIntervalMs: 600_000 });
    await apie.withRun({}, () => apie.track({ type: "at.work" }));
    await until("the run is completed", () => server.to(/complete$/).length > 0, 1_000);
    expect(only(runsAt(server)).types).toEqual(["at.work"]);
  });

  test("shows the result where content is captured, the application's own before what was returned", async () => {
    const { apie, server } = await apiSetup({ captureContent: true });
    await apie.withRun({ input: { question: "why" } }, () => ({ answer: 42 }));
    await apie.withRun({}, (run) => {
      run.setOutput("said");
      return "returned";
    });
    await delivered(apie);
    const [returned, said] = runsAt(server).map((run) => metadataOf(run.completion ?? {}).output);
    expect(JSON.stringify(returned)).toContain("42");
    expect(said).toBe("said");
  });
});

describe("runs named by id", () => {
  test("work joins a run of ours by either id, from anywhere", async () => {
    const { apie, server } = await apiSetup();
    const run = apie.runs.start();
    const apieId = await run.apieId();
    apie.track({ type: "by.ours", runId: run.id });
    apie.track({ type: "by.apies", runId: apieId });
    await apie.withRun({}, () => apie.track({ type: "from.another", runId: run.id }));
    apie.runs.complete(run);
    await delivered(apie);
    expect(runsAt(server)[0]?.types).toEqual(["by.ours", "by.apies", "from.another"]);
    expect(runsAt(server)[1]?.types).toEqual([]);
  });

  test("an unknown id is Apie's: nothing is opened or completed for it", async () => {
    const { apie, server } = await apiSetup();
    await apie.withTool(
      { runId: "run_elsewhere", sessionId: "ses_elsewhere", tool: { name: "search" } },
      () => 1,
    );
    await delivered(apie);
    expect(runsAt(server)).toEqual([]);
    expect(sessionsAt(server)).toEqual([]);
    expect(server.to(/complete$/)).toEqual([]);
    expect(server.events).toHaveLength(3);
    for (const event of server.events)
      expect(event).toMatchObject({ run_id: "run_elsewhere", session_id: "ses_elsewhere" });
  });

  test("an id is text that can be written anywhere", async () => {
    const { apie, server } = await apiSetup();
    apie.track({ type: "own", runId: "run_\ud800" });
    apie.track({ type: "own", runId: "x".repeat(2_000) });
    await delivered(apie);
    const [half, long] = server.events;
    expect(half?.run_id).toBe("run_\ufffd");
    expect(long).not.toHaveProperty("run_id");
  });

  test("a run in a session of Apie's that is not of this process", async () => {
    const { apie, server } = await apiSetup();
    await apie.withRun({ sessionId: "ses_elsewhere" }, (run) => {
      expect(run.sessionId).toBe("ses_elsewhere");
      apie.track({ type: "at.work" });
    });
    await delivered(apie);
    expect(only(runsAt(server))).toMatchObject({
      path: "/v1/sessions/ses_elsewhere/runs",
      events: [{ session_id: "ses_elsewhere" }],
    });
  });

  test("work in a run of ours is in that run's session, whatever session is active", async () => {
    const { apie, seen } = await apiSetup();
    const alone = apie.runs.start();
    const inSession = await apie.withSession({}, (session) => apie.runs.start({ sessionId: session.id }));
    await apie.withSession({}, () => {
      apie.track({ type: "of.alone", runId: alone.id });
      apie.track({ type: "of.in-session", runId: inSession.id });
    });
    expect(seen.one("event of.alone").attributes).not.toHaveProperty("agent.session.id");
    expect(seen.one("event of.in-session").attributes["agent.session.id"]).toBe(inSession.sessionId);
    for (const run of [alone, inSession]) apie.runs.complete(run);
  });
});

describe("child runs", () => {
  test("name their parent by its Apie id, and wait for it", async () => {
    const { apie, server } = await apiSetup();
    await apie.withSession({}, () =>
      apie.withRun({}, () =>
        apie.withChildRun({ agentKey: "worker", agentName: "Worker", role: "worker" }, () => 1),
      ),
    );
    await delivered(apie);
    const [parent, child] = runsAt(server);
    expect(child?.opening).toMatchObject({
      agent_key: "worker",
      parent_run_id: parent?.id,
      role: "worker",
      metadata: { agent_name: "Worker", parent_run: metadataOf(parent?.opening ?? {}).run_id },
    });
  });

  test("of the client's own agent bear its name", async () => {
    const { apie, seen } = await apiSetup();
    await apie.withChildRun({ agentKey: "support" }, () => 1);
    expect(seen.one("invoke_agent Support").attributes["agent.key"]).toBe("support");
  });

  test("without a session get one made, which is completed in the end and names the parent", async () => {
    const { apie, server } = await apiSetup();
    const parentId = await apie.withRun({}, async (run) => {
      await apie.withChildRun({ agentKey: "worker" }, () => 1);
      await apie.withChildRun({ agentKey: "other" }, () => 1);
      return run.id;
    });
    await apie.shutdown();
    const [parent, ...children] = runsAt(server);
    const made = only(sessionsAt(server));
    expect(parent?.path).toBe("/v1/runs");
    expect(children.map(({ path }) => path)).toEqual(new Array(2).fill(`/v1/sessions/${made.id}/runs`));
    expect(made).toMatchObject({
      opening: { kind: "multi_agent", metadata: { parent_run: parentId } },
      completion: { status: "completed" },
    });
  });

  test("of a parent given by either id", async () => {
    const { apie, server } = await apiSetup();
    await apie.withSession({}, async (session) => {
      const parent = apie.runs.start({ sessionId: session.id });
      const apieId = await parent.apieId();
      await apie.withChildRun({ parentRunId: parent.id }, () => 1);
      await apie.withChildRun({ parentRunId: apieId }, () => 1);
      await apie.withChildRun({ parentRunId: "run_elsewhere" }, () => 1);
      apie.runs.complete(parent);
    });
    await delivered(apie);
    const [parent, ...children] = runsAt(server);
    expect(children.map(({ opening }) => opening.parent_run_id)).toEqual([
      parent?.id,
      parent?.id,
      "run_elsewhere",
    ]);
  });
});

describe("wrap", () => {
  test("makes each call a run, with its receiver, arguments and result", async () => {
    const { apie, server } = await apiSetup();
    const greeter = {
      greeting: "hello",
      greet: apie.wrap(
        function (this: { greeting: string }, name: string, times: number) {
          return `${this.greeting} ${name}`.repeat(times);
        },
        { inputSummary: (name, times) => `greet ${name} ${times} times`, trigger: "webhook" },
      ),
    };
    expect(await greeter.greet("Ada", 1)).toBe("hello Ada");
    expect(await greeter.greet("Bob", 2)).toBe("hello Bobhello Bob");
    await delivered(apie);
    expect(runsAt(server).map(({ opening }) => opening.input_summary)).toEqual([
      "greet Ada 1 times",
      "greet Bob 2 times",
    ]);
  });

  test("runs without a summary whose making throws, and says so once", async () => {
    const problems: string[] = [];
    const { apie, server } = await apiSetup({ onError: (error) => problems.push(error.message) });
    const wrapped = apie.wrap((n: number) => n + 1, {
      inputSummary: () => {
        throw new Error("no summary");
      },
    });
    expect([await wrapped(1), await wrapped(2)]).toEqual([2, 3]);
    await delivered(apie);
    expect(runsAt(server).map(({ opening }) => opening.input_summary)).toEqual([undefined, undefined]);
    expect(only(problems)).toContain("no summary");
  });

  test("takes a summary as it is", async () => {
    const { apie, server } = await apiSetup();
    await apie.wrap(async () => 1, { inputSummary: "always the same" })();
    await delivered(apie);
    expect(only(runsAt(server)).opening.input_summary).toBe("always the same");
  });
});
