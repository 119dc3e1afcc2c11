/** Runs recorded here, as ag.dev would answer them. */
import { describe, expect, it } from "vitest";
import { agDevRun, agnoRuns, type ImportedSpan } from "../../../src/imports/index.ts";
import { fixture, summaryOf } from "../../imports/support.ts";
import { call, get, type Json, openRun, post, rawRequest, sendEvents, startApie } from "../support.ts";
import { imported } from "./support.ts";

const listOf = (value: unknown): Json[] => value as Json[];

describe("a run", () => {
  it("that is done has its result, and the times of its work", async () => {
    const { local } = await imported(agnoRuns(fixture("agno/agent-run-tools")), { captureContent: true });
    const source = fixture("agno/agent-run-tools");
    const run = await get(local, `/agents/incident-scout/runs/${String(source.run_id)}`);
    const [atApie] = (await get(local, "/api/runs")).items;
    expect(run).toEqual({
      id: atApie?.id,
      agentId: "incident-scout",
      input: { input: source.run_input },
      status: "done",
      createdAt: "2026-03-02T09:00:04.000Z",
      updatedAt: "2026-03-02T09:00:20.084Z",
      resultType: "document",
      resultData: { result: source.content, sources: [] },
      completedAt: "2026-03-02T09:00:20.084Z",
    });
    expect(await get(local, `/agents/${atApie?.agent_id}/runs/${atApie?.id}`)).toEqual(run);
  });

  it("of which nothing was captured has no result", async () => {
    const { local } = await imported(agnoRuns(fixture("agno/agent-run-tools")));
    const run = await get(
      local,
      `/agents/incident-scout/runs/${String(fixture("agno/agent-run-tools").run_id)}`,
    );
    expect(run).toMatchObject({ status: "done", input: {}, resultType: null, resultData: null });
  });

  it("that failed has its error, and one that goes on has no end", async () => {
    const local = await startApie();
    const run = await openRun(local, { input_summary: '{"topic": "rail"}' });
    const path = `/agents/tester/runs/${run}`;
    expect(await get(local, path)).toMatchObject({
      status: "running",
      input: { topic: "rail" },
      resultData: null,
    });
    expect(await get(local, path)).not.toHaveProperty("completedAt");
    await sendEvents(local, { type: "agent.error", run_id: run, error: { message: "TypeError: no mail" } });
    await post(local, `/v1/runs/${run}/complete`, {
      status: "failed",
      metadata: { error_type: "TypeError" },
    });
    expect(await get(local, path)).toMatchObject({
      status: "error",
      error: { code: "TypeError", message: "TypeError: no mail" },
      resultType: null,
      resultData: null,
    });
  });

  it("whose work lasted impossibly long is shown with the times that are known", async () => {
    const local = await startApie();
    const run_id = await openRun(local);
    const timestamp = "2026-03-02T09:00:04.000Z";
    await sendEvents(local, {
      type: "agent.tool.called",
      run_id,
      timestamp,
      tool: { name: "search" },
      metadata: { duration_ms: 1e300 },
    });
    const { data } = await get(local, `/agents/tester/runs/${run_id}/events`);
    expect(data).toMatchObject([{ startedAt: timestamp, finishedAt: timestamp }]);
  });

  it("whose answer is an object is of type json, and one with pages names them", async () => {
    const local = await startApie();
    const [json, document] = [await openRun(local), await openRun(local)];
    const end = { status: "completed" };
    await post(local, `/v1/runs/${json}/complete`, { ...end, metadata: { output: { words: 3 } } });
    await post(local, `/v1/runs/${document}/complete`, {
      ...end,
      metadata: { outputSummary: "See there", sources: ["https://example.test/a"] },
    });
    expect(await get(local, `/agents/tester/runs/${json}`)).toMatchObject({
      resultType: "json",
      resultData: { words: 3 },
    });
    expect(await get(local, `/agents/tester/runs/${document}`)).toMatchObject({
      resultType: "document",
      resultData: { result: "See there", sources: [{ url: "https://example.test/a", title: null }] },
    });
  });

  it("of another agent, or that there is not, is not found, in ag.dev's words", async () => {
    const local = await startApie();
    const run = await openRun(local);
    for (const path of [
      `/agents/other/runs/${run}`,
      "/agents/tester/runs/nothing",
      "/agents/tester/runs/nothing/events",
    ]) {
      const { status, body } = await call(local, "GET", path);
      expect([status, body]).toEqual([
        404,
        { error: "not_found", message: expect.any(String), statusCode: 404 },
      ]);
    }
  });
});

describe("events", () => {
  it("are the tool calls, and what the model said meanwhile, as far as that was captured", async () => {
    for (const captureContent of [true, false]) {
      const source = fixture("agno/agent-run-tools");
      const { local } = await imported(agnoRuns(source), { captureContent });
      const { data, pagination } = await get(
        local,
        `/agents/incident-scout/runs/${String(source.run_id)}/events`,
      );
      const calls = listOf(data).filter(({ type }) => type === "tool_call");
      expect(pagination).toEqual({ limit: 100, offset: 0, total: listOf(data).length });
      expect(calls.map((event) => (event.data as Json).name)).toEqual([
        "query_metrics",
        "list_deploys",
        "open_ticket",
        "open_ticket",
      ]);
      const first = calls[0] as Json;
      expect(first).toMatchObject({
        runId: expect.stringMatching(/^run_/),
        startedAt: "2026-03-02T09:00:07.412Z",
        finishedAt: "2026-03-02T09:00:08.620Z",
      });
      const [tool] = source.tools as Json[];
      expect(first.data).toMatchObject({
        id: tool?.tool_call_id,
        input: captureContent ? tool?.tool_args : {},
      });
      expect("output" in (first.data as Json)).toBe(captureContent);
      expect(
        listOf(data)
          .filter(({ type }) => type === "narration")
          .map((event) => event.data),
      ).toEqual(
        captureContent
          ? [{ content: "I will compare latency with recent deploys." }, { content: source.content }]
          : [],
      );
    }
  });

  it("are given in pages, by limit and offset", async () => {
    const local = await startApie();
    const run = await openRun(local);
    const names = Array.from({ length: 7 }, (_, index) => `tool-${index}`);
    await sendEvents(
      local,
      ...names.map((name, index) => ({
        type: "agent.tool.called",
        run_id: run,
        tool: { name },
        sequence_number: index + 1,
      })),
    );
    const page = async (query: string) => {
      const { data, pagination } = await get(local, `/agents/tester/runs/${run}/events${query}`);
      return [listOf(data).map((event) => (event.data as Json).name), pagination];
    };
    expect(await page("?limit=3")).toEqual([names.slice(0, 3), { limit: 3, offset: 0, total: 7 }]);
    expect(await page("?limit=3&offset=6")).toEqual([names.slice(6), { limit: 3, offset: 6, total: 7 }]);
    expect(await page("?offset=7")).toEqual([[], { limit: 100, offset: 7, total: 7 }]);
    for (const query of ["?limit=0", "?limit=101", "?offset=-1", "?page=2"])
      expect((await call(local, "GET", `/agents/tester/runs/${run}/events${query}`)).body).toMatchObject({
        statusCode: 400,
      });
  });

  it("of a call that goes on is open", async () => {
    const local = await startApie();
    const run = await openRun(local);
    const tool = { name: "search" };
    await sendEvents(local, {
      type: "agent.action.requested",
      run_id: run,
      tool,
      action: { type: "read", name: "search" },
      metadata: { call_id: "c" },
    });
    const { data } = await get(local, `/agents/tester/runs/${run}/events`);
    expect(listOf(data)).toMatchObject([
      { type: "tool_call", finishedAt: null, data: { id: "c", name: "search" } },
    ]);
  });
});

describe("what it answers is taken again", () => {
  it.each(["run-document-done", "run-json-error"])("of %s, with its counts", async (name) => {
    for (const captureContent of [true, false]) {
      const bundle = fixture(`agdev/${name}`);
      const spans = [...agDevRun(bundle)];
      const { local } = await imported(spans, { captureContent });
      const [{ id, agent_key } = { id: "", agent_key: "" }] = (await get(local, "/api/runs")).items;
      const path = `/agents/${encodeURIComponent(agent_key)}/runs/${id}`;
      const answer = { run: await get(local, path), events: await get(local, `${path}/events`) };
      const again = [...agDevRun(answer)];
      expect(summaryOf(again)).toEqual(summaryOf(spans));
      const steps = (of: readonly ImportedSpan[]) =>
        of.map((span) => String(span.attributes["agent.step.key"])).filter((key) => key !== "undefined");
      expect(steps(again)).toEqual(steps(spans));
      const texts = (of: readonly ImportedSpan[]) =>
        of.flatMap(
          ({ attributes }) => attributes["agent.step.content"] ?? attributes["agent.reasoning.content"] ?? [],
        );
      expect(texts(again)).toEqual(captureContent ? texts(spans) : []);
      const sources = ({ run }: { run: unknown }) => ((run as Json).resultData as Json | null)?.sources;
      if (captureContent)
        expect(sources(answer)).toEqual(sources(bundle as { run: unknown }) ?? sources(answer));
      expect((answer.run as Json).agentId).toBe((bundle.run as Json).agentId);
    }
  });
});

describe("access", () => {
  it("needs the key, in ag.dev's header or as a bearer token", async () => {
    const local = await startApie({ key: "secret" });
    const bearer = { authorization: "Bearer secret" };
    const run = (await post(local, "/v1/runs", { agent_key: "tester" }, bearer)).body.id;
    for (const path of [`/agents/tester/runs/${run}`, `/agents/tester/runs/${run}/events`]) {
      for (const headers of [bearer, { "x-api-key": "secret" }] as Record<string, string>[])
        expect((await call(local, "GET", path, undefined, headers)).status).toBe(200);
      for (const headers of [
        {},
        { "x-api-key": "wrong" },
        { ...bearer, authorization: "Bearer wrong", "x-api-key": "secret" },
      ] as Record<string, string>[])
        expect((await call(local, "GET", path, undefined, headers)).body).toMatchObject({ statusCode: 401 });
    }
    // Elsewhere it is no key.
    expect((await call(local, "GET", "/api/runs", undefined, { "x-api-key": "secret" })).status).toBe(401);
  });

  it("is refused to pages of other sites and to other hosts", async () => {
    const local = await startApie();
    const run = await openRun(local);
    for (const headers of [
      { host: "evil.example" },
      { origin: "https://evil.example" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    ] as Record<string, string>[])
      for (const end of ["", "/events"])
        expect((await rawRequest(local, { path: `/agents/tester/runs/${run}${end}`, headers })).status).toBe(
          403,
        );
  });

  it("guessed keys are counted, whichever header they come in", async () => {
    const local = await startApie({ key: "secret", maxWrongKeysPerMinute: 3 });
    const guess = () => call(local, "GET", "/agents/a/runs/b", undefined, { "x-api-key": "guess" });
    const statuses = [];
    for (let index = 0; index < 4; index++) statuses.push((await guess()).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
  });
});
