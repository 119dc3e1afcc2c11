/** What no client sends is refused: a 4xx that names the field and the reason, and nothing changes. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { LocalApie } from "../../src/local/index.ts";
import {
  call,
  everything,
  openRun,
  openSession,
  post,
  rawRequest,
  sendEvents,
  startApie,
} from "./support.ts";

const EVENT = { type: "agent.llm.called", agent_key: "tester" };
const EVALUATE = {
  agent_key: "tester",
  mode: "monitor",
  action: { type: "read", name: "search" },
  resource: { type: "file" },
};
const IDENTIFY = { agent: { key: "k", name: "n" } };

interface Case {
  readonly path: string;
  readonly body: unknown;
  readonly status?: number;
  readonly at: string;
  readonly says: string;
}

/** `{…}` in a path stands for an id that exists. */
const CASES: Readonly<Record<string, Case>> = {
  "identify without an agent": { path: "/v1/agents/identify", body: {}, at: "agent", says: "is required" },
  "identify with a null key": {
    path: "/v1/agents/identify",
    body: { agent: { key: null, name: "n" } },
    at: "agent.key",
    says: "must be string, not null",
  },
  "identify with an empty name": {
    path: "/v1/agents/identify",
    body: { agent: { key: "k", name: "" } },
    at: "agent.name",
    says: "must not be empty",
  },
  "identify with an unknown mode": {
    path: "/v1/agents/identify",
    body: { ...IDENTIFY, mode: "strict" },
    at: "mode",
    says: "monitor",
  },
  "identify with a tool that has no name": {
    path: "/v1/agents/identify",
    body: { ...IDENTIFY, tools: [{ name: "a" }, {}] },
    at: "tools[1].name",
    says: "is required",
  },
  "a body that is an array": { path: "/v1/runs", body: [], at: "body", says: "expected object" },
  "a run without an agent": {
    path: "/v1/runs",
    body: { agent_id: "agt_x" },
    at: "agent_key",
    says: "is required",
  },
  "a run with a number for a summary": {
    path: "/v1/runs",
    body: { agent_key: "a", input_summary: 5 },
    at: "input_summary",
    says: "expected string",
  },
  "a run with a list for metadata": {
    path: "/v1/runs",
    body: { agent_key: "a", metadata: [] },
    at: "metadata",
    says: "must be an object",
  },
  "a session of an unknown kind": {
    path: "/v1/sessions",
    body: { kind: "chat" },
    at: "kind",
    says: "pipeline",
  },
  "a run in a session with no agent": {
    path: "/v1/sessions/{session}/runs",
    body: {},
    at: "agent_key",
    says: "is required when agent_id is not given",
  },
  "a run in a session below an unknown run": {
    path: "/v1/sessions/{session}/runs",
    body: { agent_key: "a", parent_run_id: "run_nowhere" },
    status: 422,
    at: "parent_run_id",
    says: "there is no run run_nowhere",
  },
  "a run of an unknown agent id": {
    path: "/v1/sessions/{session}/runs",
    body: { agent_id: "agt_nowhere" },
    status: 422,
    at: "agent_id",
    says: "there is no agent agt_nowhere",
  },
  "a negative step index": {
    path: "/v1/sessions/{session}/runs",
    body: { agent_key: "a", step_index: -1 },
    at: "step_index",
    says: ">=0",
  },
  "completing a run without a status": {
    path: "/v1/runs/{run}/complete",
    body: {},
    at: "status",
    says: "completed",
  },
  "completing a run as running": {
    path: "/v1/runs/{run}/complete",
    body: { status: "running" },
    at: "status",
    says: "completed",
  },
  "completing a session with an object for a summary": {
    path: "/v1/sessions/{session}/complete",
    body: { status: "completed", output_summary: {} },
    at: "output_summary",
    says: "expected string",
  },
  "a hand-off with an unknown status": {
    path: "/v1/sessions/{session}/handoffs",
    body: { status: "maybe" },
    at: "status",
    says: "requested",
  },
  "capabilities that are no list": {
    path: "/v1/agents/{agent}/capabilities/declare",
    body: { capabilities: {} },
    at: "capabilities",
    says: "expected array",
  },
  "a capability without a tool": {
    path: "/v1/agents/{agent}/capabilities/declare",
    body: { capabilities: [{ tool: { name: "ok" } }, { actions: ["read"] }] },
    at: "capabilities[1].tool",
    says: "is required",
  },
  "a tool whose actions are text": {
    path: "/v1/agents/{agent}/tools/define",
    body: { name: "t", actionTypes: "read" },
    at: "actionTypes",
    says: "expected array",
  },
  "an evaluation without an action": {
    path: "/v1/guardrails/evaluate",
    body: { ...EVALUATE, action: null },
    at: "action",
    says: "must be object, not null",
  },
  "an evaluation without a mode": {
    path: "/v1/guardrails/evaluate",
    body: { ...EVALUATE, mode: null },
    at: "mode",
    says: "monitor",
  },
  "a report on a window that ends before it begins": {
    path: "/v1/agents/{agent}/boundary-reports",
    body: { time_window: { from: "2026-02-01T00:00:00Z", to: "2026-01-01T00:00:00Z" } },
    at: "time_window.from",
    says: "before",
  },
  "events that are no list": {
    path: "/v1/events",
    body: { events: {} },
    at: "events",
    says: "expected array",
  },
  "no events at all": { path: "/v1/events", body: {}, at: "events", says: "is required" },
  "an event that is text": {
    path: "/v1/events",
    body: { events: [EVENT, "x"] },
    at: "events[1]",
    says: "expected object",
  },
  "an event without a type": {
    path: "/v1/events",
    body: { events: [EVENT, EVENT, { agent_key: "a" }] },
    at: "events[2].type",
    says: "is required",
  },
  "an event in camelCase": {
    path: "/v1/events",
    body: { events: [{ type: "agent.error", agentKey: "a" }] },
    at: "events[0].agent_key",
    says: "is required",
  },
  "an event with a null at the top": {
    path: "/v1/events",
    body: { events: [{ ...EVENT, run_id: null }] },
    at: "events[0].run_id",
    says: "must be string, not null",
  },
  "an event whose tool is text": {
    path: "/v1/events",
    body: { events: [{ ...EVENT, tool: "search" }] },
    at: "events[0].tool",
    says: "expected object",
  },
  "an event whose tool name is a number": {
    path: "/v1/events",
    body: { events: [{ ...EVENT, tool: { name: 7 } }] },
    at: "events[0].tool.name",
    says: "expected string",
  },
  "an event with a fractional sequence number": {
    path: "/v1/events",
    body: { events: [{ ...EVENT, sequence_number: 1.5 }] },
    at: "events[0].sequence_number",
    says: "expected int",
  },
  "an event with a time in words": {
    path: "/v1/events",
    body: { events: [{ ...EVENT, timestamp: "yesterday" }] },
    at: "events[0].timestamp",
    says: "ISO 8601",
  },
  "an event with a time without a zone": {
    path: "/v1/events",
    body: { events: [{ ...EVENT, timestamp: "2026-01-01T00:00:00" }] },
    at: "events[0].timestamp",
    says: "zone",
  },
  "an event with a day that does not exist": {
    path: "/v1/events",
    body: { events: [{ ...EVENT, timestamp: "2026-13-41T00:00:00Z" }] },
    at: "events[0].timestamp",
    says: "ISO 8601",
  },
};

async function populated(): Promise<{ apie: LocalApie; fill: (path: string) => string }> {
  const apie = await startApie();
  const agent = (await post(apie, "/v1/agents/identify", IDENTIFY)).body.agent_id;
  const session = await openSession(apie);
  const run = await openRun(apie, {}, session);
  await sendEvents(apie, { ...EVENT, run_id: run });
  const ids: Record<string, string> = { agent, session, run };
  return { apie, fill: (path) => path.replace(/\{(\w+)\}/, (_, name: string) => ids[name] ?? name) };
}

describe("a refused request", () => {
  it.each(Object.entries(CASES))("%s", async (_, { path, body, status = 400, at, says }) => {
    const { apie, fill } = await populated();
    const before = await everything(apie);
    const answer = await post(apie, fill(path), body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
    expect(answer.body.error.message).toContain(at === "body" ? "expected object" : at);
    const issue = answer.body.error.issues.find((one: { path: string }) => one.path === at);
    expect(issue?.message).toContain(says);
    expect(await everything(apie)).toEqual(before);
  });

  it("names every wrong field of a batch, and takes none of its events", async () => {
    const { apie } = await populated();
    const before = await everything(apie);
    const answer = await post(apie, "/v1/events", {
      events: [
        { ...EVENT, event_id: "good" },
        { type: 1, agent_key: "" },
        { ...EVENT, error: [] },
      ],
    });
    expect(answer.status).toBe(400);
    expect(answer.body.error.message).toContain("(and 2 more)");
    expect(answer.body.error.issues.map((issue: { path: string }) => issue.path)).toEqual([
      "events[1].type",
      "events[1].agent_key",
      "events[2].error",
    ]);
    expect(await everything(apie)).toEqual(before);
  });
});

describe("ids that name nothing", () => {
  it.each([
    ["POST", "/v1/agents/agt_x/capabilities/declare", { capabilities: [] }],
    ["POST", "/v1/agents/agt_x/tools/define", { name: "t" }],
    ["POST", "/v1/agents/agt_x/boundary-reports", {}],
    ["POST", "/v1/runs/run_x/complete", { status: "completed" }],
    ["POST", "/v1/sessions/ses_x/complete", { status: "completed" }],
    ["POST", "/v1/sessions/ses_x/runs", { agent_key: "a" }],
    ["POST", "/v1/sessions/ses_x/handoffs", {}],
    ["POST", "/v1/guardrails/templates/prod-everything/enable", {}],
    ["GET", "/v1/approvals/appr_x", undefined],
    ["GET", "/v1/approvals/appr_x/wait", undefined],
    ["GET", "/v1/boundary-reports/rpt_x", undefined],
    ["GET", "/api/agents/agt_x", undefined],
    ["GET", "/api/sessions/ses_x", undefined],
    ["GET", "/api/sessions/ses_x/events", undefined],
    ["GET", "/api/runs/run_x", undefined],
    ["GET", "/api/runs/run_x/spans", undefined],
    ["GET", "/api/events/evt_x", undefined],
    ["GET", "/api/traces/0123456789abcdef0123456789abcdef/spans", undefined],
    ["GET", "/v1/nothing", undefined],
  ])("%s %s is 404", async (method, path, body) => {
    const apie = await startApie();
    const answer = await call(apie, method, path, body);
    expect(answer.status).toBe(404);
    expect(answer.body.error).toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/There is no/),
    });
    expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
  });

  it("answers 405 with what is allowed", async () => {
    const apie = await startApie();
    const answer = await call(apie, "DELETE", "/v1/runs");
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("POST");
  });
});

describe("things that happen once", () => {
  it("a run is completed once", async () => {
    const apie = await startApie();
    const run = await openRun(apie);
    await post(apie, `/v1/runs/${run}/complete`, {
      status: "completed",
      metadata: { outputSummary: "first" },
    });
    const before = await everything(apie);
    const second = await post(apie, `/v1/runs/${run}/complete`, { status: "failed" });
    expect(second.status).toBe(409);
    expect(second.body.error).toMatchObject({
      code: "conflict",
      message: expect.stringContaining(`${run} is completed`),
    });
    expect(await everything(apie)).toEqual(before);
  });

  it("a session is completed once, and says when runs are left open", async () => {
    const apie = await startApie();
    const session = await openSession(apie);
    await openRun(apie, {}, session);
    const first = await post(apie, `/v1/sessions/${session}/complete`, { status: "completed" });
    expect(first.body.warnings).toEqual(["1 of the session's runs are still running"]);
    const second = await post(apie, `/v1/sessions/${session}/complete`, { status: "completed" });
    expect(second.status).toBe(409);
  });
});

describe("bodies", () => {
  const JSON_TYPE = { "content-type": "application/json" };
  const codeOf = (body: Buffer): string => JSON.parse(body.toString()).error.code;

  it.each([
    ["text that is not JSON", JSON_TYPE, "{nope", 400, "invalid_json"],
    ["no body", JSON_TYPE, "", 400, "invalid_json"],
    ["bytes that are not UTF-8", JSON_TYPE, Buffer.from([0x22, 0xff, 0x22]), 400, "invalid_json"],
    ["nesting beyond measure", JSON_TYPE, `{"a":${"[".repeat(201)}${"]".repeat(201)}}`, 400, "invalid_json"],
    ["a form", { "content-type": "application/x-www-form-urlencoded" }, "a=b", 415, "unsupported_media_type"],
    ["no content type", {}, "{}", 415, "unsupported_media_type"],
    ["an unknown encoding", { ...JSON_TYPE, "content-encoding": "br" }, "{}", 415, "unsupported_encoding"],
    ["gzip that is none", { ...JSON_TYPE, "content-encoding": "gzip" }, "{}", 400, "invalid_encoding"],
  ])("%s", async (_, headers, body, status, code) => {
    const apie = await startApie();
    const answer = await rawRequest(apie, { method: "POST", path: "/v1/runs", headers, body });
    expect([answer.status, codeOf(answer.body)]).toEqual([status, code]);
    expect(answer.headers["x-request-id"]).toMatch(/^req_/);
  });

  it("may be gzip", async () => {
    const apie = await startApie();
    const body = gzipSync(JSON.stringify({ agent_key: "a" }));
    const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
    expect((await rawRequest(apie, { method: "POST", path: "/v1/runs", headers, body })).status).toBe(201);
  });

  it("are bounded by their announced size, their real size, and what they inflate to", async () => {
    const apie = await startApie({ maxBodyBytes: 4096 });
    const big = JSON.stringify({ agent_key: "a", input_summary: "x".repeat(5000) });
    const path = "/v1/runs";
    const announced = await rawRequest(apie, { method: "POST", path, headers: JSON_TYPE, body: big });
    const chunked = await rawRequest(apie, {
      method: "POST",
      path,
      headers: { ...JSON_TYPE, "transfer-encoding": "chunked" },
      body: big,
    });
    const bomb = await rawRequest(apie, {
      method: "POST",
      path,
      headers: { ...JSON_TYPE, "content-encoding": "gzip" },
      body: gzipSync(Buffer.alloc(50_000_000)),
    });
    for (const answer of [announced, chunked, bomb]) {
      expect([answer.status, codeOf(answer.body)]).toEqual([413, "body_too_large"]);
    }
    expect((await post(apie, path, { agent_key: "a" })).status).toBe(201);
  });
});

describe("query parameters", () => {
  it.each([
    ["/api/sessions?statsu=failed", "statsu"],
    ["/api/sessions?status=done", "status"],
    ["/api/sessions?limit=0", "limit"],
    ["/api/events?limit=100000", "limit"],
    ["/api/events?cursor=abc", "cursor"],
    ["/api/events?type=a&type=b", "type"],
    ["/api/traces/xyz/spans", "traceId"],
  ])("%s names %s", async (path, field) => {
    const apie = await startApie();
    const answer = await call(apie, "GET", path);
    expect(answer.status).toBe(400);
    expect(answer.body.error.message).toContain(field);
  });
});
