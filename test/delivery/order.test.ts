/** What waits for what: inside a lane everything, across lanes only what must. */
import { expect, test } from "vitest";
import type { RecordingApie } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";
import {
  COMPLETING,
  EVENTS,
  event,
  expectIdle,
  expectOrder,
  flushed,
  handoff,
  idAtServer,
  loose,
  numbered,
  OPENING,
  openingOf,
  push,
  run,
  session,
  start,
  taken,
  whole,
} from "./support.ts";

/** Answers after a random while, and fails now and then in every way that is retried. */
function makeUnsteady(server: RecordingApie, seed: number): void {
  let state = seed;
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  server.rule(({ path }) => {
    const dice = random();
    if (dice < 0.08) return { status: 503 };
    if (dice < 0.12 && path === EVENTS) return "reset";
    if (dice < 0.16) return { status: 429, headers: { "retry-after": "0" } };
    return { delayMs: Math.floor(random() * 6) };
  });
}

test("each of many runs at once is opened, told and completed in order, whatever the network does", async () => {
  const { server, delivery } = await start({ maxBatchSize: 5, flushIntervalMs: 10 });
  makeUnsteady(server, 7);
  const pipeline = session("s");
  delivery.open(pipeline);
  const lanes = Array.from({ length: 24 }, (_, index) =>
    run(`r${index}`, index % 2 === 0 ? { session: pipeline } : {}),
  );
  for (const lane of lanes) delivery.open(lane);
  for (let round = 0; round < 9; round += 1) {
    for (const lane of lanes) push(delivery, lane);
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const lane of lanes) delivery.complete(lane, { status: "completed" });
  delivery.complete(pipeline, { status: "completed" });
  await until("everything is through", () => delivery.queued.count === 0, 15_000);
  for (const lane of lanes) expectOrder(server, lane);
  expect(new Set(taken(server)).size).toBe(24 * 9);
  expect(delivery.counters).toMatchObject({
    events: { delivered: 24 * 9, rejected: 0, dropped: 0 },
    runs: { opened: 24, completed: 24 },
    sessions: { opened: 1, completed: 1 },
  });
  expectIdle(delivery);
});

test("every opening waits for the registration and names the agent it gave", async () => {
  const { server, delivery } = await start();
  const release = server.fail("/v1/agents/identify", { status: 503 });
  delivery.open(session("s"));
  delivery.open(run("r"));
  delivery.push(loose(), event(loose()));
  await server.received("/v1/agents/identify", 2);
  expect(server.to(OPENING)).toEqual([]);
  expect(server.to(EVENTS)).toEqual([]);
  release();
  await flushed(delivery);
  const identified = server.to("/v1/agents/identify").at(-1);
  for (const opening of server.to(OPENING))
    expect(opening.arrived).toBeGreaterThan(identified?.answered ?? Number.NaN);
  expect(openingOf(server, "r").body).toMatchObject({ agent_id: "agt_1", agent_version_id: "ver_1" });
  expect(openingOf(server, "s").body).toMatchObject({ orchestrator_agent_id: "agt_1" });
  expect(server.events).toEqual([expect.objectContaining({ agent_id: "agt_1", agent_version_id: "ver_1" })]);
});

test("a run waits for its session, a child run for its parent, each named by Apie's id", async () => {
  const { server, delivery } = await start();
  server.rule(({ path }) => (OPENING.test(path) ? { delayMs: 8 } : undefined));
  const pipeline = session("s");
  const parent = run("parent", { session: pipeline });
  const child = run("child", { session: pipeline, parent });
  for (const lane of [pipeline, parent, child]) delivery.open(lane);
  push(delivery, child);
  await flushed(delivery);
  const [atSession, atParent, atChild] = ["s", "parent", "child"].map((key) => openingOf(server, key)) as [
    ReturnType<typeof openingOf>,
    ReturnType<typeof openingOf>,
    ReturnType<typeof openingOf>,
  ];
  expect(atParent.arrived).toBeGreaterThan(atSession.answered ?? Number.NaN);
  expect(atChild.arrived).toBeGreaterThan(atParent.answered ?? Number.NaN);
  expect(atChild.path).toBe(`/v1/sessions/${idAtServer(atSession)}/runs`);
  expect(atChild.body).toMatchObject({ parent_run_id: idAtServer(atParent) });
  expect(server.events).toEqual([
    expect.objectContaining({ run_id: idAtServer(atChild), session_id: idAtServer(atSession) }),
  ]);
});

test("a slow session holds up its own runs only", async () => {
  const { server, delivery } = await start();
  server.fail("/v1/sessions", "hang");
  const slow = session("slow");
  delivery.open(slow);
  delivery.open(run("inside", { session: slow }));
  whole(delivery, run("outside"), 2);
  await until("the other run is through", () => delivery.counters.runs.completed === 1);
  expect(taken(server)).toEqual(numbered("outside", 2));
  expect(server.to(/\/runs$/)).toHaveLength(1);
});

test("a session is completed after all of its runs, however late they end", async () => {
  const { server, delivery } = await start();
  const pipeline = session("s");
  const [first, second] = [run("r1", { session: pipeline }), run("r2", { session: pipeline })];
  for (const lane of [pipeline, first, second]) delivery.open(lane);
  delivery.complete(pipeline, { status: "completed" });
  delivery.complete(first, { status: "completed" });
  await server.received(COMPLETING);
  push(delivery, second, 3);
  delivery.complete(second, { status: "failed" });
  await flushed(delivery);
  const completions = server.to(COMPLETING);
  expect(completions.map(({ path }) => path)).toEqual([
    `/v1/runs/${idAtServer(openingOf(server, "r1"))}/complete`,
    `/v1/runs/${idAtServer(openingOf(server, "r2"))}/complete`,
    `/v1/sessions/${idAtServer(openingOf(server, "s"))}/complete`,
  ]);
  expect(completions[2]?.arrived).toBeGreaterThan(completions[1]?.answered ?? Number.NaN);
});

test("a session does not wait for a run that can never be opened", async () => {
  const { server, delivery } = await start();
  server.fail(/\/runs$/, { status: 422 });
  const pipeline = session("s");
  const refused = run("r", { session: pipeline });
  for (const lane of [pipeline, refused]) delivery.open(lane);
  delivery.complete(refused, { status: "completed" });
  delivery.complete(pipeline, { status: "completed" });
  await flushed(delivery);
  expect(delivery.counters).toMatchObject({
    runs: { rejected: 1, opened: 0 },
    sessions: { opened: 1, completed: 1 },
  });
});

test("runs of a session that cannot be opened are opened outside of it", async () => {
  const { server, delivery, drops } = await start();
  server.fail("/v1/sessions", { status: 422, body: { error: { message: "no such kind" } } });
  const pipeline = session("s");
  const inside = run("r", { session: pipeline });
  delivery.open(pipeline);
  whole(delivery, inside, 2);
  await flushed(delivery);
  expect(openingOf(server, "r").path).toBe("/v1/runs");
  expectOrder(server, inside);
  for (const event of server.events) expect(event).not.toHaveProperty("session_id");
  expect(drops).toEqual([
    expect.objectContaining({
      what: "session",
      type: "open",
      outcome: "rejected",
      reason: "session_not_opened_422",
      sessionId: "s",
    }),
  ]);
  expect(drops[0]?.message).toContain("no such kind");
});

test("a session Apie has forgotten does not lose its runs", async () => {
  const { server, delivery } = await start();
  const known = session("s", "ses_gone");
  server.fail("/v1/sessions/ses_gone/runs", { status: 404 });
  const inside = run("r", { session: known });
  whole(delivery, inside, 1);
  await flushed(delivery);
  expect(openingOf(server, "r").path).toBe("/v1/runs");
  expect(delivery.counters.runs).toMatchObject({ opened: 1, completed: 1 });
});

test.each([404, 422])(
  "a parent Apie does not know (%i) costs the parent, not the run and not its session",
  async (status) => {
    const { server, delivery } = await start();
    const pipeline = session("s");
    server.rule(({ path, body }) =>
      OPENING.test(path) && (body as { parent_run_id?: string }).parent_run_id !== undefined
        ? { status }
        : undefined,
    );
    const orphan = run("r", { session: pipeline });
    Object.assign(orphan.opening, {
      body: { agent_key: "support", parent_run_id: "run_of_elsewhere", metadata: { key: "r" } },
    });
    delivery.open(pipeline);
    whole(delivery, orphan, 1);
    await flushed(delivery);
    const opening = openingOf(server, "r");
    expect(opening.path).toBe(`/v1/sessions/${idAtServer(openingOf(server, "s"))}/runs`);
    expect(opening.body).toMatchObject({ metadata: { key: "r" } });
    expect(opening.body).not.toHaveProperty("parent_run_id");
  },
);

test("an opening that is refused for its content is made again with what is required only", async () => {
  const { server, delivery } = await start();
  server.rule(({ path, body }) =>
    path === "/v1/runs" && (body as { metadata?: unknown }).metadata !== undefined
      ? { status: 422 }
      : undefined,
  );
  const lane = whole(delivery, run("r"), 1);
  await flushed(delivery);
  const [first, second] = server.to("/v1/runs");
  expect(first?.body).toMatchObject({ agent_key: "support", input_summary: "ask", metadata: { key: "r" } });
  expect(second?.body).toEqual({ agent_key: "support", agent_id: "agt_1", agent_version_id: "ver_1" });
  expect(server.to(COMPLETING)[0]?.path).toBe(`/v1/runs/${lane.id}/complete`);
  expect(delivery.counters.events.delivered).toBe(1);
});

test("a hand-off keeps its place among the events of its lane and names both runs", async () => {
  const { server, delivery } = await start();
  const pipeline = session("s");
  const [source, target] = [run("source", { session: pipeline }), run("target", { session: pipeline })];
  for (const lane of [pipeline, target, source]) delivery.open(lane);
  await until("the target is open", () => target.id);
  push(delivery, source, 2);
  delivery.push(source, handoff(target));
  push(delivery, source, 2);
  delivery.complete(source, { status: "completed" });
  await flushed(delivery);
  const [post] = server.to(/\/handoffs$/);
  const [before, after] = server.to(EVENTS);
  expect(post?.path).toBe(`/v1/sessions/${pipeline.id}/handoffs`);
  expect(post?.body).toEqual({
    reason: "over to you",
    status: "requested",
    source_run_id: source.id,
    source_agent_id: "agt_1",
    target_run_id: target.id,
  });
  expect(post?.arrived).toBeGreaterThan(before?.answered ?? Number.NaN);
  expect(after?.arrived).toBeGreaterThan(post?.answered ?? Number.NaN);
  expect(taken(server)).toEqual(numbered("source", 4));
});

test("a hand-off that fails for a while holds the events behind it, however many, and goes through by itself", async () => {
  const { server, delivery } = await start({ maxBatchSize: 5 });
  server.fail(/\/handoffs$/, { status: 500 }, 3);
  const pipeline = session("s");
  const source = run("source", { session: pipeline });
  delivery.open(pipeline);
  delivery.open(source);
  delivery.push(source, handoff());
  push(delivery, source, 30);
  await until("all through", () => delivery.queued.count === 0);
  const posts = server.to(/\/handoffs$/);
  expect(posts).toHaveLength(4);
  expect(server.to(EVENTS)[0]?.arrived).toBeGreaterThan(posts[3]?.answered ?? Number.NaN);
  expect(taken(server)).toEqual(numbered("source", 30));
});

test("a hand-off that is refused, or has no session, is counted and told, and the events go on", async () => {
  const { server, delivery, drops } = await start();
  server.fail(/\/handoffs$/, { status: 400 });
  const pipeline = session("s");
  const inside = run("inside", { session: pipeline });
  const outside = run("outside");
  for (const lane of [pipeline, inside, outside]) delivery.open(lane);
  for (const lane of [inside, outside]) {
    delivery.push(lane, handoff());
    push(delivery, lane);
  }
  await flushed(delivery);
  expect(delivery.counters.callsRejected).toBe(2);
  expect(drops.map(({ what, reason, runId }) => [what, reason, runId]).sort()).toEqual([
    ["call", "handoff_refused_400", "inside"],
    ["call", "handoff_without_session", "outside"],
  ]);
  expect(taken(server).sort()).toEqual(["inside/1", "outside/1"]);
});

test("an event that comes once the end was told is dropped with that reason, not sent after it", async () => {
  const { server, delivery, drops } = await start();
  const lane = whole(delivery, run("r"), 1);
  await flushed(delivery);
  push(delivery, lane);
  await flushed(delivery);
  expect(taken(server)).toEqual(["r/1"]);
  expect(drops).toEqual([
    expect.objectContaining({ what: "event", outcome: "dropped", reason: "after_completion", runId: "r" }),
  ]);
});

test("an event that comes before the end is told goes before it", async () => {
  const { server, delivery } = await start({ flushIntervalMs: 60_000 });
  const lane = whole(delivery, run("r"), 1);
  push(delivery, lane);
  await until("completed", () => delivery.counters.runs.completed === 1);
  expect(taken(server)).toEqual(["r/1", "r/2"]);
  expectOrder(server, lane);
});

test("what Apie knows already is not opened again, and can be told of and completed", async () => {
  const { server, delivery } = await start();
  const lane = run("r", { session: session("s", "ses_old"), knownId: "run_old" });
  push(delivery, lane, 2);
  delivery.complete(lane, { status: "completed" });
  await flushed(delivery);
  expect(server.to(OPENING)).toEqual([]);
  for (const sent of server.events) expect(sent).toMatchObject({ run_id: "run_old", session_id: "ses_old" });
  expect(server.to("/v1/runs/run_old/complete")).toHaveLength(1);
});

test("ids of other agents are not given those of ours", async () => {
  const { server, delivery } = await start();
  const other = run("r");
  Object.assign(other, { ownAgent: false });
  whole(delivery, other, 1);
  await flushed(delivery);
  expect(openingOf(server, "r").body).not.toHaveProperty("agent_id");
  expect(server.events[0]).not.toHaveProperty("agent_id");
});

test("events are not held by a completion that is under way in another lane", async () => {
  const { server, delivery } = await start();
  server.fail(COMPLETING, "hang");
  whole(delivery, run("first"), 1);
  await server.received(COMPLETING);
  whole(delivery, run("second"), 3);
  await until("the other run's events", () => taken(server).length === 4);
});
