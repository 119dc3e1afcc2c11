import { describe, expect, it } from "vitest";
import type { LocalApie } from "../../src/local/index.ts";
import { call, get, post, sendEvents, startApie } from "./support.ts";

async function agentWithBoundary(apie: LocalApie): Promise<string> {
  const { agent_id } = (
    await post(apie, "/v1/agents/identify", {
      agent: { key: "tester", name: "Tester" },
      tools: [{ name: "unused", action_types: ["read"] }],
    })
  ).body;
  await post(apie, `/v1/agents/${agent_id}/capabilities/declare`, {
    capabilities: [
      {
        tool: { name: "search", provider: "zendesk" },
        actions: ["read"],
        resources: ["work_item"],
        environments: ["staging"],
        riskLevel: "low",
      },
      { tool: { name: "anything" } },
    ],
  });
  return agent_id;
}

const use = (tool: string, action: string, resource: string, environment: string, fields: object = {}) => ({
  type: "agent.tool.called",
  tool: { name: tool, provider: null, risk_level: null },
  action: { type: action, name: tool, risk_level: null },
  resource: { type: resource, external_id: null, provider: null, environment },
  ...fields,
});

describe("declared against observed", () => {
  it("shows what drifted: tools, actions, resources, environments, and what is never used", async () => {
    const apie = await startApie();
    const agent_id = await agentWithBoundary(apie);
    await sendEvents(
      apie,
      use("search", "read", "work_item", "staging"),
      use("search", "read", "work_item", "staging"),
      use("search", "delete", "work_item", "production"),
      use("search", "read", "secret", "staging"),
      use("anything", "execute", "shell_command", "production"),
      // What a client sends when a call names none is no resource of its own.
      use("search", "read", "unknown", "unknown"),
      use("rm", "delete", "file", "production"),
      { type: "agent.llm.called" },
    );
    const { boundary } = await get(apie, `/api/agents/${agent_id}`);
    expect(boundary.drift).toEqual({
      undeclared_tools: [{ tool: "rm", events: 1 }],
      undeclared_actions: [{ tool: "search", action: "delete", events: 1 }],
      undeclared_resources: [{ tool: "search", resource: "secret", events: 1 }],
      undeclared_environments: [{ tool: "search", environment: "production", events: 1 }],
      unused_tools: ["unused"],
    });
    expect(boundary.observed[0]).toMatchObject({
      tool: "search",
      action: "read",
      resource: "work_item",
      environment: "staging",
      events: 2,
      calls: 2,
    });
    expect(boundary.observed).toHaveLength(6);
  });

  it("a capability and a tool declared again are replaced, not doubled", async () => {
    const apie = await startApie();
    const agent_id = await agentWithBoundary(apie);
    const before = (await get(apie, `/api/agents/${agent_id}`)).capabilities;
    await post(apie, `/v1/agents/${agent_id}/capabilities/declare`, {
      capabilities: [{ tool: { name: "search", provider: "zendesk" }, actions: ["read", "update"] }],
    });
    const tool = { name: "search", provider: null, description: "one", inputSchema: { type: "object" } };
    expect((await post(apie, `/v1/agents/${agent_id}/tools/define`, tool)).status).toBe(201);
    const again = await post(apie, `/v1/agents/${agent_id}/tools/define`, { ...tool, description: "two" });
    expect([again.status, again.body.created]).toEqual([200, false]);
    const { capabilities, tools } = await get(apie, `/api/agents/${agent_id}`);
    expect(capabilities).toHaveLength(before.length);
    expect(capabilities[1]).toMatchObject({
      id: before[1]?.id,
      actions: ["read", "update"],
      environments: [],
    });
    expect(tools).toMatchObject([{ description: "two", input_schema: { type: "object" } }]);
  });
});

describe("a boundary report", () => {
  const NOW = Date.parse("2026-06-10T00:00:00Z");

  async function reported(body: object) {
    const apie = await startApie({ now: () => NOW });
    const agent_id = await agentWithBoundary(apie);
    await sendEvents(
      apie,
      use("search", "read", "work_item", "staging", { timestamp: "2026-06-09T23:00:00Z", run_id: "r1" }),
      use("rm", "delete", "file", "production", { timestamp: "2026-06-09T12:00:00Z", run_id: "r2" }),
      use("old", "read", "file", "staging", { timestamp: "2026-06-05T00:00:00Z", agent_version_id: "ver_x" }),
      { type: "agent.error", timestamp: "2026-06-09T23:00:00Z", error: { message: "x" } },
      {
        type: "agent.guardrail.evaluated",
        timestamp: "2026-06-09T23:00:00Z",
        decision: { policyDecision: "block", effectiveDecision: "allow" },
      },
    );
    const created = await post(apie, `/v1/agents/${agent_id}/boundary-reports`, body);
    expect(created.status).toBe(201);
    const read = await get(apie, `/v1/boundary-reports/${created.body.report_id}`);
    return { apie, created: created.body, read };
  }

  it("counts what happened in its window", async () => {
    const { apie, created, read } = await reported({
      title: null,
      report_type: null,
      window: "24h",
      time_window: null,
      filters: null,
      sections: [],
    });
    expect(created).toMatchObject({ status: "generated", report_id: expect.stringMatching(/^rpt_/) });
    expect(read).toMatchObject({
      status: "generated",
      web_url: created.web_url,
      export_url: created.web_url,
      export_urls: { json: created.web_url },
      report: {
        report_type: "agent_boundary_report",
        time_window: { from: "2026-06-09T00:00:00.000Z" },
        activity: { events: 4, runs: 2, errors: 1, failures: 0, decisions: { block: 1 } },
        drift: { undeclared_tools: [{ tool: "rm", events: 1 }] },
      },
    });
    const exported = await call(apie, "GET", new URL(read.export_urls.json).pathname);
    expect(exported.body).toEqual(read.report);
  });

  it("is narrowed by environment, version, window and sections", async () => {
    const staging = await reported({ window: "24h", filters: { environments: ["staging"] } });
    expect(staging.read.report.observed.map((item: { tool: string }) => item.tool)).toEqual(["search"]);
    const version = await reported({ window: "30d", filters: { agent_version_id: "ver_x" } });
    expect(version.read.report.observed.map((item: { tool: string }) => item.tool)).toEqual(["old"]);
    const exact = await reported({
      time_window: { from: "2026-06-04T00:00:00Z", to: "2026-06-06T00:00:00+02:00" },
    });
    expect(exact.read.report.activity).toMatchObject({ events: 1 });
    const picked = await reported({ sections: ["drift", "weather"], title: "Weekly" });
    expect(picked.created.warnings[0]).toContain("weather");
    expect(picked.read.report).toMatchObject({ title: "Weekly", drift: expect.anything() });
    expect(picked.read.report).not.toHaveProperty("observed");
  });
});
