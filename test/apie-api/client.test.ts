/** The requests as they go over the wire, endpoint by endpoint, and what is read of the answers. */
import { expect, test } from "vitest";
import { ApieClient } from "../../src/apie-api/index.ts";
import { cleanup, startServer } from "../support/client.ts";
import type { RecordingApie } from "../support/recording-apie.ts";

async function clientOf(
  more: Partial<ConstructorParameters<typeof ApieClient>[0]> & { path?: string } = {},
): Promise<{ server: RecordingApie; client: ApieClient }> {
  const server = await startServer();
  const { path = "", ...options } = more;
  const client = new ApieClient({
    baseUrl: server.url + path,
    apiKey: "apie_sk_test_1",
    timeoutMs: 1_000,
    ...options,
  });
  cleanup(async () => client.close());
  return { server, client };
}

type Call = (client: ApieClient) => Promise<unknown>;

const CALLS: [call: string, ask: Call, method: string, path: string, body: unknown][] = [
  [
    "identify",
    (client) =>
      client.identify({
        agent: { key: "support", name: "Support", purpose: undefined },
        runtime: { language: "typescript", sdk_version: "1" },
        mode: "monitor",
        hostname: "h",
      }),
    "POST",
    "/v1/agents/identify",
    {
      agent: { key: "support", name: "Support" },
      runtime: { language: "typescript", sdk_version: "1" },
      mode: "monitor",
      hostname: "h",
    },
  ],
  [
    "declareCapabilities",
    (client) => client.declareCapabilities("agt_1", [{ tool: { name: "search" } }]),
    "POST",
    "/v1/agents/agt_1/capabilities/declare",
    { capabilities: [{ tool: { name: "search" } }] },
  ],
  [
    "defineTool",
    (client) => client.defineTool("agt_1", { name: "search", riskLevel: "low" }),
    "POST",
    "/v1/agents/agt_1/tools/define",
    { name: "search", riskLevel: "low" },
  ],
  [
    "createRun",
    (client) => client.createRun({ agent_key: "support", role: undefined }),
    "POST",
    "/v1/runs",
    { agent_key: "support" },
  ],
  [
    "createSessionRun",
    (client) => client.createSessionRun("ses_1", { agent_key: "a", step_index: 0 }),
    "POST",
    "/v1/sessions/ses_1/runs",
    { agent_key: "a", step_index: 0 },
  ],
  [
    "completeRun",
    (client) => client.completeRun("run_1", { status: "failed" }),
    "POST",
    "/v1/runs/run_1/complete",
    { status: "failed" },
  ],
  [
    "createSession",
    (client) => client.createSession({ kind: "pipeline" }),
    "POST",
    "/v1/sessions",
    { kind: "pipeline" },
  ],
  [
    "completeSession",
    (client) => client.completeSession("ses_1", { status: "cancelled", output_summary: "x" }),
    "POST",
    "/v1/sessions/ses_1/complete",
    { status: "cancelled", output_summary: "x" },
  ],
  [
    "createHandoff",
    (client) => client.createHandoff("ses_1", { status: "requested", source_run_id: "run_1" }),
    "POST",
    "/v1/sessions/ses_1/handoffs",
    { status: "requested", source_run_id: "run_1" },
  ],
  [
    "sendEvents",
    (client) => client.sendEvents('{"events":[{"type":"x"}]}', ["x"]),
    "POST",
    "/v1/events",
    { events: [{ type: "x" }] },
  ],
  [
    "validateEvents",
    (client) => client.validateEvents([{ type: "x" }]),
    "POST",
    "/v1/events/validate",
    { events: [{ type: "x" }] },
  ],
  [
    "evaluate",
    (client) =>
      client.evaluate({
        agent_key: "a",
        mode: "enforce",
        action: { type: "read" },
        resource: { type: "file" },
      }),
    "POST",
    "/v1/guardrails/evaluate",
    { agent_key: "a", mode: "enforce", action: { type: "read" }, resource: { type: "file" } },
  ],
  ["health", (client) => client.health(), "GET", "/health", ""],
];

test.each(CALLS)("%s", async (_, ask, method, path, body) => {
  const { server, client } = await clientOf();
  expect(await ask(client)).toMatchObject({ kind: "ok" });
  expect(server.requests).toHaveLength(1);
  expect(server.requests[0]).toMatchObject({ method, path, body });
  expect(server.requests[0]?.headers).toMatchObject({
    authorization: "Bearer apie_sk_test_1",
    "content-type": "application/json",
    accept: "application/json",
  });
  expect(server.requests[0]?.text).not.toContain("null");
});

test("headers of the user go along, ours win over those of the same name however they are written", async () => {
  const { server, client } = await clientOf({
    headers: { "X-Team": "core", AUTHORIZATION: "Bearer other", "Content-type": "text/plain", Cookie: "a=b" },
  });
  await client.createRun({ agent_key: "a" });
  expect(server.requests[0]?.headers).toMatchObject({
    "x-team": "core",
    cookie: "a=b",
    authorization: "Bearer apie_sk_test_1",
    "content-type": "application/json",
  });
});

test("a path in the base address is kept", async () => {
  const { server, client } = await clientOf({ path: "/proxy/apie" });
  server.rule(() => ({ body: { id: "run_1" } }));
  await client.createRun({ agent_key: "a" });
  expect(server.requests[0]?.path).toBe("/proxy/apie/v1/runs");
});

test.each([
  ["a/b?c#d", "/v1/runs/a%2Fb%3Fc%23d/complete"],
  ["größe 🙂", "/v1/runs/gr%C3%B6%C3%9Fe%20%F0%9F%99%82/complete"],
  ["lone \ud800 half", "/v1/runs/lone%20%EF%BF%BD%20half/complete"],
])("an id can be any text: %j", async (id, path) => {
  const { server, client } = await clientOf();
  expect(await client.completeRun(id, { status: "completed" })).toMatchObject({ kind: "ok" });
  expect(server.requests[0]?.path).toBe(path);
});

test("text of any language arrives whole", async () => {
  const { server, client } = await clientOf();
  await client.createRun({ agent_key: "a", input_summary: "größe 🙂 \u2028 \ud800" });
  expect(server.requests[0]?.body).toMatchObject({ input_summary: "größe 🙂 \u2028 \ud800" });
});

test("a body that cannot be written as JSON is refused here, and nothing is sent", async () => {
  const { server, client } = await clientOf();
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const tool of [cycle, { big: 1n }]) {
    expect(await client.defineTool("agt_1", tool)).toEqual({
      kind: "invalid",
      message: expect.stringContaining("cannot be written as JSON"),
      cause: "unserializable",
    });
  }
  expect(server.requests).toEqual([]);
});

test("what an answer lacks, or has of another type, is left out", async () => {
  const { server, client } = await clientOf();
  const answers: unknown[] = [
    { agent_id: 7, agent_version_id: "", created: "yes", workspace_id: "ws_1" },
    { id: "run_1", session_id: null, status: 3, started_at: "now" },
    { id: 5 },
    { warnings: "none", errors: { index: 1 } },
    { accepted: "3", previews: [{ validation_status: 1, warnings: [null, "late"] }, null] },
    [],
  ];
  server.rule(() => ({ text: JSON.stringify(answers.shift()) }));
  const body = { agent_key: "a" };
  const identify = {
    agent: { key: "a", name: "A" },
    runtime: { language: "x", sdk_version: "1" },
    mode: "monitor",
    hostname: "h",
  };
  expect(await client.identify(identify)).toEqual({
    kind: "ok",
    status: 200,
    value: { workspaceId: "ws_1" },
  });
  expect(await client.createRun(body)).toMatchObject({ value: { id: "run_1", startedAt: "now" } });
  expect(await client.createRun(body)).toEqual({ kind: "ok", status: 200, value: undefined });
  expect(await client.sendEvents("{}", [])).toMatchObject({ value: { warnings: [], events: [] } });
  expect(await client.validateEvents([])).toMatchObject({
    value: {
      previews: [
        { validationStatus: "unknown", warnings: ["late"] },
        { validationStatus: "unknown", warnings: [] },
      ],
    },
  });
  expect(await client.evaluate({ agent_key: "a", mode: "monitor", action: {}, resource: {} })).toMatchObject({
    kind: "ok",
  });
});

test("closing ends what is under way, and refuses what comes", async () => {
  const { server, client } = await clientOf();
  server.fail("/v1/runs", "hang");
  const answer = client.createRun({ agent_key: "a" });
  await server.received("/v1/runs");
  client.close();
  expect(await answer).toMatchObject({ kind: "retry", ambiguous: true, cause: "ABORT_ERR" });
  expect(await client.createRun({ agent_key: "a" })).toMatchObject({
    kind: "retry",
    ambiguous: false,
    cause: "ABORT_ERR",
  });
  expect(server.requests).toHaveLength(1);
});

test("many requests at once do not warn of a leak", async () => {
  const { client } = await clientOf();
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on("warning", note);
  cleanup(async () => process.off("warning", note));
  await Promise.all(Array.from({ length: 72 }, () => client.createRun({ agent_key: "a" })));
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
});
