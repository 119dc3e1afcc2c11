/** A shared session goes on while any instance uses it, and is completed once, by one of those that have used it. */
import { expect, test } from "vitest";
import { memorySessionStore } from "../../src/index.ts";
import { meanwhile, pass, settled, stopClock } from "../delivery/support.ts";
import { startServer } from "../support/client.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { completionsOf, faultyStore, type Instance, instance, sessionsOf, turn } from "./support.ts";

const TTL_MS = 80_000;

async function instances(count: number) {
  stopClock();
  const server = await startServer();
  const store = faultyStore(memorySessionStore({ ttlMs: TTL_MS }));
  const all = Array.from({ length: count }, () => instance(server, store));
  return { server, store, all };
}

/** A run of each, delivered. */
async function turns(server: RecordingApie, conversation: string, ...of: Instance[]): Promise<void> {
  const before = server.events.length;
  for (const one of of) await turn(one, conversation);
  await pass(1_000, 100);
  await meanwhile("the turns are delivered", () => server.events.length === before + of.length);
}

const onlySession = (server: RecordingApie, conversation = "chat"): string => {
  const [id, ...more] = sessionsOf(server, conversation);
  expect(more).toEqual([]);
  return id ?? "none";
};

test("it is completed once, when nobody has used it for its time", async () => {
  const { server, all } = await instances(3);
  await turns(server, "chat", ...all);
  const id = onlySession(server);
  await pass(TTL_MS);
  expect(completionsOf(server, id)).toEqual([]);
  await pass(TTL_MS);
  await meanwhile("it is completed", () => completionsOf(server, id).length === 1);
  await pass(TTL_MS);
  expect(completionsOf(server, id)).toMatchObject([
    { body: { status: "completed", metadata: { closed_by: "idle" } } },
  ]);
});

test("use in one instance keeps it open for all", async () => {
  const { server, all } = await instances(2);
  const [busy, quiet] = all as [Instance, Instance];
  await turns(server, "chat", busy, quiet);
  const id = onlySession(server);
  for (let round = 0; round < 6; round += 1) {
    await pass(TTL_MS / 2);
    await turns(server, "chat", busy);
  }
  expect(completionsOf(server, id)).toEqual([]);
  // The quiet one has let go of it long ago, and finds it again.
  await turns(server, "chat", quiet);
  expect(onlySession(server)).toBe(id);
  await pass(3 * TTL_MS);
  await meanwhile("it is completed", () => completionsOf(server, id).length === 1);
});

test("a run that takes longer than that keeps it open", async () => {
  const { server, all } = await instances(2);
  const [busy, quiet] = all as [Instance, Instance];
  const run = busy.apie.runs.start({ conversationId: "chat" });
  await pass(1_000, 100);
  await turns(server, "chat", quiet);
  const id = onlySession(server);
  await pass(4 * TTL_MS);
  expect(completionsOf(server, id)).toEqual([]);
  busy.apie.runs.complete(run);
  await pass(3 * TTL_MS);
  await meanwhile("it is completed", () => completionsOf(server, id).length === 1);
});

test("what comes after that is a new session", async () => {
  const { server, all } = await instances(2);
  await turns(server, "chat", ...all);
  const id = onlySession(server);
  await pass(3 * TTL_MS);
  await turns(server, "chat", ...all);
  const [first, second, ...more] = sessionsOf(server, "chat");
  expect([first, more]).toEqual([id, []]);
  expect(completionsOf(server, second ?? "")).toEqual([]);
  await pass(3 * TTL_MS);
  await meanwhile("it is completed, too", () => completionsOf(server, second ?? "").length === 1);
  expect(completionsOf(server, id)).toHaveLength(1);
});

test("an instance that stops leaves it open, and says so", async () => {
  const { server, all } = await instances(2);
  const [leaving, staying] = all as [Instance, Instance];
  await turns(server, "chat", leaving, staying);
  const id = onlySession(server);
  const stopped = leaving.apie.shutdown();
  await settled();
  expect(await stopped).toMatchObject({ ok: true, sessionsLeftOpen: 1, sessions: { completed: 0 } });
  expect(completionsOf(server, id)).toEqual([]);
  await pass(3 * TTL_MS);
  await meanwhile("the other completes it", () => completionsOf(server, id).length === 1);
});

test("a session that is this instance's own is completed when it stops", async () => {
  const { server, store, all } = await instances(1);
  const [one] = all as [Instance];
  store.fault = () => "reject";
  await turn(one, "chat");
  const stopped = one.apie.shutdown();
  await pass(1_900, 100);
  // Its two seconds are not enough to find out that the store is down.
  expect(await stopped).toMatchObject({ sessions: { dropped: 1 } });

  const later = instance(server, store, { shutdownTimeoutMs: 8_000 });
  await turn(later, "other");
  const report = later.apie.shutdown();
  await pass(7_000, 100);
  expect(await report).toMatchObject({
    ok: true,
    sessionsLeftOpen: 0,
    sessions: { opened: 1, completed: 1 },
  });
  expect(completionsOf(server, onlySession(server, "other"))).toHaveLength(1);
});

test("completed on purpose it is over for the others, too", async () => {
  const { server, all } = await instances(2);
  const [one, two] = all as [Instance, Instance];
  await turns(server, "chat", one, two);
  const id = onlySession(server);
  one.apie.sessions.complete({ conversationId: "chat" }, { outputSummary: "solved" });
  await pass(1_000, 100);
  await meanwhile("it is completed", () => completionsOf(server, id).length === 1);
  expect(completionsOf(server, id)).toMatchObject([
    { body: { status: "completed", output_summary: "solved" } },
  ]);
  // The other hears of it when it looks after the session, an eighth of its time later.
  await turn(two, "chat");
  await pass(TTL_MS / 8 + 2_000);
  await turns(server, "chat", one, two);
  await pass(4 * TTL_MS);
  const [, second, ...more] = sessionsOf(server, "chat");
  expect(more).toEqual([]);
  expect(completionsOf(server, id)).toHaveLength(1);
  expect(completionsOf(server, second ?? "")).toHaveLength(1);
});

test("by an instance that has never seen it", async () => {
  const { server, all } = await instances(2);
  const [one, two] = all as [Instance, Instance];
  await turns(server, "chat", one);
  const id = onlySession(server);
  two.apie.sessions.complete({ conversationId: "chat" }, { status: "cancelled" });
  await pass(1_000, 100);
  await meanwhile("it is completed", () => completionsOf(server, id).length === 1);
  expect(onlySession(server)).toBe(id);
});

test("a store that has forgotten everything is told again", async () => {
  const { server, store, all } = await instances(2);
  const [one, two] = all as [Instance, Instance];
  await turns(server, "chat", one);
  const id = onlySession(server);
  for (const key of store.written.keys()) await store.inner.delete(key);
  await turn(one, "chat");
  await pass(TTL_MS / 8 + 2_000);
  await turns(server, "chat", two);
  expect(onlySession(server)).toBe(id);
});

test("while the store is down nothing is completed; when it is back, what has expired is", async () => {
  const { server, store, all } = await instances(2);
  await turns(server, "chat", ...all);
  const id = onlySession(server);
  store.fault = () => "hang";
  await pass(3 * TTL_MS);
  expect(completionsOf(server, id)).toEqual([]);
  store.fault = () => undefined;
  await pass(TTL_MS);
  await meanwhile("it is completed", () => completionsOf(server, id).length === 1);
  expect(completionsOf(server, id)).toHaveLength(1);
});

test("nothing is asked of the store when nothing is open", async () => {
  const { server, store, all } = await instances(2);
  await turns(server, "chat", ...all);
  await pass(4 * TTL_MS);
  const calls = store.calls.length;
  await pass(4 * TTL_MS);
  expect(store.calls.length).toBe(calls);
  for (const { apie } of all) await apie.shutdown();
  await pass(TTL_MS);
  expect(store.calls.length).toBe(calls);
});
