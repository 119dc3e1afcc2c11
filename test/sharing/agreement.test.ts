/** Instances of one service that see the same conversation: one session at Apie, whatever the store does. */
import { describe, expect, test, vi } from "vitest";
import { memorySessionStore } from "../../src/index.ts";
import { StoreCalls } from "../../src/sharing/store-calls.ts";
import { meanwhile, pass, stopClock } from "../delivery/support.ts";
import { startServer } from "../support/client.ts";
import { until } from "../support/until.ts";
import {
  completionsOf,
  type Fault,
  faultyStore,
  type Instance,
  instance,
  type StoreCall,
  sessionsOf,
  sessionsWithRuns,
  turn,
} from "./support.ts";

const flushed = async ({ apie }: Instance): Promise<void> => {
  expect(await apie.flush()).toMatchObject({ ok: true, reasons: {}, events: { dropped: 0, rejected: 0 } });
};

describe("one session", () => {
  test("for a conversation that many instances open at once", async () => {
    const server = await startServer();
    const store = faultyStore();
    const instances = Array.from({ length: 4 }, () => instance(server, store));
    const conversations = Array.from({ length: 20 }, (_, number) => `chat-${number}`);
    await Promise.all(
      instances.flatMap((one) => conversations.map((conversation) => turn(one, conversation))),
    );
    await Promise.all(instances.map(flushed));
    for (const conversation of conversations) expect(sessionsOf(server, conversation)).toHaveLength(1);
    expect(sessionsWithRuns(server)).toHaveLength(20);
    expect(server.to(/^\/v1\/sessions\/[^/]+\/runs$/)).toHaveLength(80);
    expect(new Set(server.events.map(({ session_id }) => session_id)).size).toBe(20);
    const diagnostics = instances.map(({ apie }) => apie.queueDiagnostics());
    expect(diagnostics.reduce((sum, { sessionsJoined }) => sum + sessionsJoined, 0)).toBe(60);
    expect(diagnostics.reduce((sum, { sessions }) => sum + sessions.opened, 0)).toBe(20);
    expect(diagnostics.every(({ sessionsNotShared }) => sessionsNotShared === 0)).toBe(true);
  });

  test("for one that another instance has opened before", async () => {
    const server = await startServer();
    const store = faultyStore();
    const [one, two] = [instance(server, store), instance(server, store)];
    await turn(one, "chat");
    await flushed(one);
    await turn(two, "chat");
    await flushed(two);
    expect(sessionsOf(server, "chat")).toHaveLength(1);
    expect(sessionsWithRuns(server)).toHaveLength(1);
  });

  test("also for a foreign library's conversations", async () => {
    const server = await startServer();
    const store = faultyStore();
    const instances = [instance(server, store), instance(server, store)];
    for (const { apie } of instances) {
      const tracer = apie.spanProcessor.config.tracerProvider?.getTracer("library") as {
        startSpan(name: string, options: object): { end(): void };
      };
      tracer
        .startSpan("chat gpt", {
          attributes: {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt",
            "gen_ai.conversation.id": "thread-1",
          },
        })
        .end();
    }
    await Promise.all(instances.map(flushed));
    expect(sessionsOf(server, "thread-1")).toHaveLength(1);
    expect(sessionsWithRuns(server)).toHaveLength(1);
  });

  test("per agent: services with different agents do not share theirs", async () => {
    const server = await startServer();
    const store = faultyStore();
    const [one, two] = [instance(server, store), instance(server, store, { agent: { key: "b", name: "B" } })];
    await turn(one, "chat");
    await turn(two, "chat");
    await Promise.all([one, two].map(flushed));
    expect(sessionsOf(server, "chat")).toHaveLength(2);
  });

  test("without a store each instance has its own", async () => {
    const server = await startServer();
    const [one, two] = [instance(server, undefined), instance(server, undefined)];
    await turn(one, "chat");
    await turn(two, "chat");
    await Promise.all([one, two].map(flushed));
    expect(sessionsOf(server, "chat")).toHaveLength(2);
  });
});

test("what is stored holds nothing a user said and no secret", async () => {
  const server = await startServer();
  const store = faultyStore();
  const one = instance(server, store);
  await turn(one, "alice@example.com about her password");
  await flushed(one);
  const stored = JSON.stringify([...store.written]);
  for (const text of ["alice", "password", "support", "apie_sk", "127.0.0.1"])
    expect(stored).not.toContain(text);
  const [session] = sessionsOf(server, "alice@example.com about her password");
  expect([...store.written]).toEqual([
    [expect.stringMatching(/^claim:[\w-]{43}$/), expect.stringMatching(/^[\da-f-]{36}$/)],
    [expect.stringMatching(/^session:[\w-]{43}$/), session],
  ]);
});

test("its events carry no number within the session, which would not be unique", async () => {
  const server = await startServer();
  const store = faultyStore();
  const shared = instance(server, store);
  await turn(shared, "chat");
  await flushed(shared);
  expect(server.events).toHaveLength(1);
  expect(server.events[0]).toMatchObject({ sequence_number: 1 });
  expect(server.events[0]).not.toHaveProperty("session_sequence_number");
  await shared.apie.withSession({}, () => shared.apie.withRun({}, () => shared.apie.track({ type: "own" })));
  await flushed(shared);
  expect(server.eventsOf("own")[0]).toMatchObject({ session_sequence_number: 1 });
});

describe("an opening that fails", () => {
  test("leaves it to the other instances at once", async () => {
    const server = await startServer();
    const store = faultyStore();
    const [broken, sound] = [
      instance(server, store, { headers: { "x-instance": "broken" } }),
      instance(server, store),
    ];
    server.rule(({ path, headers }) =>
      path === "/v1/sessions" && headers["x-instance"] === "broken" ? { status: 503 } : undefined,
    );
    await turn(broken, "chat");
    await server.received("/v1/sessions");
    await turn(sound, "chat");
    await flushed(sound);
    await until("the broken one joins", () => sessionsWithRuns(server).length === 1);
    await flushed(broken);
    expect(sessionsOf(server, "chat")).toHaveLength(1);
    expect(broken.apie.queueDiagnostics()).toMatchObject({ sessionsJoined: 1, sessionsNotShared: 0 });
  });

  test("without an answer is counted when another has opened it", async () => {
    const server = await startServer();
    const store = faultyStore();
    const [cut, sound] = [
      instance(server, store, { headers: { "x-instance": "cut" } }),
      instance(server, store),
    ];
    server.rule(({ path, headers }) =>
      path === "/v1/sessions" && headers["x-instance"] === "cut" ? "reset" : undefined,
    );
    await turn(cut, "chat");
    await server.received("/v1/sessions");
    await turn(sound, "chat");
    await Promise.all([cut, sound].map(flushed));
    expect(sessionsOf(server, "chat")).toHaveLength(1);
    expect(cut.apie.queueDiagnostics()).toMatchObject({ sessionsJoined: 1, possibleDuplicates: 1 });
  });

  test("of an instance that died is made up for once its claim has expired", async () => {
    stopClock();
    const server = await startServer();
    const store = faultyStore(memorySessionStore({ ttlMs: 600_000 }));
    const [dead, alive] = [instance(server, store), instance(server, store)];
    server.fail("/v1/sessions", "hang", 1);
    await turn(dead, "chat");
    await meanwhile("it has claimed", () => server.to("/v1/sessions").length === 1);
    // Nothing is heard of it any more; its claim is for its 10 s of HTTP and 5 more.
    store.fault = (call) => (call === "delete" ? "hang" : undefined);
    await turn(alive, "chat");
    await pass(14_000, 250);
    expect(server.to("/v1/sessions")).toHaveLength(1);
    await pass(3_000, 250);
    await meanwhile("it is opened", () => sessionsOf(server, "chat").length === 1);
    await meanwhile("its run", () => sessionsWithRuns(server).length === 1);
  });

  test("refused for good is this instance's loss only, and holds no claim", async () => {
    const server = await startServer();
    const store = faultyStore();
    const one = instance(server, store);
    server.fail("/v1/sessions", { status: 422, body: { error: "no" } });
    await turn(one, "chat");
    const report = await one.apie.flush();
    expect(report).toMatchObject({ ok: true, sessions: { rejected: 1, pending: 0 } });
    const claim = [...store.written.keys()].find((key) => key.startsWith("claim:")) ?? "";
    await until("the claim is given back", async () => (await store.inner.get(claim)) === undefined);
  });
});

test("an id that is stored just before the claim is taken is found", async () => {
  const server = await startServer();
  const store = faultyStore();
  const one = instance(server, store);
  store.fault = (call, key) => {
    if (call === "setIfAbsent" && key.startsWith("claim:"))
      void store.inner.setIfAbsent(key.replace("claim:", "session:"), "ses_7", 60_000);
    return undefined;
  };
  await turn(one, "chat");
  await flushed(one);
  expect(server.to("/v1/sessions")).toEqual([]);
  expect(sessionsWithRuns(server)).toEqual(["ses_7"]);
  const claim = store.calls.find(({ key }) => key.startsWith("claim:"))?.key ?? "";
  await until("the claim is given back", async () => (await store.inner.get(claim)) === undefined);
});

test("of two that have opened it all the same, the first that was stored counts, and the other is closed", async () => {
  const server = await startServer();
  const store = faultyStore();
  const [slow, quick] = [
    instance(server, store, { headers: { "x-instance": "slow" } }),
    instance(server, store),
  ];
  const opened = server.rule(({ path, headers }) =>
    path === "/v1/sessions" && headers["x-instance"] === "slow" ? { delayMs: 300 } : undefined,
  );
  await turn(slow, "chat");
  await server.received("/v1/sessions");
  // Its claim is gone before its time, as after a restart of the store.
  for (const key of store.written.keys()) await store.inner.delete(key);
  await turn(quick, "chat");
  await Promise.all([slow, quick].map(flushed));
  opened();
  const ids = sessionsOf(server, "chat");
  expect(ids).toHaveLength(2);
  const [used] = sessionsWithRuns(server);
  expect(sessionsWithRuns(server)).toEqual([used]);
  const [vain] = ids.filter((id) => id !== used);
  expect(completionsOf(server, vain ?? "")).toMatchObject([
    { body: { status: "cancelled", metadata: { duplicate_of: used } } },
  ]);
  expect(slow.apie.queueDiagnostics()).toMatchObject({ possibleDuplicates: 1, sessionsNotShared: 0 });
});

const FAULTS: Readonly<Record<string, Fault>> = {
  rejects: "reject",
  throws: "throw",
  "never answers": "hang",
  "answers nonsense": { answer: { not: "what was asked" } },
  "answers with a text that is no id": { answer: "two words\r\n" },
  "answers with a promise of itself": { answer: Promise.reject(new Error("late")).catch(() => 7) },
};

describe("a store that fails", () => {
  test.each(Object.entries(FAULTS))(
    "(%s) costs nothing but the sharing, which is told once",
    async (_how, fault) => {
      stopClock();
      const server = await startServer();
      const store = faultyStore();
      store.fault = () => fault;
      const one = instance(server, store);
      const conversations = ["a", "b", "c"];
      for (const conversation of conversations) await turn(one, conversation);
      // Nobody waited for it.
      await pass(2_500, 250);
      expect(sessionsWithRuns(server)).toEqual([]);
      await pass(2_500, 250);
      await meanwhile("all are delivered", () => server.events.length === 3);
      for (const conversation of conversations) expect(sessionsOf(server, conversation)).toHaveLength(1);
      expect(one.apie.queueDiagnostics()).toMatchObject({ sessionsNotShared: 3, sessionsJoined: 0 });
      // One that comes now waits for one answer only.
      await turn(one, "d");
      await pass(1_250, 250);
      await meanwhile("the fourth is delivered", () => server.events.length === 4);
      expect(one.problems.map(({ code }) => code)).toEqual(["session_not_shared"]);
      expect(one.problems[0]?.message).not.toContain("hunter2secret");
    },
  );

  const parts: readonly (readonly [StoreCall, string])[] = [
    ["get", "session:"],
    ["setIfAbsent", "claim:"],
    ["setIfAbsent", "session:"],
    ["delete", "claim:"],
  ];

  test.each(parts)("in %s %s… alone", async (failing, prefix) => {
    stopClock();
    const server = await startServer();
    const store = faultyStore();
    store.fault = (call, key) => (call === failing && key.startsWith(prefix) ? "reject" : undefined);
    const one = instance(server, store);
    await turn(one, "chat");
    await pass(5_000, 250);
    await meanwhile("it is delivered", () => server.events.length === 1);
    expect(sessionsOf(server, "chat")).toHaveLength(1);
    expect(one.apie.queueDiagnostics().sessionsNotShared).toBe(failing === "delete" ? 0 : 1);
  });

  test("when it is back, new conversations are shared, and old ones as far as they can be", async () => {
    stopClock();
    const server = await startServer();
    const store = faultyStore();
    const [one, two] = [instance(server, store), instance(server, store)];
    store.fault = () => "reject";
    await turn(one, "old");
    await pass(5_000, 250);
    await meanwhile("it is delivered", () => server.events.length === 1);
    expect(one.apie.queueDiagnostics().sessionsNotShared).toBe(1);
    store.fault = () => undefined;
    // Later events stay with the session; it is stored as soon as somebody looks after it.
    await turn(one, "old");
    await pass(10_000, 500);
    await turn(two, "old");
    await turn(one, "new");
    await turn(two, "new");
    await pass(1_000, 100);
    await meanwhile("all is delivered", () => server.events.length === 5);
    expect(sessionsOf(server, "old")).toHaveLength(1);
    expect(sessionsOf(server, "new")).toHaveLength(1);
    expect(two.apie.queueDiagnostics()).toMatchObject({ sessionsNotShared: 0 });
  });

  test("two sessions of one conversation stay two", async () => {
    stopClock();
    const server = await startServer();
    const store = faultyStore();
    const [one, two] = [instance(server, store), instance(server, store)];
    store.fault = () => "reject";
    await turn(one, "chat");
    await turn(two, "chat");
    await pass(5_000, 250);
    await meanwhile("both are delivered", () => server.events.length === 2);
    store.fault = () => undefined;
    for (const each of [one, two]) await turn(each, "chat");
    await pass(20_000, 500);
    for (const each of [one, two]) await turn(each, "chat");
    await pass(1_000, 100);
    await meanwhile("all is delivered", () => server.events.length === 6);
    expect(sessionsOf(server, "chat")).toHaveLength(2);
    expect(sessionsWithRuns(server)).toHaveLength(2);
    // A third instance gets the one that was stored.
    const three = instance(server, store);
    await turn(three, "chat");
    await pass(1_000, 100);
    await meanwhile("the third is delivered", () => server.events.length === 7);
    expect(sessionsOf(server, "chat")).toHaveLength(2);
  });

  test("slow is not down: its answers are waited for", async () => {
    stopClock();
    const server = await startServer();
    const store = faultyStore();
    store.fault = () => ({ delayMs: 800 });
    const [one, two] = [instance(server, store), instance(server, store)];
    await turn(one, "chat");
    await turn(two, "chat");
    await pass(12_000, 200);
    await meanwhile("both are delivered", () => server.events.length === 2);
    expect(sessionsOf(server, "chat")).toHaveLength(1);
    expect(one.problems).toEqual([]);
  });

  test("a claim that never goes away is not waited for without end", async () => {
    stopClock();
    const server = await startServer();
    const store = faultyStore();
    store.fault = (call, key) =>
      call === "setIfAbsent" && key.startsWith("claim:") ? { answer: false } : undefined;
    const one = instance(server, store);
    await turn(one, "chat");
    await pass(15_000, 500);
    expect(sessionsOf(server, "chat")).toEqual([]);
    await pass(10_000, 500);
    await meanwhile("it is delivered", () => server.events.length === 1);
    expect(one.problems).toMatchObject([{ code: "session_not_shared" }]);
  });

  test("an answer that was lost: the session is stored, and others join it", async () => {
    stopClock();
    const server = await startServer();
    const store = faultyStore();
    store.fault = (call, key) => (call === "setIfAbsent" && key.startsWith("session:") ? "lost" : undefined);
    const [one, two] = [instance(server, store), instance(server, store)];
    await turn(one, "chat");
    await pass(3_000, 250);
    await meanwhile("it is delivered", () => server.events.length === 1);
    await turn(two, "chat");
    await pass(3_000, 250);
    await meanwhile("the other is delivered", () => server.events.length === 2);
    expect(sessionsOf(server, "chat")).toHaveLength(1);
    expect(two.apie.queueDiagnostics()).toMatchObject({ sessionsJoined: 1 });
  });

  test("that never answers holds no more than a thousand calls", async () => {
    stopClock();
    const store = faultyStore();
    store.fault = () => "hang";
    const failures: string[] = [];
    const calls = new StoreCalls(
      store,
      () => performance.now(),
      (reason) => failures.push(reason),
    );
    const answers = Array.from({ length: 1_500 }, () => calls.get("key"));
    expect(store.calls).toHaveLength(1_000);
    vi.advanceTimersByTime(1_000);
    expect(new Set(await Promise.all(answers))).toEqual(new Set([undefined]));
    // They are unsettled still.
    expect(await calls.get("key")).toBeUndefined();
    expect(store.calls).toHaveLength(1_000);
    expect(failures).toEqual(["1000 calls are unsettled"]);
  });
});

test("callbacks never wait for the store", async () => {
  const server = await startServer();
  const store = faultyStore();
  store.fault = () => "hang";
  const one = instance(server, store);
  const before = performance.now();
  for (let number = 0; number < 100; number += 1) await turn(one, `chat-${number}`);
  expect(performance.now() - before).toBeLessThan(500);
});
