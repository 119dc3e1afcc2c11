/**
 * "Context lost, runs invisible until the end." Run and session are on every event, however the code goes on; a run is at Apie
 * as it begins; and one whose process was killed is seen to have begun and not ended.
 */
import { fileURLToPath } from "node:url";
import { simulateReadableStream, streamText } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { describe, expect, test } from "vitest";
import type { Apie, Session } from "../../src/index.ts";
import { startLocalApie } from "../diagnostics/local-apie.ts";
import { setup, startServer } from "../support/client.ts";
import { NEW_NODE } from "../support/new-node.ts";
import { startProgram } from "../support/program.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";

const RUN_OF_SESSION = /^\/v1\/sessions\/[^/]+\/runs$/;
const COMPLETION = /^\/v1\/runs\/[^/]+\/complete$/;

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A queue with a worker of its own, which was started long before: nothing of who asks reaches it but what is in the job. */
class Queue {
  readonly #jobs: (() => Promise<void>)[] = [];
  readonly #worker: Promise<void>;
  #isOpen = true;

  constructor() {
    this.#worker = this.#work();
  }

  async #work(): Promise<void> {
    while (this.#isOpen || this.#jobs.length > 0) {
      await this.#jobs.shift()?.();
      await settled();
    }
  }

  push(job: () => Promise<void>): void {
    this.#jobs.push(job);
  }

  close(): Promise<void> {
    this.#isOpen = false;
    return this.#worker;
  }
}

const answering = (text: string) =>
  new MockLanguageModelV3({
    doStream: async () => ({
      stream: simulateReadableStream({
        chunkDelayInMs: 1,
        chunks: [
          { type: "text-start", id: "1" },
          ...text.split(" ").map((delta) => ({ type: "text-delta" as const, id: "1", delta })),
          { type: "text-end", id: "1" },
          {
            type: "finish",
            finishReason: { unified: "stop", raw: "stop" },
            usage: {
              inputTokens: { total: 3, noCache: 3, cacheRead: 0, cacheWrite: 0 },
              outputTokens: { total: 2, text: 2, reasoning: 0 },
            },
          },
        ],
      }),
    }),
  });

const STREAM = "the callbacks of a model's stream";

/** Ways in which the work of a session goes on. Each tells of one event, at least. */
const WAYS: Readonly<Record<string, (apie: Apie, session: Session) => Promise<unknown>>> = {
  "an async generator, read later": async (apie) => {
    async function* pieces() {
      apie.track({ type: "first" });
      yield 1;
      await settled();
      apie.track({ type: "second" });
      yield 2;
    }
    const stream = await apie.withRun({}, () => pieces());
    for await (const _piece of stream) await settled();
  },
  [STREAM]: (apie) =>
    apie.withRun({}, async () => {
      const result = streamText({
        model: answering("five clouds"),
        prompt: "Count",
        experimental_telemetry: { isEnabled: true, functionId: "counter" },
        onChunk: () => apie.track({ type: "chunk" }),
        onFinish: async () => {
          await settled();
          apie.track({ type: "finished" });
        },
      });
      for await (const _piece of result.textStream);
    }),
  timers: (apie) =>
    apie.withRun(
      {},
      () =>
        new Promise<void>((resolve) => {
          const timer = setInterval(() => {
            apie.track({ type: "tick" });
            clearInterval(timer);
            setTimeout(() => setImmediate(() => resolve(apie.track({ type: "later" }))), 1);
          }, 1);
        }),
    ),
  "a queue, by the ids in the job": async (apie, session) => {
    const queue = new Queue();
    const { id: sessionId } = session;
    await apie.withRun({}, async ({ id: runId }) => {
      queue.push(() =>
        apie.withTool({ tool: { name: "t" }, runId }, async () => settled()).then(() => undefined),
      );
      queue.push(() => apie.withRun({ sessionId }, () => apie.track({ type: "by the worker" })));
      queue.push(async () => apie.track({ type: "of the session", sessionId }));
      await queue.close();
    });
  },
};

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  "an async generator, read later": ["first", "second"],
  [STREAM]: ["agent.llm.called", "agent.llm.completed", "chunk", "finished"],
  timers: ["tick", "later"],
  "a queue, by the ids in the job": ["agent.tool.called", "by the worker", "of the session"],
};

/** The one session Apie opened. */
function sessionAt(server: RecordingApie): string {
  const ids = server.to("/v1/sessions").map(({ answer }) => (answer as { id: string }).id);
  expect(ids).toHaveLength(1);
  return String(ids[0]);
}

describe.each([
  ["with a context manager", true, Object.entries(WAYS)],
  // Spans of other libraries need one: that is what is told, see below.
  ["without one", false, Object.entries(WAYS).filter(([way]) => way !== STREAM)],
])("%s", (_how, contextManager, ways) => {
  test.each(ways)("the session is on every event through %s", async (way, go) => {
    const { apie, server } = await setup({}, { contextManager });
    await apie.withSession({}, (session) => go(apie, session));
    expect(await apie.flush()).toMatchObject({ ok: true, events: { dropped: 0, rejected: 0 } });
    for (const type of EXPECTED[way] ?? []) expect(server.types).toContain(type);
    const session = sessionAt(server);
    expect(server.events.map(({ type, session_id }) => [type, session_id])).toEqual(
      server.types.map((type) => [type, session]),
    );
    // None of them opened a run beside those of the session.
    expect(server.to("/v1/runs")).toEqual([]);
    expect(server.to(RUN_OF_SESSION).every(({ path }) => path === `/v1/sessions/${session}/runs`)).toBe(true);
  });
});

test("without a context manager it is said once what does not work, and how to mend it", async () => {
  const told: string[] = [];
  const { apie } = await setup(
    { onError: ({ code, message }) => told.push(`${code}: ${message}`) },
    { contextManager: false },
  );
  for (let times = 0; times < 3; times += 1)
    await apie.withSession({}, () => apie.withRun({}, () => apie.withTool({ tool: { name: "t" } }, () => 1)));
  await apie.flush();
  expect(told).toEqual([
    expect.stringMatching(/^context_missing: no context manager .*AsyncLocalStorageContextManager/),
  ]);
});

test("with one, nothing is said", async () => {
  const told: string[] = [];
  const { apie } = await setup({ onError: ({ code }) => told.push(code) });
  await apie.withRun({}, () => 1);
  await apie.flush();
  expect(told).toEqual([]);
});

test("a run, and what begins in it, is at Apie within one flush interval of its start", async () => {
  const flushIntervalMs = 300;
  const { apie, server } = await setup({ flushIntervalMs });
  await apie.ready();
  let began = 0;
  let finish = (): void => undefined;
  const working = apie.withRun({}, () => {
    began = performance.now();
    return apie.withTool(
      { tool: { name: "long" } },
      () => new Promise<void>((resolve) => (finish = resolve)),
    );
  });
  await server.received("/v1/runs");
  const opened = performance.now() - began;
  await until("its first event", () => server.types.includes("agent.action.requested"));
  const told = performance.now() - began;
  finish();
  await working;
  // And the time the network and a busy machine take.
  expect(opened).toBeLessThan(200);
  expect(told).toBeLessThan(flushIntervalMs + 200);
});

test("kill -9: Apie holds the run as begun and not ended, with what began in it; the one before is whole", async () => {
  const local = await startLocalApie();
  try {
    const program = startProgram(
      NEW_NODE,
      [fileURLToPath(new URL("scripts/crash.ts", import.meta.url)), local.url],
      {
        env: { NODE_NO_WARNINGS: "1" },
      },
    );
    const tools = async () => {
      const events = await local.list("/api/events");
      return events.map(({ type, tool }) => `${type} ${(tool as { name?: string } | null)?.name}`);
    };
    await until(
      "its tool began",
      async () => (await tools()).includes("agent.action.requested endless"),
      20_000,
    );
    // Its events may have come in the same request, and its end goes out after them.
    await until("the run before has ended", async () =>
      (await local.list("/api/runs")).some(({ status }) => status === "completed"),
    );
    program.child.kill("SIGKILL");
    await program.ended;
    const runs = await local.list("/api/runs");
    const statusOf = new Map(
      runs.map(({ metadata, status, ended_at }) => [
        (metadata as { name: string }).name,
        [status, ended_at ?? null],
      ]),
    );
    expect(statusOf.get("under way")).toEqual(["running", null]);
    expect(statusOf.get("done")?.[0]).toBe("completed");
    expect(await tools()).toEqual(
      expect.arrayContaining(["agent.tool.called quick", "agent.action.requested endless"]),
    );
    expect(await tools()).not.toContain("agent.tool.called endless");
    const [session] = await local.list("/api/sessions");
    expect(session).toMatchObject({ status: "running" });
  } finally {
    await local.close();
  }
});

test("kill -9 before Apie ever answered leaves nothing half: no event without its run", async () => {
  const server = await startServer();
  server.rule(({ path }) => (RUN_OF_SESSION.test(path) ? "hang" : undefined));
  const program = startProgram(
    NEW_NODE,
    [fileURLToPath(new URL("scripts/crash.ts", import.meta.url)), server.url],
    {
      env: { NODE_NO_WARNINGS: "1" },
    },
  );
  await until("it was asked to open a run", () => server.to(RUN_OF_SESSION).length > 0, 20_000);
  program.child.kill("SIGKILL");
  await program.ended;
  expect(server.events).toEqual([]);
  expect(server.to(COMPLETION)).toEqual([]);
});
