/** What each decision does in each mode (docs: concepts/how-apie-works), and how it shows in both destinations. */
import { describe, expect, test } from "vitest";
import { ApieError, ApprovalDeniedError, GuardrailBlockedError } from "../../src/index.ts";
import { delivered, only } from "../api/support/api.ts";
import { approvalAnswers, DEPLOY, decided, EVALUATE, guarded } from "./support.ts";

type Outcome = "runs" | typeof GuardrailBlockedError | typeof ApprovalDeniedError;

const ENFORCED: readonly (readonly [answer: string, more: Record<string, unknown>, outcome: Outcome])[] = [
  ["allow", {}, "runs"],
  ["warn", {}, "runs"],
  ["block", {}, GuardrailBlockedError],
  ["require_approval", {}, "runs"],
  // What is effective is obeyed, whatever the policy says.
  ["block", { effective_decision: "allow" }, "runs"],
  ["allow", { effective_decision: "block" }, GuardrailBlockedError],
  // Apie may answer in another mode, and older ones say less.
  ["block", { mode: "monitor", effective_decision: undefined }, "runs"],
  ["block", { effective_decision: undefined }, GuardrailBlockedError],
];

describe("in enforce mode", () => {
  test.each(ENFORCED)("%s, with %o", async (answer, more, outcome) => {
    const { server, apie } = await guarded();
    server.fail(EVALUATE, decided(answer, more));
    approvalAnswers(server, "approved");
    let ran = 0;
    const call = apie.withRun({}, () => apie.withTool(DEPLOY, () => (ran += 1)));
    if (outcome === "runs") await call;
    else await expect(call).rejects.toBeInstanceOf(outcome);
    expect(ran).toBe(outcome === "runs" ? 1 : 0);
  });

  test("the question says what is about to be done, in the words of the wire", async () => {
    const { server, apie } = await guarded();
    await apie.withRun({}, async (run) => {
      await run.apieId();
      await apie.withTool({ ...DEPLOY, metadata: { ticket: "T-1", password: "hunter22" } }, () => "done");
    });
    expect(only(server.to(EVALUATE)).body).toEqual({
      agent_key: "support",
      run_id: expect.stringMatching(/^run_/),
      mode: "enforce",
      action: { type: "execute", name: "deploy" },
      resource: {
        type: "deployment_event",
        provider: "cicd",
        environment: "production",
        external_id: "web-7",
      },
      tool: { name: "deploy", provider: "cicd" },
      metadata: { ticket: "T-1", password: "[REDACTED]" },
    });
  });

  test("a tool call that says neither action nor resource executes the tool on something unknown", async () => {
    const { server, apie } = await guarded();
    await apie.withTool({ tool: { name: "search" } }, () => "done");
    expect(only(server.to(EVALUATE)).body).toMatchObject({
      action: { type: "execute", name: "search" },
      resource: { type: "unknown" },
    });
  });

  test("a blocked tool is work that was never begun: no span, no tool.called, the decision in both destinations", async () => {
    const { server, apie, otel } = await guarded();
    server.fail(EVALUATE, decided("block"));
    const error = await apie.withRun({}, () => apie.withTool(DEPLOY, () => "done")).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(GuardrailBlockedError);
    expect(error).toMatchObject({
      code: "guardrail_blocked",
      message: "tool deploy is blocked: Production is closed",
      decision: { decisionId: "dec_1", receiptId: "rcp_1", matchedGuardrails: ["prod-deploys"] },
    });
    await delivered(apie);
    expect(server.types).toEqual(["agent.guardrail.evaluated", "agent.error"]);
    expect(server.eventsOf("agent.guardrail.evaluated")[0]).toMatchObject({
      action: { type: "execute", name: "deploy" },
      resource: { type: "deployment_event", external_id: "web-7" },
      decision: {
        policyDecision: "block",
        effectiveDecision: "block",
        enforcementAction: "block",
        mode: "enforce",
        reason: "Production is closed",
      },
      metadata: { decision_id: "dec_1", matched: ["prod-deploys"] },
    });
    const names = otel.spans().map(({ name }) => name);
    expect(names).toContain("guardrail apie");
    expect(names.filter((name) => name.startsWith("execute_tool"))).toEqual([]);
    const span = otel.spans().find(({ name }) => name === "guardrail apie");
    expect(span?.status.code).toBe(0);
  });

  test("an approval is asked for, awaited and told", async () => {
    const { server, apie, otel } = await guarded({ captureContent: true });
    server.fail(EVALUATE, decided("require_approval"));
    approvalAnswers(server, "timeout", "approved");
    await apie.withRun({}, () => apie.withTool(DEPLOY, () => "done"));
    await delivered(apie);
    expect(server.types).toEqual([
      "agent.guardrail.evaluated",
      "agent.approval.requested",
      "agent.approval.resolved",
      "agent.action.requested",
      "agent.tool.called",
      "agent.action.completed",
    ]);
    expect(server.eventsOf("agent.approval.resolved")[0]).toMatchObject({
      approval: { approval_id: "appr_1", status: "approved" },
    });
    expect(otel.spans().map(({ name }) => name)).toEqual(
      expect.arrayContaining(["guardrail apie", "approval deploy", "execute_tool deploy"]),
    );
  }, 15_000);

  test.each(["rejected", "expired", "cancelled"])(
    "an approval that was %s stops the work",
    async (status) => {
      const { server, apie } = await guarded();
      server.fail(EVALUATE, decided("require_approval"));
      approvalAnswers(server, status);
      let ran = false;
      const error = await apie.withGuard(DEPLOY, () => (ran = true)).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(ApprovalDeniedError);
      expect(error).toMatchObject({
        approvalId: "appr_1",
        approvalStatus: status,
        code: `approval_${status}`,
      });
      expect(ran).toBe(false);
    },
  );

  test("nobody decides: the deadline is the client's", async () => {
    const { server, apie } = await guarded({ approvalTimeoutMs: 80 });
    server.fail(EVALUATE, decided("require_approval"));
    server.fail(/^\/v1\/approvals\//, "hang");
    const started = performance.now();
    const error = await apie.withGuard(DEPLOY, () => "done").catch((thrown) => thrown);
    expect(error).toMatchObject({ approvalStatus: "timeout" });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test("the caller's signal ends the wait for a human", async () => {
    const { server, apie } = await guarded();
    server.fail(EVALUATE, decided("require_approval"));
    server.fail(/^\/v1\/approvals\//, "hang");
    const controller = new AbortController();
    const call = apie
      .withGuard({ ...DEPLOY, signal: controller.signal }, () => "done")
      .catch((thrown) => thrown);
    await server.received(/^\/v1\/approvals\//);
    controller.abort();
    expect(await call).toMatchObject({ name: "ApprovalDeniedError", approvalStatus: "cancelled" });
  });

  test("the caller's signal ends the evaluation, with its own reason", async () => {
    const { server, apie } = await guarded();
    server.fail(EVALUATE, "hang");
    const controller = new AbortController();
    const reason = new Error("no longer wanted");
    const call = apie
      .withGuard({ ...DEPLOY, signal: controller.signal }, () => "done")
      .catch((thrown) => thrown);
    await server.received(EVALUATE);
    controller.abort(reason);
    expect(await call).toBe(reason);
  });
});

describe("in monitor mode", () => {
  test.each(["allow", "warn", "block", "require_approval"])(
    "%s stops nothing and is told",
    async (answer) => {
      const { server, apie, told } = await guarded({ mode: "monitor" });
      server.fail(EVALUATE, decided(answer, { mode: "monitor", effective_decision: undefined }));
      await apie.withRun({}, () => apie.withTool(DEPLOY, () => "done"));
      await delivered(apie);
      const event = server.eventsOf("agent.guardrail.evaluated")[0];
      expect(event).toMatchObject({
        decision: { policyDecision: answer, effectiveDecision: answer === "warn" ? "warn" : "allow" },
      });
      expect(server.types).toContain("agent.action.completed");
      expect(told).toEqual(answer === "allow" ? [] : [`guardrail_${answer}`]);
    },
  );

  test("a block that Apie wants obeyed is told, and not obeyed", async () => {
    const { server, apie, told } = await guarded({ mode: "monitor" });
    server.fail(EVALUATE, decided("block"));
    expect(await apie.withRun({}, () => apie.withTool(DEPLOY, () => "done"))).toBe("done");
    await delivered(apie);
    expect(told).toEqual(["guard_not_obeyed", "guardrail_block"]);
  });

  test("the run, a flush and the shutdown wait for the answer, so that it is told", async () => {
    const { server, apie } = await guarded({ mode: "monitor" });
    server.fail(EVALUATE, { ...(decided("block") as object), delayMs: 60 });
    await apie.withRun({}, () => apie.withTool(DEPLOY, () => "done"));
    const report = await apie.shutdown();
    expect(report.events.delivered).toBe(4);
    const evaluated = only(server.eventsOf("agent.guardrail.evaluated"));
    expect(evaluated.decision).toMatchObject({ policyDecision: "block" });
    expect(server.types).not.toContain("agent.error");
  });

  test("nothing is awaited: the tool begins in the caller's own turn, and is done before Apie answers", async () => {
    const { server, apie } = await guarded({ mode: "monitor" });
    server.fail(EVALUATE, "hang");
    let began = false;
    const call = apie.withTool(DEPLOY, () => {
      began = true;
      return "done";
    });
    expect(began).toBe(true);
    expect(await call).toBe("done");
    server.release();
  });
});

describe("which calls are guarded", () => {
  test.each([
    [{}, undefined, 0],
    [{}, true, 1],
    [{ mode: "monitor" }, undefined, 1],
    [{ mode: "monitor" }, false, 0],
    [{ mode: "enforce" }, undefined, 1],
    [{ mode: "enforce" }, false, 0],
  ] as const)("options %o, guard: %s", async (options, guard, questions) => {
    const { server, apie } = await guarded({ mode: undefined, ...options });
    await apie.withTool({ ...DEPLOY, guard }, () => "done");
    await delivered(apie);
    expect(server.to(EVALUATE)).toHaveLength(questions);
  });

  test("tools over MCP are, with server and tool in the name", async () => {
    const { server, apie } = await guarded();
    await apie.withMcpToolCall({ server: "cicd", tool: "deploy" }, () => "done");
    expect(only(server.to(EVALUATE)).body).toMatchObject({ tool: { name: "cicd.deploy", provider: "mcp" } });
  });

  test("a client that is switched off asks nothing and stops nothing", async () => {
    const { server, apie } = await guarded({ enabled: false });
    expect(await apie.withGuard(DEPLOY, () => "done")).toBe("done");
    expect(await apie.guard(DEPLOY)).toMatchObject({ effectiveDecision: "allow" });
    expect(server.requests).toEqual([]);
  });
});

describe("guard()", () => {
  test("gives the decision and stops nothing itself", async () => {
    const { server, apie } = await guarded();
    server.fail(EVALUATE, decided("block"));
    expect(await apie.guard(DEPLOY)).toEqual({
      policyDecision: "block",
      effectiveDecision: "block",
      enforcementAction: "block",
      mode: "enforce",
      reason: "Production is closed",
      decisionId: "dec_1",
      receiptId: "rcp_1",
      approvalId: undefined,
      matchedGuardrails: ["prod-deploys"],
      failure: undefined,
    });
  });
});

describe("an evaluation that fails, in enforce mode", () => {
  const FAILURES = {
    "no answer in time": "hang",
    "a broken connection": "reset",
    "a server error": { status: 503 },
    "a refused key": { status: 401 },
    "a refused question": { status: 422 },
    "no decision in the answer": { body: {} },
    "a decision nobody knows": { body: { policy_decision: "perhaps" } },
    "no JSON": { text: "<html>" },
    "an approval without an id": decided("require_approval", { approval_request: undefined }),
  } as const;

  test.each(Object.entries(FAILURES))(
    "%s: goes on when open, stops when closed, throws when told",
    async (_, failure) => {
      for (const guardFailureMode of ["fail_open", "fail_closed", "throw"] as const) {
        const { server, apie, told } = await guarded({ guardFailureMode, guardTimeoutMs: 60 });
        server.fail(EVALUATE, failure);
        let ran = false;
        const error = await apie
          .withTool(DEPLOY, () => {
            ran = true;
          })
          .catch((thrown) => thrown);
        expect(ran, guardFailureMode).toBe(guardFailureMode === "fail_open");
        if (guardFailureMode === "fail_open") expect(error).toBeUndefined();
        else if (guardFailureMode === "fail_closed") expect(error).toBeInstanceOf(GuardrailBlockedError);
        else {
          expect(error).toBeInstanceOf(ApieError);
          expect(error).not.toBeInstanceOf(GuardrailBlockedError);
        }
        if (guardFailureMode !== "throw") expect(told.length).toBeGreaterThan(0);
        server.release();
      }
    },
  );

  test("costs no more than its budget, also again and again: a dead Apie is not waited for each time", async () => {
    const { server, apie } = await guarded({ guardTimeoutMs: 100 });
    server.fail(EVALUATE, "hang");
    const started = performance.now();
    for (let call = 0; call < 20; call += 1) await apie.withTool(DEPLOY, () => "done");
    // Three wait for the budget, the others not at all.
    expect(performance.now() - started).toBeLessThan(20 * 100 * 0.5);
    expect(server.to(EVALUATE)).toHaveLength(3);
    server.release();
  });
});
