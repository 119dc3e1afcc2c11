/** Policies, templates and approvals of the local Apie. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fits } from "../../src/local/guardrails/policy.ts";
import type { LocalApie, LocalPolicy } from "../../src/local/index.ts";
import { until } from "../support/until.ts";
import { type Answer, call, get, openRun, openSession, post, startApie } from "./support.ts";

const QUESTION = {
  agent_key: "deployer",
  run_id: null,
  mode: "enforce",
  action: { type: "execute", name: "deploy" },
  resource: { type: "deployment_event", environment: "production" },
  tool: { name: "deploy", provider: "cicd" },
};

const ask = (apie: LocalApie, question: object = {}): Promise<Answer> =>
  post(apie, "/v1/guardrails/evaluate", { ...QUESTION, ...question });

const policy = (
  key: string,
  decision: LocalPolicy["decision"],
  match: LocalPolicy["match"],
): LocalPolicy => ({
  key,
  decision,
  match,
});

describe("an evaluation", () => {
  it("allows what no policy is about, and says so", async () => {
    const { body } = await ask(await startApie());
    expect(body).toMatchObject({
      policy_decision: "allow",
      effective_decision: "allow",
      enforcement_action: "proceed",
      mode: "enforce",
      reason: "No policy matches",
      matched_guardrails: [],
      approval_request: null,
    });
  });

  const MATCHES: readonly (readonly [LocalPolicy["match"], boolean])[] = [
    [{}, true],
    [{ tools: ["deploy"] }, true],
    [{ tools: ["DEPL*"] }, true],
    [{ tools: ["cicd/*"] }, true],
    [{ tools: ["search", "*loy"] }, true],
    [{ tools: ["search"] }, false],
    [{ actions: ["execute"] }, true],
    [{ actions: ["deploy"] }, true],
    [{ actions: ["read"] }, false],
    [{ resources: ["deployment_*"] }, true],
    [{ resources: ["secret"] }, false],
    [{ environments: ["production"] }, true],
    [{ environments: ["staging"] }, false],
    [{ risk_levels: ["high", "critical"] }, false],
    [{ agents: ["deployer"] }, true],
    [{ agents: ["other"] }, false],
    [{ undeclared_tool: true }, true],
    [{ tools: ["deploy"], environments: ["staging"] }, false],
  ];
  it.each(MATCHES)("a policy about %o matches: %s", async (match, isMatching) => {
    const apie = await startApie({ policies: [policy("it", "block", match)] });
    const { body } = await ask(apie);
    expect(body.matched_guardrails).toEqual(isMatching ? [{ key: "it" }] : []);
    expect(body.effective_decision).toBe(isMatching ? "block" : "allow");
  });

  it("looks at the risk wherever clients say it", async () => {
    const apie = await startApie({ policies: [policy("it", "block", { risk_levels: ["high"] })] });
    for (const said of [
      { risk_level: "high" },
      { action: { ...QUESTION.action, riskLevel: "high" } },
      { tool: { ...QUESTION.tool, riskLevel: "high" } },
    ]) {
      expect((await ask(apie, said)).body.effective_decision).toBe("block");
    }
    expect((await ask(apie)).body.effective_decision).toBe("allow");
  });

  it("the strictest decision wins, and all that matched are named, it first", async () => {
    const apie = await startApie({
      policies: [
        policy("warns", "warn", {}),
        policy("asks", "require_approval", {}),
        policy("blocks", "block", {}),
        policy("allows", "allow", {}),
      ],
    });
    const { body } = await ask(apie);
    expect(body.policy_decision).toBe("block");
    expect(body.matched_guardrails).toEqual(["blocks", "asks", "warns", "allows"].map((key) => ({ key })));
  });

  it.each([
    ["allow", "allow", "proceed"],
    ["warn", "warn", "warn"],
    ["block", "allow", "proceed"],
    ["require_approval", "allow", "proceed"],
  ] as const)(
    "in monitor mode %s is effectively %s, and nobody is asked",
    async (decision, effective, enforcement) => {
      const apie = await startApie({ policies: [policy("it", decision, {})] });
      const { body } = await ask(apie, { mode: "monitor" });
      expect(body).toMatchObject({
        policy_decision: decision,
        effective_decision: effective,
        enforcement_action: enforcement,
        approval_request: null,
      });
      expect((await get(apie, "/api/approvals")).items).toEqual([]);
    },
  );

  it("a tool the agent has declared is no unknown one", async () => {
    const apie = await startApie({ policies: [policy("unknown", "block", { undeclared_tool: true })] });
    const { body } = await post(apie, "/v1/agents/identify", {
      agent: { key: "deployer", name: "Deployer" },
      runtime: { language: "typescript" },
      mode: "enforce",
      hostname: "h",
    });
    expect((await ask(apie)).body.effective_decision).toBe("block");
    await post(apie, `/v1/agents/${body.agent_id}/capabilities/declare`, {
      capabilities: [{ tool: { name: "deploy", provider: "cicd" }, actions: ["execute"] }],
    });
    expect((await ask(apie)).body.effective_decision).toBe("allow");
  });

  it("the decision is kept, with the policies that matched", async () => {
    const apie = await startApie({ policies: [policy("it", "block", {})] });
    const { body } = await ask(apie);
    const [kept] = (await get(apie, "/api/decisions")).items;
    expect(kept).toMatchObject({
      id: body.decision_id,
      receipt_id: body.receipt_id,
      policy_decision: "block",
      matched: ["it"],
    });
  });
});

it("`*` in a pattern stands for any text, and for nothing else", () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[ab]{0,3}$/), { minLength: 1, maxLength: 4 }),
      fc.stringMatching(/^[ab]{0,8}$/),
      (pieces, text) => {
        const expression = new RegExp(`^${pieces.join(".*")}$`);
        expect(fits(pieces.join("*"), text)).toBe(expression.test(text));
      },
    ),
    { numRuns: 2_000 },
  );
});

describe("templates", () => {
  const CASES: readonly (readonly [string, object, string])[] = [
    [
      "prod-secrets",
      { action: { type: "read" }, resource: { type: "secret", environment: "prod" } },
      "block",
    ],
    ["prod-deploys", {}, "require_approval"],
    [
      "prod-database",
      { action: { type: "delete" }, resource: { type: "database_record", environment: "production" } },
      "require_approval",
    ],
    ["prod-shell", { resource: { type: "shell_command", environment: "production" } }, "block"],
    ["prod-merge", { action: { type: "merge" }, resource: { type: "code_repository" } }, "require_approval"],
    [
      "require_approval_unknown_mcp_tools",
      { tool: { name: "files.delete", provider: "mcp" } },
      "require_approval",
    ],
  ];
  it.each(CASES)("%s decides once it is enabled", async (key, question, decision) => {
    const apie = await startApie();
    expect((await ask(apie, question)).body.policy_decision).toBe("allow");
    expect((await post(apie, `/v1/guardrails/templates/${key}/enable`, {})).status).toBe(200);
    expect((await ask(apie, question)).body).toMatchObject({
      policy_decision: decision,
      matched_guardrails: [{ key }],
    });
    // Reading in staging is another matter.
    const harmless = { action: { type: "read" }, resource: { type: "file", environment: "staging" } };
    expect((await ask(apie, harmless)).body.policy_decision).toBe("allow");
  });
});

describe("policies over HTTP", () => {
  it("are made, replaced, switched off and removed", async () => {
    const apie = await startApie();
    const made = await post(apie, "/api/policies", policy("no-deploys", "block", { tools: ["deploy"] }));
    expect(made.status).toBe(201);
    expect((await ask(apie)).body.policy_decision).toBe("block");
    await post(apie, "/api/policies", policy("no-deploys", "warn", { tools: ["deploy"] }));
    expect((await ask(apie)).body.policy_decision).toBe("warn");
    await post(apie, "/api/policies", { ...policy("no-deploys", "warn", {}), enabled: false });
    expect((await ask(apie)).body.policy_decision).toBe("allow");
    const { items } = await get(apie, "/api/policies");
    expect(items).toMatchObject([{ key: "no-deploys", enabled: false, source: "custom" }]);
    expect((await post(apie, "/api/policies/no-deploys/remove", {})).status).toBe(200);
    expect((await post(apie, "/api/policies/no-deploys/remove", {})).status).toBe(404);
    expect((await get(apie, "/api/policies")).items).toEqual([]);
  });

  it.each([
    [{ decision: "block" }, "key"],
    [{ key: "a b", decision: "block" }, "key"],
    [{ key: "a", decision: "deny" }, "decision"],
    [{ key: "a", decision: "block", match: { tools: "deploy" } }, "match.tools"],
  ])("%o is refused, naming %s", async (body, field) => {
    const answer = await post(await startApie(), "/api/policies", body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.issues[0]?.path).toBe(field);
  });

  it("wrong ones in the options name the field", async () => {
    await expect(startApie({ policies: [{ key: "a", decision: "deny" as "block" }] })).rejects.toThrow(
      /policies\.0\.decision/,
    );
  });

  it("outlive the process in a database file", async ({ onTestFinished }) => {
    const db = join(import.meta.dirname, `.policies-${process.pid}.sqlite`);
    onTestFinished(() => rm(db, { force: true }));
    const first = await startApie({ db });
    await post(first, "/api/policies", policy("kept", "block", {}));
    await first.close();
    expect((await ask(await startApie({ db }))).body.matched_guardrails).toEqual([{ key: "kept" }]);
  });
});

describe("an approval", () => {
  const asking = { policies: [policy("ask", "require_approval", {})] };

  async function asked(apie: LocalApie, question: object = {}): Promise<string> {
    const { approval_request } = (await ask(apie, question)).body as unknown as {
      approval_request: { id: string };
    };
    return approval_request.id;
  }

  it("waits with what it is about, and leads to its run, session and decision", async () => {
    const apie = await startApie(asking);
    const session = await openSession(apie);
    const run = await openRun(apie, {}, session);
    const id = await asked(apie, { run_id: run });
    const [pending] = (await get(apie, "/api/approvals?status=pending")).items;
    expect(pending).toMatchObject({
      id,
      status: "pending",
      run_id: run,
      session_id: session,
      decision_id: expect.stringMatching(/^dec_/),
      request: { action: QUESTION.action, resource: QUESTION.resource, tool: QUESTION.tool },
    });
    expect(Date.parse(pending?.expires_at as string)).toBeGreaterThan(Date.now());
  });

  it("the event of the agent that asked adds the run it did not know, and asks for nothing anew", async () => {
    const apie = await startApie(asking);
    const id = await asked(apie);
    const run = await openRun(apie);
    await post(apie, "/v1/events", {
      events: [
        {
          type: "agent.approval.requested",
          agent_key: "tester",
          run_id: run,
          action: QUESTION.action,
          resource: QUESTION.resource,
          approval: { approval_id: id, status: "pending" },
        },
      ],
    });
    expect((await get(apie, "/api/approvals")).items).toMatchObject([{ id, run_id: run }]);
  });

  it.each(["approved", "rejected", "cancelled"])(
    "is %s over HTTP, and whoever waits goes on",
    async (status) => {
      const apie = await startApie(asking);
      const id = await asked(apie);
      const waiting = get(apie, `/v1/approvals/${id}/wait?timeout=30000`);
      const resolved = await post(apie, `/api/approvals/${id}/resolve`, { status, resolved_by: "ann" });
      expect(resolved.body.approval).toMatchObject({ id, status, resolved_by: "ann" });
      expect(await waiting).toEqual({ status });
      const again = await post(apie, `/api/approvals/${id}/resolve`, { status: "approved" });
      expect(again.status).toBe(409);
      expect((await get(apie, `/v1/approvals/${id}`)).approval.status).toBe(status);
    },
  );

  it("expires when nobody decides, and whoever waits is told", async () => {
    const apie = await startApie({ ...asking, approvalTtlMs: 50 });
    const id = await asked(apie);
    expect(await get(apie, `/v1/approvals/${id}/wait?timeout=30000`)).toEqual({ status: "expired" });
    expect((await post(apie, `/api/approvals/${id}/resolve`, { status: "approved" })).status).toBe(409);
  });

  it("is resolved by nothing else", async () => {
    const apie = await startApie(asking);
    const id = await asked(apie);
    expect((await post(apie, "/api/approvals/appr_x/resolve", { status: "approved" })).status).toBe(404);
    for (const status of ["expired", "pending", "yes", undefined]) {
      expect((await post(apie, `/api/approvals/${id}/resolve`, { status })).status).toBe(400);
    }
    const foreign = await call(
      apie,
      "POST",
      `/api/approvals/${id}/resolve`,
      { status: "approved" },
      {
        origin: "http://evil.example",
      },
    );
    expect(foreign.status).toBe(403);
    expect((await get(apie, `/v1/approvals/${id}`)).approval.status).toBe("pending");
  });

  it("with a key, it takes the key", async () => {
    const apie = await startApie({ ...asking, key: "sesame" });
    const headers = { authorization: "Bearer sesame" };
    const { body } = await post(apie, "/v1/guardrails/evaluate", QUESTION, headers);
    const { id } = (body as unknown as { approval_request: { id: string } }).approval_request;
    expect((await post(apie, `/api/approvals/${id}/resolve`, { status: "approved" })).status).toBe(401);
    expect((await post(apie, `/api/approvals/${id}/resolve`, { status: "approved" }, headers)).status).toBe(
      200,
    );
  });

  it("is told to live readers", async () => {
    const apie = await startApie(asking);
    const response = await fetch(`${apie.url}/api/stream`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const id = await asked(apie);
    await until("the approval in the stream", async () => {
      text += (await reader?.read())?.value ?? "";
      return text.includes(id);
    });
    await reader?.cancel();
  });
});
