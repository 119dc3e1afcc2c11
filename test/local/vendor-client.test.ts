/**
 * The bytes the vendor's own client sends, as recorded from it: explicit nulls in bodies, nulls inside of event objects,
 * camelCase where it writes camelCase.
 */
import { describe, expect, it } from "vitest";
import type { LocalApie } from "../../src/local/index.ts";
import { get, type Json, post, startApie } from "./support.ts";

const IDENTIFY = {
  agent: {
    key: "vendor-agent",
    name: "Vendor Agent",
    purpose: null,
    owner_email: null,
    team: null,
    description: null,
  },
  runtime: { environment: null, framework: null, language: "python", sdk_version: "0.1.0" },
  model: { provider: null, name: null },
  mode: "monitor",
  tools: null,
  prompt_hash: null,
  hostname: "local",
};

const agentEvent = (fields: object) => ({
  agent_key: "vendor-agent",
  event_id: crypto.randomUUID(),
  timestamp: "2026-03-01T10:00:00.123456+00:00",
  ...fields,
});

async function identify(apie: LocalApie, fields: object = {}): Promise<Json> {
  return (await post(apie, "/v1/agents/identify", { ...IDENTIFY, ...fields })).body;
}

const childRun = (fields: object) => ({
  agent_key: "vendor-agent",
  agent_id: null,
  agent_version_id: null,
  parent_run_id: null,
  trigger_event_id: null,
  step_key: null,
  step_name: null,
  step_index: null,
  role: null,
  environment: null,
  input_summary: null,
  metadata: null,
  ...fields,
});

describe("registration", () => {
  it("makes an agent once and a version for each configuration", async () => {
    const apie = await startApie();
    const first = await identify(apie);
    expect(first).toMatchObject({
      workspace_id: "ws_local",
      created: true,
      version_created: true,
      ingest_url: `${apie.url}/v1/events`,
      dashboard_url: apie.url,
    });
    expect(first.config_hash).toMatch(/^[0-9a-f]{64}$/);

    const again = await identify(apie, { hostname: "another-host" });
    expect(again).toMatchObject({
      agent_id: first.agent_id,
      agent_version_id: first.agent_version_id,
      created: false,
      version_created: false,
    });

    const newPrompt = await identify(apie, { prompt_hash: "abc" });
    expect(newPrompt).toMatchObject({ agent_id: first.agent_id, created: false, version_created: true });
    expect(newPrompt.config_hash).not.toBe(first.config_hash);

    const { agent, versions } = await get(apie, "/api/agents/vendor-agent");
    expect(agent).toMatchObject({
      id: first.agent_id,
      name: "Vendor Agent",
      mode: "monitor",
      identified: true,
    });
    expect(versions.map((version: Json) => version.id)).toEqual([
      newPrompt.agent_version_id,
      first.agent_version_id,
    ]);
  });

  it("takes every field the client can set", async () => {
    const apie = await startApie();
    const full = await identify(apie, {
      agent: { key: "k", name: "n", purpose: "p", owner_email: "o@example.com", team: "t", description: "d" },
      tools: [
        { name: "b" },
        { name: "a", action_types: ["read"], resource_types: null, risk_level: "low", provider: null },
      ],
      version: { version: "1.2.3", framework: null, model_provider: "openai", model_name: "gpt" },
      source: { git_sha: "abc", deployment_id: null },
    });
    expect(full).not.toHaveProperty("warnings");
    const { agent, versions, boundary } = await get(apie, `/api/agents/${full.agent_id}`);
    expect(agent).toMatchObject({ purpose: "p", owner_email: "o@example.com", team: "t", description: "d" });
    expect(versions[0]).toMatchObject({
      config: { version: { version: "1.2.3", model_provider: "openai", model_name: "gpt" } },
    });
    expect(boundary.declared.map((tool: Json) => tool.tool)).toEqual(["a", "b"]);
  });

  it("tells of fields it does not know instead of losing them silently", async () => {
    const apie = await startApie();
    const answer = await post(apie, "/v1/runs", { agent_key: "a", inputSummary: "hello", colour: "red" });
    expect(answer.status).toBe(201);
    expect(answer.body.warnings).toEqual([
      "unknown field inputSummary was ignored; did you mean input_summary?",
      "unknown field colour was ignored",
    ]);
  });
});

describe("the pipeline test event", () => {
  it("runs end to end and reads back as one session", async () => {
    const apie = await startApie();
    const { agent_id, agent_version_id } = await identify(apie);
    const ids = { agent_id, agent_version_id };
    const declared = await post(apie, `/v1/agents/${agent_id}/capabilities/declare`, {
      capabilities: [
        {
          tool: { name: "test_tool", provider: "apie" },
          actions: ["read"],
          resources: ["test_resource"],
          riskLevel: "low",
        },
      ],
    });
    expect(declared.body.declared).toHaveLength(1);

    const session = await post(apie, "/v1/sessions", {
      kind: "pipeline",
      orchestrator_agent_key: "vendor-agent",
      orchestrator_agent_id: agent_id,
      environment: null,
      input_summary: "Apie SDK pipeline test",
      metadata: { test: true },
    });
    expect(session.status).toBe(201);
    expect(session.body).toMatchObject({ status: "running", started_at: expect.stringMatching(/Z$/) });
    const session_id = session.body.id;

    const orchestrator = await post(
      apie,
      `/v1/sessions/${session_id}/runs`,
      childRun({ ...ids, step_name: "Orchestrator", step_index: 0, input_summary: "Orchestrator step" }),
    );
    expect(orchestrator.body).toMatchObject({
      session_id,
      status: "running",
      started_at: expect.stringMatching(/Z$/),
    });
    const orchestratorId = orchestrator.body.id;

    const decision = await post(apie, "/v1/guardrails/evaluate", {
      agent_key: "vendor-agent",
      run_id: orchestratorId,
      mode: "monitor",
      risk_level: "high",
      action: { type: "execute", name: "deploy_pipeline" },
      resource: {
        type: "deployment_event",
        provider: "internal_ops",
        environment: "production",
        external_id: null,
      },
      tool: { name: "deploy_pipeline_tool", provider: "internal_ops", riskLevel: "high" },
      metadata: { test: true, scenario: "guardrail_evaluation" },
    });
    expect(decision.body).toMatchObject({
      policy_decision: "allow",
      effective_decision: "allow",
      enforcement_action: "proceed",
      mode: "monitor",
      matched_guardrails: [],
      decision_id: expect.stringMatching(/^dec_/),
    });

    const handoff = await post(apie, `/v1/sessions/${session_id}/handoffs`, {
      source_run_id: orchestratorId,
      source_agent_id: agent_id,
      target_run_id: null,
      target_agent_id: null,
      trigger_event_id: null,
      reason: "Delegate worker step",
      input_summary: null,
      payload_summary: { releaseId: "rel_test", filesChanged: 3 },
      status: "requested",
    });
    expect(handoff.body).toMatchObject({ id: expect.stringMatching(/^hof_/), status: "requested" });

    const worker = await post(
      apie,
      `/v1/sessions/${session_id}/runs`,
      childRun({
        ...ids,
        parent_run_id: orchestratorId,
        step_name: "Worker",
        step_index: 1,
        role: "worker",
        input_summary: "Worker step",
        metadata: { payload_summary: null },
      }),
    );
    const workerId = worker.body.id;

    const tool = { name: "test_tool", provider: "apie", risk_level: "low" };
    const action = { type: "read", name: "test_tool", risk_level: null };
    const resource = { type: "test_resource", external_id: null, provider: "apie", environment: null };
    const deploy = { type: "execute", name: "deploy_pipeline", risk_level: null };
    const production = {
      type: "deployment_event",
      external_id: null,
      provider: "internal_ops",
      environment: "production",
    };
    const verdict = {
      policyDecision: "allow",
      effectiveDecision: "allow",
      enforcementAction: "proceed",
      mode: "monitor",
      reason: null,
    };
    const orchestratorEvents = [
      {
        type: "agent.llm.called",
        event_category: "llm",
        step_name: "Plan",
        payload_summary: { model: "test-model" },
      },
      { type: "agent.llm.completed", event_category: "llm", step_name: "Plan" },
      {
        type: "agent.workflow.step.started",
        event_category: "workflow",
        step_name: "Validate inputs",
        step_index: 0,
      },
      {
        type: "agent.workflow.step.completed",
        event_category: "workflow",
        step_name: "Validate inputs",
        step_index: 0,
      },
      { type: "agent.tool.called", tool, action, resource },
      { type: "agent.action.requested", tool, action, resource },
      {
        type: "agent.action.completed",
        tool,
        action,
        resource,
        metadata: { result: { status: "completed" } },
      },
      {
        type: "agent.guardrail.evaluated",
        action: deploy,
        resource: production,
        decision: verdict,
        metadata: verdict,
      },
      { type: "agent.action.requested", action: deploy, resource: production, environment: "production" },
      {
        type: "agent.action.completed",
        action: deploy,
        resource: production,
        environment: "production",
        metadata: { result: { status: "executed" } },
      },
      {
        type: "agent.handoff.requested",
        event_category: "handoff",
        payload_summary: { releaseId: "rel_test" },
        metadata: { reason: "Delegate worker step", target_run_id: null, target_agent_id: null },
      },
    ];
    const workerEvents = [
      { type: "agent.handoff.completed", event_category: "handoff", payload_summary: { status: "accepted" } },
      {
        type: "agent.mcp.called",
        event_category: "mcp",
        step_name: "Lookup",
        payload_summary: { server: "test-mcp" },
      },
      { type: "agent.mcp.completed", event_category: "mcp", step_name: "Lookup" },
      { type: "agent.tool.called", tool, action, resource },
      { type: "agent.action.requested", tool, action, resource },
      {
        type: "agent.action.completed",
        tool,
        action,
        resource,
        metadata: { result: { status: "completed" } },
      },
    ];
    const events = [
      ...orchestratorEvents.map((event, index) => ({
        ...event,
        run_id: orchestratorId,
        sequence_number: index + 1,
      })),
      ...workerEvents.map((event, index) => ({ ...event, run_id: workerId, sequence_number: index + 1 })),
    ].map((event, index) => agentEvent({ ...ids, session_id, session_sequence_number: index + 1, ...event }));
    const types = [...orchestratorEvents, ...workerEvents].map((event) => event.type);
    const sent = await post(apie, "/v1/events", { events });
    expect(sent.body).toEqual({ accepted: 17, warnings: [] });

    for (const run of [workerId, orchestratorId]) {
      const completed = await post(apie, `/v1/runs/${run}/complete`, { status: "completed", metadata: null });
      expect(completed.body).toMatchObject({ id: run, status: "completed" });
    }
    const ended = await post(apie, `/v1/sessions/${session_id}/complete`, {
      status: "completed",
      output_summary: null,
      metadata: null,
    });
    expect(ended.body).toMatchObject({ status: "completed" });
    expect(ended.body).not.toHaveProperty("warnings");

    const read = await get(apie, `/api/sessions/${session_id}`);
    expect(read.session).toMatchObject({
      kind: "pipeline",
      status: "completed",
      agents: ["vendor-agent"],
      metadata: { test: true },
      counts: { runs: 2, running: 0, failed: 0, events: 17, errors: 0, failures: 0 },
    });
    const runs = await get(apie, `/api/sessions/${session_id}/runs`);
    expect(
      runs.items.map((run: Json) => [run.id, run.parent_run_id, run.role, run.step_index, run.status]),
    ).toEqual([
      [orchestratorId, null, null, 0, "completed"],
      [workerId, orchestratorId, "worker", 1, "completed"],
    ]);
    const replay = await get(apie, `/api/sessions/${session_id}/events`);
    expect(replay.items.map((event: Json) => event.type)).toEqual(types);
    const handoffs = await get(apie, `/api/sessions/${session_id}/handoffs`);
    expect(handoffs.items).toMatchObject([
      { source_run_id: orchestratorId, reason: "Delegate worker step", payload_summary: { filesChanged: 3 } },
    ]);
    const decisions = await get(apie, `/api/decisions?run=${orchestratorId}`);
    expect(decisions.items).toMatchObject([
      { id: decision.body.decision_id, request: { risk_level: "high" } },
    ]);
  });
});

describe("what other clients rely on", () => {
  it("takes track() events: no event id, no session, any type, any payload", async () => {
    const apie = await startApie();
    const { id: run_id } = (await post(apie, "/v1/runs", childRun({}))).body;
    const event = {
      type: "custom.event",
      agent_key: "vendor-agent",
      run_id,
      sequence_number: 1,
      timestamp: "2026-03-01T10:00:00+00:00",
      metadata: { nested: { nothing: null }, list: [null, 1] },
    };
    const sent = await post(apie, "/v1/events", { events: [event, event] });
    expect(sent.body).toMatchObject({ accepted: 2 });
    expect(sent.body.warnings).toHaveLength(2);
    expect(sent.body.warnings[0]).toContain("custom.event");
    const { events } = await get(apie, `/api/runs/${run_id}`);
    expect(events.items[0]).toMatchObject(event);
    expect(events.items[0]?.event_id).toMatch(/^evt_/);
    expect(new Set(events.items.map((item: Json) => item.event_id)).size).toBe(2);
  });

  it("takes the proxy's events of a run that was never opened, and shows them", async () => {
    const apie = await startApie();
    const event = agentEvent({
      type: "agent.mcp.called",
      run_id: "run_mcp_0123456789ab",
      step_name: "github.search",
      event_category: "mcp",
      metadata: { capture_source: "mcp_proxy" },
    });
    const sent = await post(apie, "/v1/events", { events: [event] });
    expect(sent.body).toEqual({ accepted: 1, warnings: ["run run_mcp_0123456789ab was never opened here"] });
    const read = await get(apie, "/api/runs/run_mcp_0123456789ab");
    expect(read.run).toBeNull();
    expect(read.unopened).toMatchObject({ agent_key: "vendor-agent", events: 1 });
    expect(read.events.items).toMatchObject([event]);
  });

  it("takes events that come after run and session are completed", async () => {
    const apie = await startApie();
    const { id: session_id } = (await post(apie, "/v1/sessions", { kind: null, metadata: null })).body;
    const { id: run_id } = (await post(apie, `/v1/sessions/${session_id}/runs`, childRun({}))).body;
    await post(apie, `/v1/runs/${run_id}/complete`, { status: "failed", metadata: null });
    await post(apie, `/v1/sessions/${session_id}/complete`, { status: "cancelled" });
    const late = agentEvent({
      type: "agent.error",
      run_id,
      session_id,
      error: { message: "boom", stack: null },
    });
    expect((await post(apie, "/v1/events", { events: [late] })).body).toEqual({ accepted: 1, warnings: [] });
    const { session } = await get(apie, `/api/sessions/${session_id}`);
    expect(session).toMatchObject({
      kind: "single_agent",
      status: "cancelled",
      counts: { events: 1, errors: 1 },
    });
  });

  it("takes events whose objects were removed because they grew too large", async () => {
    const apie = await startApie();
    const cut = agentEvent({
      type: "agent.tool.called",
      metadata: { apie_payload_truncated: true, apie_payload_bytes: 70_000, apie_payload_max_bytes: 64_000 },
      payload_summary: { notice: "[TRUNCATED_FOR_SIZE]" },
    });
    const sent = await post(apie, "/v1/events", { events: [cut] });
    expect(sent.body).toEqual({ accepted: 1, warnings: ["events[0]: agent.tool.called has no tool"] });
  });

  it("resolves other agents by key, and makes an agent that only its key names", async () => {
    const apie = await startApie();
    const { id: session_id } = (await post(apie, "/v1/sessions", {})).body;
    const run = await post(apie, `/v1/sessions/${session_id}/runs`, childRun({ agent_key: "worker-agent" }));
    expect(run.status).toBe(201);
    const { agent } = await get(apie, "/api/agents/worker-agent");
    expect(agent).toMatchObject({ id: run.body.agent_id, name: null, identified: false });

    const registered = await identify(apie, { agent: { key: "worker-agent", name: "Worker" } });
    expect(registered).toMatchObject({ agent_id: agent.id, created: true });
  });

  it("keeps an agent that is named by its id alone", async () => {
    const apie = await startApie();
    const { agent_id } = await identify(apie);
    const { id: session_id } = (await post(apie, "/v1/sessions", {})).body;
    const run = await post(apie, `/v1/sessions/${session_id}/runs`, childRun({ agent_key: null, agent_id }));
    expect(run.body).toMatchObject({ agent_id, agent_key: "vendor-agent" });
  });

  it("validates events without storing them, and warns of tools outside the declared boundary", async () => {
    const apie = await startApie();
    const { agent_id } = await identify(apie);
    await post(apie, `/v1/agents/${agent_id}/tools/define`, {
      name: "search",
      provider: "zendesk",
      description: "Searches",
      inputSchema: { type: "object" },
      actionTypes: ["read"],
      resourceTypes: ["work_item"],
      riskLevel: "low",
    });
    const answer = await post(apie, "/v1/events/validate", {
      events: [
        agentEvent({ type: "agent.tool.called", tool: { name: "search", provider: null, risk_level: null } }),
        agentEvent({
          type: "agent.tool.called",
          tool: { name: "drop_table", provider: null, risk_level: null },
        }),
        { type: "agent.tool.called", tool: "search" },
      ],
    });
    expect(answer.body.accepted).toBe(2);
    expect(answer.body.previews).toMatchObject([
      { index: 0, validation_status: "valid", warnings: [] },
      {
        index: 1,
        validation_status: "valid",
        warnings: ["tool drop_table is not declared by agent vendor-agent"],
      },
      {
        index: 2,
        validation_status: "invalid",
        issues: [{ path: "agent_key", message: "is required (string)" }, { path: "tool" }],
      },
    ]);
    expect((await get(apie, "/api/events")).items).toEqual([]);
  });

  it("enables a template once, under the same id", async () => {
    const apie = await startApie();
    const first = await post(apie, "/v1/guardrails/templates/prod-deploys/enable", {});
    const second = await post(apie, "/v1/guardrails/templates/prod-deploys/enable", {});
    expect(first.body).toMatchObject({
      key: "prod-deploys",
      status: "enabled",
      id: expect.stringMatching(/^tpl_/),
    });
    expect(second.body).toEqual(first.body);
  });

  it("answers health and name without a key", async () => {
    const apie = await startApie({ key: "secret" });
    expect(await get(apie, "/health")).toEqual({ status: "ok", database: "connected" });
    expect(await get(apie, "/")).toEqual({ name: "apie-otel local", status: "ok" });
  });
});

describe("approvals", () => {
  const requested = agentEvent({
    type: "agent.approval.requested",
    action: { type: "execute", name: "deploy", risk_level: null },
    resource: { type: "deployment_event", external_id: null, provider: null, environment: "production" },
    approval: { approval_id: "appr_1", status: "pending" },
    metadata: { approval_id: "appr_1", reason: "production deploy" },
  });
  const resolved = agentEvent({
    type: "agent.approval.resolved",
    approval: { approval_id: "appr_1", status: "approved", resolved_by: "ann" },
    metadata: { approval_id: "appr_1", status: "approved" },
  });

  it("waits until the outcome comes", async () => {
    const apie = await startApie();
    await post(apie, "/v1/events", { events: [requested] });
    expect((await get(apie, "/v1/approvals/appr_1")).approval).toMatchObject({
      status: "pending",
      reason: "production deploy",
      request: { action: { name: "deploy" } },
    });
    const waiting = get(apie, "/v1/approvals/appr_1/wait?timeout=30000");
    await post(apie, "/v1/events", { events: [resolved] });
    expect(await waiting).toEqual({ status: "approved" });
    expect((await get(apie, "/v1/approvals/appr_1")).approval).toMatchObject({ resolved_by: "ann" });
    expect((await get(apie, "/api/approvals?status=pending")).items).toEqual([]);
  });

  it("says timeout when nobody resolves it in time", async () => {
    const apie = await startApie();
    await post(apie, "/v1/events", { events: [requested] });
    expect(await get(apie, "/v1/approvals/appr_1/wait?timeout=20")).toEqual({ status: "timeout" });
  });
});
