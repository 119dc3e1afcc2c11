/** What asks Apie and waits for its answer: registration, declarations, validation, test events, and the state of the queue. */
import { describe, expect, test } from "vitest";
import { Apie, ApieConfigError, ApieError } from "../../src/index.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import { startOtel } from "../support/otel.ts";
import { apiSetup, delivered, only } from "./support/api.ts";

describe("registration", () => {
  test("starts with the client and gives the ids", async () => {
    const { apie, server } = await apiSetup();
    expect([apie.agentId, apie.agentVersionId]).toEqual([undefined, undefined]);
    expect(await apie.ready()).toMatchObject({
      agentId: "agt_1",
      agentVersionId: "ver_1",
      workspaceId: "ws_1",
    });
    expect([apie.agentId, apie.agentVersionId]).toEqual(["agt_1", "ver_1"]);
    expect(only(server.to("/v1/agents/identify")).body).toMatchObject({
      agent: { key: "support", name: "Support" },
      mode: "monitor",
      runtime: { language: "typescript" },
    });
  });

  test("declares the configured boundary once", async () => {
    const { apie, server } = await apiSetup({
      capabilities: [{ tool: { name: "search" }, actions: ["read"], riskLevel: "low" }],
    });
    await apie.ready();
    const [request] = await server.received(/capabilities\/declare$/);
    expect(request?.path).toBe("/v1/agents/agt_1/capabilities/declare");
    expect(request?.body).toEqual({
      capabilities: [{ tool: { name: "search" }, actions: ["read"], riskLevel: "low" }],
    });
  });

  test("that fails rejects ready(), and goes on in the background", async () => {
    const { apie, server } = await apiSetup({ retryBaseDelayMs: 1 });
    const mend = server.fail("/v1/agents/identify", { status: 503, body: { error: "busy" } });
    const error: unknown = await apie.ready().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ApieError);
    expect(error).toMatchObject({ code: "http_503", status: 503, message: expect.stringContaining("busy") });
    mend();
    expect(await apie.ready()).toMatchObject({ agentId: "agt_1" });
  });

  test("that gets no answer rejects at the deadline", async () => {
    const { apie, server } = await apiSetup({ flushTimeoutMs: 30 });
    const mend = server.fail("/v1/agents/identify", "hang");
    await expect(apie.ready()).rejects.toMatchObject({ name: "ApieError", code: "timeout" });
    mend();
    server.release();
  });

  test("again, when asked for", async () => {
    const { apie, server } = await apiSetup();
    await apie.ready();
    expect(await apie.identify()).toMatchObject({ agentId: "agt_1" });
    expect(server.to("/v1/agents/identify")).toHaveLength(2);
  });
});

describe("declarations", () => {
  test("are sent in the protocol's spelling", async () => {
    const { apie, server } = await apiSetup();
    await apie.capabilities.declare([
      { tool: { name: "search", provider: "zendesk" }, resources: ["work_item"] },
    ]);
    await apie.tools.define({
      name: "search",
      description: "Finds tickets",
      inputSchema: { type: "object", properties: { q: { type: "string" } } },
      actionTypes: ["read"],
      riskLevel: "low",
      environments: ["prod"],
    });
    expect(only(server.to(/capabilities\/declare$/)).body).toEqual({
      capabilities: [{ tool: { name: "search", provider: "zendesk" }, resources: ["work_item"] }],
    });
    expect(server.to(/tools\/define$/)[0]?.text).toBe(
      JSON.stringify({
        name: "search",
        description: "Finds tickets",
        inputSchema: { type: "object", properties: { q: { type: "string" } } },
        actionTypes: ["read"],
        riskLevel: "low",
      }),
    );
  });

  test("lose secrets by their form alone: a schema may have a member named password", async () => {
    const secret = "sk-abcdefghijklmnopqrstuvwxyz0123456789";
    const inputSchema = { properties: { password: { type: "string" }, key: { default: secret } } };
    const { apie, server } = await apiSetup({
      agent: { key: "support", name: "Support", purpose: `uses ${secret}` },
      capabilities: [{ tool: { name: `t ${secret}` } }],
      redactDenyPatterns: [/.+/],
    });
    await apie.tools.define({ name: "search", inputSchema });
    await apie.capabilities.declare([{ tool: { name: "t" }, environments: [secret] }]);
    await delivered(apie);
    expect(only(server.to(/define$/)).body).toEqual({
      name: "search",
      inputSchema: { properties: { password: { type: "string" }, key: { default: "[REDACTED]" } } },
    });
    expect(only(server.to("/v1/agents/identify")).body).toMatchObject({
      agent: { key: "support", name: "Support", purpose: "uses [REDACTED]" },
    });
    expect(server.to(/declare$/)).toHaveLength(2);
    expect(server.everything).not.toContain("sk-abc");
  });

  test("members that are null are left out", async () => {
    const { apie, server } = await apiSetup();
    const nothing = { riskLevel: null, provider: null } as never;
    await apie.capabilities.declare([{ tool: { name: "search" }, ...Object(nothing) }]);
    await apie.tools.define({ name: "search", ...Object(nothing) });
    expect(only(server.to(/declare$/)).body).toEqual({ capabilities: [{ tool: { name: "search" } }] });
    expect(only(server.to(/define$/)).body).toEqual({ name: "search" });
  });

  test.each([
    ["capabilities.declare", (apie: Apie) => apie.capabilities.declare([{ tool: { name: "t" } }])],
    ["tools.define", (apie: Apie) => apie.tools.define({ name: "t" })],
  ])("%s that Apie refuses says so", async (call, declare) => {
    const { apie, server } = await apiSetup();
    server.fail(/declare|define/, { status: 422, body: { error: { message: "no such tool" } } });
    await expect(declare(apie)).rejects.toMatchObject({
      name: "ApieError",
      code: "http_422",
      message: expect.stringMatching(new RegExp(`${call.replace(".", "\\.")}.*no such tool`)),
    });
  });

  test("need the agent's id", async () => {
    const { apie, server } = await apiSetup();
    server.fail("/v1/agents/identify", { body: {} });
    await expect(apie.tools.define({ name: "t" })).rejects.toMatchObject({ code: "not_registered" });
  });

  test.each([
    [[{}], "0.tool.name"],
    [[{ tool: { name: "a" } }, { tool: {} }], "1.tool.name"],
    ["search", "expected a list"],
  ])("%j is refused with the field", async (capabilities, field) => {
    const { apie } = await apiSetup();
    await expect(apie.capabilities.declare(capabilities as never)).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining(field),
    });
  });
});

describe("validateEvents", () => {
  const good = { type: "agent.error", agentKey: "support", error: { message: "no" } };

  test("asks our own rules and Apie's", async () => {
    const { apie, server } = await apiSetup();
    expect(await apie.validateEvents([good])).toMatchObject({
      valid: true,
      results: [{ index: 0, type: "agent.error", valid: true }],
      remote: { accepted: 1, results: [{ index: 0, status: "valid" }] },
    });
    expect(only(server.to("/v1/events/validate")).body).toEqual({
      events: [{ type: "agent.error", agent_key: "support", error: { message: "no" } }],
    });
  });

  test("sends what is to be looked at redacted as events are", async () => {
    const { apie, server } = await apiSetup({
      redactKeys: ["iban"],
      redactDenyPatterns: [/ORD-\d+/],
      redactAllowPaths: ["metadata.kept"],
    });
    await apie.validateEvents({ ...good, metadata: { iban: "DE00", note: "ORD-7", kept: "ORD-8" } });
    expect(only(server.to("/v1/events/validate")).body).toMatchObject({
      events: [{ metadata: { iban: "[REDACTED]", note: "[REDACTED]", kept: "ORD-8" } }],
    });
  });

  test("asks nobody for what is wrong already, or when told not to", async () => {
    const { apie, server } = await apiSetup();
    const bad = await apie.validateEvents([good, { ...good, error: undefined }, null]);
    expect(bad).toMatchObject({
      valid: false,
      results: [{ valid: true }, { valid: false }, { valid: false }],
    });
    expect(bad.results[1]?.issues).toEqual([{ path: "error", message: expect.any(String) }]);
    expect(await apie.validateEvents(good, { remote: false })).not.toHaveProperty("remote");
    expect(server.to("/v1/events/validate")).toEqual([]);
  });

  test("fails when Apie does not answer", async () => {
    const { apie, server } = await apiSetup();
    server.fail("/v1/events/validate", { status: 500 });
    await expect(apie.validateEvents(good)).rejects.toMatchObject({ name: "ApieError", code: "http_500" });
  });
});

describe("sendTestEvent", () => {
  test.each([
    [undefined, "pipeline", 2, true],
    ["pipeline", "pipeline", 2, true],
    ["single", "single", 1, false],
    ["proof", "proof", 1, true],
  ] as const)("mode %s", async (mode, sent, runs, inSession) => {
    const { apie, server } = await apiSetup();
    const result = await apie.sendTestEvent(mode === undefined ? undefined : { mode });
    expect(result).toMatchObject({ mode: sent, events: server.events.length });
    expect(result.runIds).toHaveLength(runs);
    expect(result.sessionId === undefined).toBe(!inSession);
  });

  test("of a mode nobody knows", async () => {
    const { apie } = await apiSetup();
    await expect(apie.sendTestEvent({ mode: "all" as never })).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining('"pipeline", "single", "proof"'),
    });
  });
});

describe("the state of the queue", () => {
  test("tells what waits, what was sent and what went wrong", async () => {
    const { apie, server } = await apiSetup();
    const before = apie.queueDiagnostics();
    expect(before).toMatchObject({ queueSize: 0, flushCount: 0, openRuns: 0, lastErrorAt: undefined });
    const run = apie.runs.start();
    run.in(() => apie.track({ type: "one" }));
    await delivered(apie);
    expect(apie.queueDiagnostics()).toMatchObject({
      queueSize: 0,
      flushCount: 1,
      openRuns: 1,
      events: { delivered: 1, pending: 0 },
      runs: { opened: 1, completed: 0 },
      lastFlushAt: expect.stringMatching(/^\d{4}-.*Z$/),
      requests: server.requests.length,
    });
    apie.runs.complete(run);
    await delivered(apie);
    expect(apie.queueDiagnostics()).toMatchObject({ openRuns: 0, runs: { opened: 1, completed: 1 } });
    // A copy: what was told does not change.
    expect(before.events.delivered).toBe(0);
  });

  test("a lost event is counted with its reason", async () => {
    const { apie, server } = await apiSetup();
    server.fail("/v1/events", { status: 422, body: { error: "no" } });
    await apie.withRun({}, () => apie.track({ type: "refused" }));
    expect(await apie.flush()).toMatchObject({
      ok: true,
      events: { rejected: 1 },
      reasons: { rejected_422: 1 },
    });
    expect(apie.queueDiagnostics()).toMatchObject({ reasons: { rejected_422: 1 } });
  });
});

test("a key that Apie repeats in its refusal is shown to nobody", async () => {
  const told: string[] = [];
  const { apie, server } = await apiSetup({ onError: ({ message }) => told.push(message) });
  server.fail(/./, { status: 401, body: { error: "no such key: apie_sk_test_key" } });
  const refusal = await apie.ready().catch((error: Error) => error.message);
  const { lastErrorMessage, heldBecause } = apie.queueDiagnostics();
  const { lastError } = await apie.flush();
  const shown = [refusal, lastErrorMessage, heldBecause, lastError, ...told].filter(
    (text) => text !== undefined,
  );
  expect(shown.length).toBeGreaterThan(3);
  for (const text of shown) expect(text).toContain("no such key: [REDACTED]");
});

describe("the end", () => {
  test("flush and shutdown reject only where onError says throw", async () => {
    const server = await startServer();
    server.fail("/v1/events", { status: 422, body: { error: "no" } });
    const apie = new Apie(options(server, { onError: "throw" }));
    const otel = startOtel({ processors: [apie.spanProcessor] });
    cleanup(() => otel.close());
    await apie.withRun({}, () => apie.track({ type: "refused" }));
    const lost = {
      name: "ApieError",
      code: "flush_incomplete",
      message: expect.stringContaining("1 rejected"),
    };
    await expect(apie.flush()).rejects.toMatchObject(lost);
    await expect(apie.shutdown()).rejects.toMatchObject(lost);
  });

  test("shutdown closes, sends and reports, and again gives the same", async () => {
    const { apie, server } = await apiSetup();
    apie.runs.start().in(() => apie.track({ type: "one" }));
    const report = await apie.shutdown();
    expect(report).toMatchObject({ ok: true, events: { delivered: 1 }, runs: { completed: 1 } });
    expect(await apie.shutdown()).toEqual(report);
    const requests = server.requests.length;
    expect(await apie.withRun({}, () => 42)).toBe(42);
    expect(server.requests).toHaveLength(requests);
  });
});

test("a client of bad options is refused with every bad field", async () => {
  const server = await startServer();
  const bad = { ...options(server), maxBatchSize: 0, timeout: -1, agent: { key: "", name: "A" } };
  let refusal: unknown;
  try {
    new Apie(bad);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(ApieConfigError);
  const paths = (refusal as ApieConfigError).issues.map(({ path }) => path);
  expect(paths.sort()).toEqual(["agent.key", "maxBatchSize", "timeout"]);
});
