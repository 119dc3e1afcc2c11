/** Runs on ag.dev: read page by page, and looked at again and again until they are over. */
import { describe, expect, test } from "vitest";
import { AgDevServer, type Paging } from "../../imports/servers/ag-dev.ts";
import { fixture, type Json } from "../../imports/support.ts";
import { until } from "../../support/until.ts";
import { eventIds, importing, MemoryStore } from "./support.ts";

const DONE = fixture<{ run: Json; events: { data: Json[] }; revision: Json }>("agdev/run-document-done");
const EVENTS = DONE.events.data;
const AGENT_ID = String(DONE.run.agentId);
const RUN_ID = String(DONE.run.id);

async function agDev(more: Partial<AgDevServer> = {}): Promise<AgDevServer> {
  const server = await new AgDevServer().listen();
  return Object.assign(server, { run: DONE.run, events: EVENTS }, more);
}

const asked = (server: AgDevServer) => ({ baseUrl: server.url, agent: AGENT_ID, run: RUN_ID });

/** So many that they take several pages. */
const many = (count: number): Json[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `event-${index}`,
    runId: RUN_ID,
    type: "narration",
    data: { content: `note ${index}` },
    startedAt: new Date(Date.parse("2026-02-17T11:05:01Z") + index * 10).toISOString(),
    finishedAt: new Date(Date.parse("2026-02-17T11:05:01Z") + index * 10 + 5).toISOString(),
  }));

describe("read once", () => {
  test.each<Paging>(["data", "items", "array"])("all pages, in the form %s", async (paging) => {
    for (const count of [0, 99, 100, 250]) {
      const server = await agDev({ paging, events: many(count) });
      const { done, apie } = await importing("agdev", asked(server));
      expect((await done).report).toMatchObject({ ok: true, runs: 1 });
      expect(apie.eventsOf("agent.workflow.step.completed")).toHaveLength(count);
      const most = paging === "array" ? Math.floor(count / 100) + 1 : Math.max(1, Math.ceil(count / 100));
      expect(server.to(/events$/)).toHaveLength(most);
    }
  });

  test("a server that gives the same page for ever is not asked for ever", async () => {
    const server = await agDev();
    const page = many(100);
    server.fail(/events/, { body: page });
    const { done, apie } = await importing("agdev", asked(server));
    expect((await done).report).toMatchObject({ ok: true });
    expect(server.to(/events$/)).toHaveLength(2);
    expect(apie.eventsOf("agent.workflow.step.completed")).toHaveLength(100);
  });

  test("with the revision it names, and its agent", async () => {
    const revision = { ...DONE.revision, id: "rev-1" };
    const run = { ...DONE.run, revisionId: "rev-1" };
    const agent = { id: AGENT_ID, metadata: { name: "Brief Writer" } };
    const server = await agDev({ run, revision, agent });
    const { done, backend, apie } = await importing("agdev", { ...asked(server), session: "campaign" });
    expect((await done).report).toMatchObject({ ok: true, runs: 1, sessions: 1 });
    expect(backend.names).toContain("invoke_agent Brief Writer");
    expect(apie.eventsOf("agent.mcp.completed")).toHaveLength(1);
  });

  test("without those that may not be read", async () => {
    const server = await agDev({ run: { ...DONE.run, revisionId: "rev-1" } });
    server.fail(/revisions/, { status: 403, body: { message: "forbidden" } });
    const { done } = await importing("agdev", asked(server));
    expect((await done).report).toMatchObject({ ok: true, runs: 1 });
  });

  test("what is not there is named", async () => {
    const server = await agDev();
    const { done } = await importing("agdev", { ...asked(server), run: "r9" });
    await expect(done).rejects.toMatchObject({
      code: "http_404",
      message: `ag.dev at ${server.url} has no run r9 of agent ${AGENT_ID} (Not found)`,
    });
  });
});

describe("followed", () => {
  test("steps are told as they are done, and the run is completed once", async () => {
    const server = await agDev({
      run: { ...DONE.run, status: "running", resultData: null, completedAt: null },
      events: EVENTS.slice(0, 1),
    });
    const store = new MemoryStore();
    const { done, apie, backend } = await importing("agdev", { ...asked(server), follow: true }, { store });
    await until("the plan", () => apie.eventsOf("agent.workflow.step.completed").length === 1);
    expect(apie.to(/\/complete$/)).toEqual([]);
    server.events = EVENTS.slice(0, 3);
    await until("a tool call", () => apie.eventsOf("agent.tool.called").length === 1);
    // It is looked at again and again, and nothing is sent of what has not changed.
    const sent = apie.requests.length;
    const looked = server.to(/events$/).length;
    await until("another look", () => server.to(/events$/).length > looked + 2);
    expect(apie.requests).toHaveLength(sent);
    server.events = EVENTS;
    server.run = DONE.run;
    expect((await done).report).toMatchObject({ ok: true, runs: 1 });
    expect(apie.to(/\/runs$/)).toHaveLength(1);
    expect(apie.to(/\/complete$/)).toHaveLength(1);
    expect(new Set(eventIds(apie)).size).toBe(apie.events.length);
    expect(backend.names.filter((name) => name.startsWith("invoke_agent"))).toHaveLength(1);
    // Read once more it is what is known.
    const again = await importing("agdev", asked(server), { store });
    expect((await again.done).report).toMatchObject({ ok: true, runs: 0, unchanged: 1 });
    expect(again.apie.requests.map(({ path }) => path)).toEqual(["/v1/agents/identify"]);
  });

  test("a failure ends it", async () => {
    const failed = fixture<{ run: Json; events: { data: Json[] } }>("agdev/run-json-error");
    const server = await agDev({ run: { ...failed.run, status: "running", error: null }, events: [] });
    const options = { baseUrl: server.url, agent: String(failed.run.agentId), run: String(failed.run.id) };
    const { done, apie } = await importing("agdev", { ...options, follow: true });
    await apie.received(/\/runs$/);
    server.events = failed.events.data;
    server.run = failed.run;
    expect((await done).report).toMatchObject({ ok: true });
    expect(apie.to(/\/complete$/)[0]?.body).toMatchObject({ status: "failed" });
  });
});
