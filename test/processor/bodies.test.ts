/** What opens and completes runs and sessions: what it must say stays, what the application said is redacted. */
import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import type { ApieOptions } from "../../src/index.ts";
import { metadataOf, only, runsAt, sessionsAt } from "../api/support/api.ts";
import { setup } from "../support/client.ts";

const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const HEX = /^[\da-f]{16,32}$/;

const REDACTED = "[REDACTED]";

/** Rules of the user's that hit far more than they were meant for. */
const broad: readonly (readonly [string, ApieOptions])[] = [
  ["digits", { redactDenyPatterns: [/\d/] }],
  ["every text", { redactDenyPatterns: [/.+/s] }],
  ["our own names", { redactKeys: ["id", "key", "status", "kind", "role", "otel", "usage", "at", "calls"] }],
];

describe.each(broad)("a rule of the user's that hits %s", (_what, rules) => {
  test("leaves a run and its session what they must say", async () => {
    const { apie, server } = await setup({ agent: { key: "agent-7", name: "Agent 7" }, ...rules });
    await apie.withSession({ kind: "pipeline" }, () =>
      apie.withWorkflowStep({ stepKey: "step-1", stepName: "Step 1", stepIndex: 1 }, () =>
        apie.withRun({ role: "worker-2", inputSummary: "Order 4711" }, () =>
          apie.withLlmCall({ model: { provider: "p", name: "m" } }, (call) =>
            call.setUsage({ inputTokens: 10, outputTokens: 1 }),
          ),
        ),
      ),
    );
    await apie.flush();
    const session = only(sessionsAt(server));
    expect(session.opening).toMatchObject({
      kind: "pipeline",
      orchestrator_agent_key: "agent-7",
      metadata: {
        session_id: expect.stringMatching(UUID),
        started_at: expect.stringMatching(TIME),
        otel: { trace_id: expect.stringMatching(HEX), span_id: expect.stringMatching(HEX) },
        capture_source: "otel_bridge",
      },
    });
    expect(session.completion).toMatchObject({
      status: "completed",
      metadata: { ended_at: expect.stringMatching(TIME) },
    });
    const run = only(runsAt(server));
    expect(run.opening).toMatchObject({
      agent_key: "agent-7",
      role: "worker-2",
      step_key: "step-1",
      step_index: 1,
      metadata: {
        run_id: expect.stringMatching(UUID),
        session_id: metadataOf(session.opening).session_id,
        started_at: expect.stringMatching(TIME),
        otel: { trace_id: expect.stringMatching(HEX), convention: "apie" },
      },
    });
    expect(run.completion).toMatchObject({
      status: "completed",
      metadata: {
        run_status: "completed",
        llm_calls: 1,
        tool_calls: 0,
        failures: 0,
        usage: { input: 10, output: 1, total: 11 },
        duration_ms: expect.any(Number),
      },
    });
  });

  test("leaves the parent of a child run", async () => {
    const { apie, server } = await setup(rules);
    await apie.withSession({}, () => apie.withChildRun({ parentRunId: "run_123" }, () => 1));
    await apie.flush();
    expect(only(runsAt(server)).opening).toMatchObject({ parent_run_id: "run_123", role: "worker" });
  });
});

test("what the application said is redacted by its rules, names and nested members included", async () => {
  const { apie, server } = await setup({
    redactDenyPatterns: [/ord-\d+/i],
    redactKeys: ["iban"],
    redactAllowPaths: ["metadata.kept"],
  });
  await apie.withSession({ inputSummary: "ORD-1", metadata: { "ORD-2": { iban: "DE00" } } }, (session) => {
    session.setOutputSummary("ORD-3");
    return apie.withRun(
      {
        inputSummary: "ORD-4",
        stepName: "ORD-5",
        trigger: "ORD-6",
        metadata: { iban: "DE00", note: "ORD-7", kept: "ORD-kept ORD-8" },
        payloadSummary: { list: ["ORD-9"] },
      },
      (run) => run.setOutputSummary("ORD-10"),
    );
  });
  await apie.flush();
  const session = only(sessionsAt(server));
  const run = only(runsAt(server));
  const sent = JSON.stringify([session.opening, session.completion, run.opening, run.completion]);
  expect(new Set(sent.match(/ORD-\w+/g))).toEqual(new Set(["ORD-kept", "ORD-8"]));
  expect(sent).not.toContain("DE00");
  expect(metadataOf(run.opening)).toMatchObject({ iban: REDACTED, payload_summary: { list: [REDACTED] } });
});

test("names lose what is a secret by its form, whatever the rules", async () => {
  const secret = "sk-abcdefghijklmnopqrstuvwxyz0123456789";
  const { apie, server } = await setup();
  await apie.withSession({}, () => apie.withChildRun({ agentKey: secret, role: secret }, () => 1));
  await apie.flush();
  expect(only(runsAt(server)).opening).toMatchObject({
    agent_key: expect.stringMatching(/^\[REDACTED:[\da-f]{12}\]$/),
    role: REDACTED,
  });
  expect(server.everything).not.toContain("sk-abc");
});

test("a conversation's id is the application's own text, and redacted like it", async () => {
  const { apie, server, otel } = await setup({ redactDenyPatterns: [/[\w.]+@[\w.]+/] });
  otel.provider
    .getTracer("library")
    .startSpan("agent", {
      attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": "jane@example.com" },
    })
    .end();
  await apie.flush();
  expect(metadataOf(only(sessionsAt(server)).opening)).toMatchObject({
    session_id: REDACTED,
    conversation_id: REDACTED,
  });
  expect(metadataOf(only(runsAt(server)).opening)).toMatchObject({ session_id: REDACTED });
});

test("a summary is cut after its secrets are replaced, so that no cut leaves half of one", async () => {
  const secret = "sk-abcdefghijklmnopqrstuvwxyz0123456789";
  const { apie, server, otel } = await setup({ captureContent: true });
  const question = `${"x".repeat(485)} ${secret}`;
  otel.provider
    .getTracer("library")
    .startSpan("agent", {
      attributes: {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.input.messages": JSON.stringify([
          { role: "user", parts: [{ type: "text", content: question }] },
        ]),
      },
    })
    .end();
  await apie.flush();
  const { input_summary } = only(runsAt(server)).opening;
  expect(input_summary).toMatch(/^x{485} \[REDACTED\]$/);
});

test("metadata of the application's is kept where nothing of ours has its name", async () => {
  const { apie, server } = await setup();
  const metadata = { user_id: "u1", trigger: "cron", attempt: 3, conversation_id: "c1", usage: "own" };
  await apie.withSession({ metadata }, () => apie.withRun({ metadata }, () => 1));
  await apie.flush();
  expect(metadataOf(only(sessionsAt(server)).opening)).toMatchObject(metadata);
  expect(metadataOf(only(runsAt(server)).opening)).toMatchObject(metadata);
});

describe("what cannot be read", () => {
  /** A convention of the user's that gives what it likes. */
  const giving = (metadata: () => Record<string, unknown>): ApieOptions => ({
    conventions: [
      {
        name: "theirs",
        read: ({ name }: { name: string }) =>
          name === "theirs"
            ? { kind: "run", convention: "theirs", metadata: metadata(), run: { inputSummary: 42 as never } }
            : undefined,
      },
    ],
  });

  const bad: readonly (readonly [string, string, () => Record<string, unknown>])[] = [
    [
      "a circle",
      "[Circular]",
      () => {
        const circle: Record<string, unknown> = { good: 1 };
        circle.bad = circle;
        return circle;
      },
    ],
    [
      "a getter that throws",
      "[Unreadable]",
      () =>
        Object.defineProperty({ good: 1 }, "bad", {
          enumerable: true,
          get() {
            throw new Error("not today");
          },
        }),
    ],
  ];

  test.each(bad)("%s in metadata costs its own member, not the run", async (_what, said, metadata) => {
    const { apie, server, otel } = await setup(giving(metadata));
    const tracer = otel.provider.getTracer("library");
    const root = tracer.startSpan("theirs");
    context.with(trace.setSpan(context.active(), root), () => apie.track({ type: "inside" }));
    root.end();
    expect(await apie.flush()).toMatchObject({ ok: true, runs: { opened: 1, completed: 1 } });
    const run = only(runsAt(server));
    expect(run.opening).toMatchObject({ agent_key: "support", input_summary: "42" });
    expect(metadataOf(run.opening)).toMatchObject({ good: 1, bad: said, capture_source: "otel_bridge" });
    expect(run.completion).toMatchObject({ status: "completed", metadata: { good: 1, bad: said } });
  });

  test("a Proxy that tells nothing costs the metadata it stands for", async () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error("not today");
        },
      },
    );
    const { apie, server, otel } = await setup(giving(() => hostile));
    otel.provider.getTracer("library").startSpan("theirs").end();
    await apie.flush();
    expect(metadataOf(only(runsAt(server)).opening)).toMatchObject({
      notice: "[Unreadable]",
      capture_source: "otel_bridge",
    });
  });

  test.each([
    ["none", Number.NaN],
    ["one beyond all calendars", 8.64e15],
  ])(
    "a span whose time is %s is told by the time it came, and costs no other of its trace theirs",
    async (_what, startTime) => {
      const before = Date.now();
      const { apie, server, otel } = await setup();
      const tracer = otel.provider.getTracer("library");
      const agent = tracer.startSpan("agent", {
        startTime,
        attributes: { "gen_ai.operation.name": "invoke_agent" },
      });
      const chat = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };
      tracer
        .startSpan(
          "chat m",
          { startTime: 1_700_000_000_000, attributes: chat },
          trace.setSpan(ROOT_CONTEXT, agent),
        )
        .end(1_700_000_001_000);
      agent.end();
      expect(await apie.flush()).toMatchObject({ ok: true, events: { delivered: 2, dropped: 0 } });
      const run = only(runsAt(server));
      expect(Date.parse(String(metadataOf(run.opening).started_at))).toBeGreaterThanOrEqual(before);
      expect(server.events.map(({ timestamp }) => timestamp)).toEqual([
        "2023-11-14T22:13:20.000Z",
        "2023-11-14T22:13:21.000Z",
      ]);
    },
  );
});
