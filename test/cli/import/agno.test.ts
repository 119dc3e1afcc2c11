/** Runs of an AgentOS: read once, and followed while they are at work, over everything that can happen to a stream. */
import { describe, expect, test, vi } from "vitest";
import { AgentOsServer, frameOf } from "../../imports/servers/agent-os.ts";
import { continued, fixture, type Json } from "../../imports/support.ts";
import { until } from "../../support/until.ts";
import { eventIds, importing, MemoryStore } from "./support.ts";

const RUN = fixture("agno/agent-run-tools");
const AGENT = "incident-scout";
const SESSION = "5621ae22-b45d-43f1-a303-9d26488dcf44";
const RUN_ID = String(RUN.run_id);
const RAW: Json = {
  ...RUN,
  session_id: SESSION,
  created_at: 1_772_442_004,
  input: { input_content: "why is it slow?" },
};
const EVENTS = (RUN.events as Json[]).map((event) => ({ ...event, session_id: SESSION }));
/** As it is stored by default: without its events. */
const STORED: Json = { ...RAW, events: undefined };
const ALL = 29;

async function agentOs(): Promise<AgentOsServer> {
  return new AgentOsServer().listen();
}

const live = (server: AgentOsServer) => ({
  baseUrl: server.url,
  session: SESSION,
  run: RUN_ID,
  follow: true as const,
});

/** A run that is at work, stored as such, with nothing said yet. */
async function atWork() {
  const server = await agentOs();
  server.store({ ...STORED, status: "RUNNING", content: null, messages: [], tools: [], metrics: {} });
  server.begin(`/agents/${AGENT}/runs/${RUN_ID}`, RUN_ID);
  return server;
}

const listening = (server: AgentOsServer) => until("a listener", () => server.listeners(RUN_ID) > 0);

function finish(server: AgentOsServer, run: Json = STORED): void {
  server.store(run);
  server.end(RUN_ID, "completed");
}

describe("read once", () => {
  test("all runs of a session", async () => {
    const server = await agentOs();
    for (const run of fixture<Json[]>("agno/session-runs")) server.store({ ...run, session_id: SESSION });
    const { done, apie } = await importing("agno", {
      baseUrl: `${server.url}/`,
      session: SESSION,
      type: "agent",
    });
    expect((await done).report).toMatchObject({ ok: true, runs: 3, sessions: 1 });
    expect(server.requests.map(({ path, query }) => `${path}?${query}`)).toEqual([
      `/sessions/${SESSION}/runs?type=agent`,
    ]);
    expect(apie.to(/\/complete$/)).toHaveLength(3);
  });

  test("one run: whose it is, is found out, and all that is stored of it is read", async () => {
    const server = await agentOs();
    server.store(RAW);
    const { done, apie } = await importing("agno", { baseUrl: server.url, session: SESSION, run: RUN_ID });
    expect((await done).report).toMatchObject({ ok: true, runs: 1 });
    expect(server.requests.map(({ path }) => path)).toEqual([
      `/sessions/${SESSION}/runs/${RUN_ID}`,
      `/agents/${AGENT}/runs/${RUN_ID}`,
    ]);
    expect(apie.events).toHaveLength(ALL);
  });

  test("one run of a token that may read sessions only, and of a server that lists no single runs", async () => {
    const server = await agentOs();
    server.store(RAW);
    server.fail(/^\/agents/, { status: 403, body: { detail: "Insufficient permissions" } });
    server.fail(/^\/sessions\/[^/]+\/runs\//, { status: 404, body: { detail: "Not Found" } });
    const { done, apie } = await importing("agno", { baseUrl: server.url, session: SESSION, run: RUN_ID });
    expect((await done).report).toMatchObject({ ok: true, runs: 1 });
    expect(apie.events).toHaveLength(ALL);
  });

  test("a team's run with its members, which their session lists beside it", async () => {
    const server = await agentOs();
    const runs = fixture<Json[]>("agno/session-runs-team");
    for (const run of runs) server.store({ ...run, session_id: SESSION });
    const team = runs.find((run) => run.parent_run_id === "") as Json;
    const { done } = await importing("agno", {
      baseUrl: server.url,
      session: SESSION,
      run: String(team.run_id),
    });
    expect((await done).report).toMatchObject({ ok: true, runs: 3 });
  });

  test.each([
    [{ run: "r9" }, /has no run r9 in session 5621ae22/],
    [{ run: "r9", team: "t1" }, /has no run r9 of team t1 in session/],
    [{ session: "s9" }, /has no session s9/],
  ])("what is not there is named: %j", async (more, message) => {
    const server = await agentOs();
    server.store(RAW);
    const { done } = await importing("agno", { baseUrl: server.url, session: SESSION, ...more });
    await expect(done).rejects.toMatchObject({ code: "http_404", message: expect.stringMatching(message) });
  });

  test("an answer that is no list of runs, or holds something else", async () => {
    const server = await agentOs();
    server.fail(/./, { body: { data: [] } }, 1);
    const first = await importing("agno", { baseUrl: server.url, session: SESSION });
    await expect(first.done).rejects.toThrow(/JSON that is not a list of runs/);
    server.fail(/./, { body: [{ no: "run" }] }, 1);
    const second = await importing("agno", { baseUrl: server.url, session: SESSION });
    await expect(second.done).rejects.toMatchObject({
      code: "import",
      message: expect.stringContaining("/0/run_id"),
    });
  });
});

describe("followed", () => {
  test("steps are told as they are done, the run is completed by its document, and nothing is told twice", async () => {
    const server = await atWork();
    const { done, apie, backend, notes } = await importing("agno", live(server));
    await listening(server);
    await apie.received(/\/runs$/);
    expect(apie.events).toEqual([]);
    server.say(RUN_ID, ...EVENTS.slice(0, 5));
    await until("the first model call", () => apie.types.includes("agent.llm.completed"));
    expect(apie.to(/\/complete$/)).toEqual([]);
    server.say(RUN_ID, ...EVENTS.slice(5, 12));
    await until("the tools", () => apie.eventsOf("agent.tool.called").length === 2);
    server.say(RUN_ID, ...EVENTS.slice(12));
    finish(server);
    expect((await done).report).toMatchObject({ ok: true, runs: 1, sessions: 1 });
    expect(new Set(eventIds(apie)).size).toBe(ALL);
    expect(apie.events).toHaveLength(ALL);
    expect(apie.events.map(({ sequence_number }) => sequence_number)).toEqual(
      Array.from({ length: ALL }, (_, index) => index + 1),
    );
    expect(apie.to(/\/runs$/)).toHaveLength(1);
    expect(apie.to(/\/complete$/)[0]?.body).toMatchObject({
      status: "completed",
      metadata: { usage: { input: 7792, output: 417 }, tool_calls: 4 },
    });
    // The root last: it is exported when it has ended.
    expect(backend.names.filter((name) => name.startsWith("invoke_agent"))).toHaveLength(1);
    expect(notes).toEqual([]);
  });

  test("a stream that is cut in the middle of a frame goes on after the last event", async () => {
    const server = await atWork();
    const { done, apie } = await importing("agno", live(server));
    for (let at = 0; at < EVENTS.length; at += 7) {
      await listening(server);
      server.say(RUN_ID, ...EVENTS.slice(at, at + 7));
      if (at + 7 < EVENTS.length) server.cut(RUN_ID);
    }
    finish(server);
    expect((await done).report).toMatchObject({ ok: true });
    expect(apie.events).toHaveLength(ALL);
    expect(new Set(eventIds(apie)).size).toBe(ALL);
    const asked = server.to(/resume$/).map(({ form }) => form.get("last_event_index"));
    expect(asked).toEqual([null, "6", "13", "20"]);
    for (const { form } of server.to(/resume$/)) expect(form.get("session_id")).toBe(SESSION);
  });

  test("a stream that just ends is no end of the run", async () => {
    const server = await atWork();
    const { done, apie } = await importing("agno", live(server));
    await listening(server);
    server.say(RUN_ID, ...EVENTS.slice(0, 9));
    server.end(RUN_ID, "paused");
    server.resume(RUN_ID);
    await listening(server);
    expect(apie.to(/\/complete$/)).toEqual([]);
    server.say(RUN_ID, ...EVENTS.slice(9));
    finish(server);
    expect((await done).report).toMatchObject({ ok: true });
    expect(new Set(eventIds(apie)).size).toBe(ALL);
  });

  test("a server that is away for a while is waited for", async () => {
    const server = await atWork();
    const { done, apie, notes } = await importing("agno", live(server));
    await listening(server);
    server.say(RUN_ID, ...EVENTS.slice(0, 9));
    await until("an event", () => apie.events.length > 0);
    server.fail(/runs/, { status: 503, headers: { "retry-after": "0.01" } }, 12);
    server.dropConnections();
    await listening(server);
    server.say(RUN_ID, ...EVENTS.slice(9));
    finish(server);
    expect((await done).report).toMatchObject({ ok: true });
    expect(new Set(eventIds(apie)).size).toBe(ALL);
    expect(notes.some((note) => note.includes("503"))).toBe(true);
  });

  test("a server that is away for good ends it; what was told is told, and where it was is known", async () => {
    const server = await atWork();
    const store = new MemoryStore();
    const { done, apie } = await importing("agno", live(server), { giveUpMs: 1, store });
    await listening(server);
    server.say(RUN_ID, ...EVENTS.slice(0, 9));
    await until("an event", () => apie.events.length > 0);
    server.fail(/runs/, { status: 500 });
    server.dropConnections();
    const { report, failure } = await done;
    expect(failure).toMatchObject({ status: 500 });
    expect(report?.events.delivered).toBeGreaterThan(0);
    expect(store.known?.runs[RUN_ID]).toMatchObject({ status: "running", apieId: expect.any(String) });
    expect(apie.to(/\/complete$/)).toEqual([]);
  }, 20_000);

  test("a token that is not accepted any more ends it; what the stream has said until then is told", async () => {
    const server = await atWork();
    const { done, apie } = await importing("agno", live(server));
    await listening(server);
    server.say(RUN_ID, ...EVENTS.slice(0, 12));
    server.fail(/./, { status: 401, body: { detail: "Token expired" } });
    server.end(RUN_ID, "completed");
    const { failure, report } = await done;
    expect(failure).toMatchObject({ code: "http_401" });
    expect(apie.eventsOf("agent.tool.called")).toHaveLength(2);
    expect(report).toMatchObject({ runs: 1 });
  });

  test("frames about the stream, comments, and what is no event are passed over", async () => {
    const server = await atWork();
    const { done, apie, notes } = await importing("agno", live(server));
    await listening(server);
    server.raw(RUN_ID, ": heartbeat\n\n");
    server.raw(RUN_ID, frameOf({ event: "keepalive_v4", run_id: RUN_ID, status: "RUNNING" }));
    server.raw(RUN_ID, "event: RunContent\ndata: {not json\n\n");
    server.raw(RUN_ID, "id: 7\nretry: 10\nevent: x\ndata: []\n\n");
    server.raw(RUN_ID, frameOf({ event: "RunPaused", run_id: 7 as never, created_at: "no time" }));
    for (const event of EVENTS) {
      server.say(RUN_ID, event, {
        event: "RunContent",
        run_id: RUN_ID,
        created_at: 1_772_442_006,
        content: "delta",
      });
    }
    finish(server);
    expect((await done).report).toMatchObject({ ok: true });
    expect(apie.events).toHaveLength(ALL);
    expect(notes.filter((note) => note.includes("no JSON object"))).toHaveLength(2);
    expect(notes.filter((note) => note.includes("an event is left out"))).toHaveLength(1);
    expect(apie.everything).not.toContain("keepalive");
  });

  test("a run that fails before it has begun says no run id, and is failed", async () => {
    const server = await atWork();
    const { done, apie } = await importing("agno", { ...live(server), agent: AGENT });
    await listening(server);
    server.say(RUN_ID, {
      event: "RunError",
      created_at: 1_772_442_004,
      content: "no such model",
      error_type: "ValidationError",
    });
    server.end(RUN_ID, "error");
    expect((await done).report).toMatchObject({ ok: true });
    expect(apie.to(/\/complete$/)[0]?.body).toMatchObject({
      status: "failed",
      metadata: { error_type: "ValidationError" },
    });
  });

  test("a run that waits for somebody is waited for", async () => {
    const paused: Json = { ...fixture("agno/agent-run-paused"), session_id: SESSION };
    const id = String(paused.run_id);
    const done2 = continued(paused);
    const events = done2.events as Json[];
    const server = await agentOs();
    server.store({ ...paused, events: undefined });
    server.begin(`/agents/refund-desk/runs/${id}`, id);
    server.say(id, ...events.slice(0, 8));
    server.end(id, "paused");
    const { done, apie } = await importing("agno", { ...live(server), run: id });
    await until("the question", () => apie.eventsOf("agent.approval.requested").length === 1);
    await until("another look", () => server.to(/resume$/).length > 2);
    expect(apie.to(/\/complete$/)).toEqual([]);
    server.resume(id);
    await until("a listener", () => server.listeners(id) > 0);
    server.say(id, ...events.slice(8));
    server.store({ ...done2, events: undefined });
    server.end(id, "completed");
    expect((await done).report).toMatchObject({ ok: true });
    expect(apie.eventsOf("agent.approval.requested")).toHaveLength(1);
    expect(apie.eventsOf("agent.approval.resolved")).toHaveLength(1);
    expect(new Set(eventIds(apie)).size).toBe(apie.events.length);
  });

  test("a run that is not streamed in the background is read again and again", async () => {
    const server = await agentOs();
    server.store({ ...STORED, status: "RUNNING", content: null, messages: [], tools: [], metrics: {} });
    server.fail(/resume$/, (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(frameOf({ event: "error", error: `Run ${RUN_ID} not found in buffer or database` }));
    });
    const { done, apie, notes } = await importing("agno", live(server));
    await apie.received(/\/runs$/);
    const messages = STORED.messages as Json[];
    const tools = STORED.tools as Json[];
    server.store({
      ...STORED,
      status: "RUNNING",
      content: null,
      metrics: {},
      messages: messages.slice(0, 3),
      tools: tools.slice(0, 2),
    });
    await until("a model call", () => apie.types.includes("agent.llm.completed"));
    expect(apie.to(/\/complete$/)).toEqual([]);
    server.store(STORED);
    expect((await done).report).toMatchObject({ ok: true, runs: 1 });
    expect(server.to(/resume$/)).toHaveLength(1);
    expect(notes.join()).toContain("the run is read again and again instead");
    expect(new Set(eventIds(apie)).size).toBe(apie.events.length);
    expect(apie.to(/\/complete$/)).toHaveLength(1);
  });

  test("what a stream says of itself is told without the token", async () => {
    vi.stubEnv("AGNO_API_TOKEN", "a-token-of-the-test");
    const server = await agentOs();
    server.store({ ...STORED, status: "RUNNING", content: null, messages: [], tools: [], metrics: {} });
    server.fail(/resume$/, (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(frameOf({ event: "error", error: "a-token-of-the-test may not do this" }));
    });
    const { done, notes, stop } = await importing("agno", live(server));
    vi.unstubAllEnvs();
    await until("a note", () => notes.length > 0);
    expect(notes.join()).toContain("no stream to follow ([redacted] may not do this)");
    expect(notes.join()).not.toContain("a-token");
    stop();
    await done;
  });

  test("a server without the route is asked for it once", async () => {
    const server = await atWork();
    server.fail(/resume$/, { status: 404, body: { detail: "Not Found" } });
    const { done, apie } = await importing("agno", live(server));
    await until("a look", () => server.to(new RegExp(`/agents/${AGENT}/runs/${RUN_ID}$`)).length > 2);
    server.store(STORED);
    expect((await done).report).toMatchObject({ ok: true });
    expect(server.to(/resume$/)).toHaveLength(1);
    expect(apie.to(/\/complete$/)).toHaveLength(1);
  });

  test("a server that was started anew replays what it has stored, under other numbers", async () => {
    const server = await atWork();
    const { done, apie } = await importing("agno", live(server));
    await listening(server);
    // Deltas are numbered too, and not stored.
    const delta = { event: "RunContent", run_id: RUN_ID, created_at: 1_772_442_006, content: "x" };
    server.say(RUN_ID, ...EVENTS.slice(0, 5), ...Array(20).fill(delta), ...EVENTS.slice(5, 9));
    await until("events", () => apie.events.length > 4);
    server.forgetStreams();
    server.store({ ...RAW, status: "RUNNING", events: EVENTS.slice(0, 14), messages: [], tools: [] });
    server.dropConnections();
    await until("what was stored", () => apie.types.includes("agent.action.failed"));
    server.store(RAW);
    expect((await done).report).toMatchObject({ ok: true });
    expect(new Set(eventIds(apie)).size).toBe(ALL);
    expect(apie.events).toHaveLength(ALL);
  });

  test("a run that is over already is read once", async () => {
    const server = await agentOs();
    server.store(RAW);
    const { done, apie } = await importing("agno", live(server));
    expect((await done).report).toMatchObject({ ok: true, runs: 1 });
    expect(server.to(/resume$/)).toEqual([]);
    expect(apie.events).toHaveLength(ALL);
  });

  test("its document, read later with all of its session, adds nothing", async () => {
    const server = await atWork();
    const store = new MemoryStore();
    const first = await importing("agno", live(server), { store });
    await listening(server);
    server.say(RUN_ID, ...EVENTS);
    finish(server);
    await first.done;
    server.store({
      ...RAW,
      run_id: "the-next",
      created_at: 1_772_445_000,
      events: [],
      messages: [],
      tools: [],
    });
    const second = await importing("agno", { baseUrl: server.url, session: SESSION }, { store });
    expect((await second.done).report).toMatchObject({ ok: true });
    expect(second.apie.to(/\/sessions$/)).toEqual([]);
    expect(second.apie.to(/\/runs$/)).toHaveLength(1);
    expect(second.apie.to(/\/complete$/)).toHaveLength(1);
    expect(second.apie.events.filter(({ run_id }) => run_id === store.known?.runs[RUN_ID]?.apieId)).toEqual(
      [],
    );
  });

  test("a session grows until it is stopped", async () => {
    const [first, ...more] = fixture<Json[]>("agno/session-runs").map((run) => ({
      ...run,
      session_id: SESSION,
    }));
    const server = await agentOs();
    server.store(first as Json);
    const { done, apie, stop } = await importing("agno", {
      baseUrl: server.url,
      session: SESSION,
      follow: true,
    });
    await until("the first run", () => apie.to(/\/complete$/).length === 1);
    for (const run of more) server.store(run);
    await until("the others", () => apie.to(/\/complete$/).length === 3);
    stop();
    expect((await done).report).toMatchObject({ ok: true, runs: 3 });
    expect(new Set(eventIds(apie)).size).toBe(apie.events.length);
  });
});
