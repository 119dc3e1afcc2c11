/** Several processes of one service, with the clients people use, against a real redis-server. */
import { afterEach, describe, expect, test } from "vitest";
import { completionsOf, sessionsOf, sessionsWithRuns } from "../sharing/support.ts";
import { RecordingApie } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";
import type { Answer } from "./instance.ts";
import { InstanceProcess } from "./processes.ts";
import { HAS_REDIS, RedisServer } from "./server.ts";

const LIBRARIES = ["redis", "ioredis", "redis", "ioredis"] as const;

interface Service {
  server: RecordingApie;
  redis: RedisServer;
  instances: InstanceProcess[];
  /** Every instance has a run in each of them, all at the same time. */
  turns(...conversations: string[]): Promise<Answer[]>;
  close(): Promise<void>;
}

async function startService(count: number, ttlMs?: number): Promise<Service> {
  const [server, redis] = await Promise.all([RecordingApie.start(), RedisServer.start()]);
  const options = { url: server.url, port: redis.port, ...(ttlMs === undefined ? {} : { ttlMs }) };
  const instances = await Promise.all(
    LIBRARIES.slice(0, count).map((library) => InstanceProcess.start({ ...options, library })),
  );
  return {
    server,
    redis,
    instances,
    turns: (...conversations) => Promise.all(instances.map((instance) => instance.turns(...conversations))),
    close: async () => {
      await Promise.all([...instances.map((instance) => instance.kill()), redis.close()]);
      await server.close();
    },
  };
}

const named = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, number) => `${name}-${number}`);

let service: Service | undefined;
afterEach(async () => {
  await service?.close();
  service = undefined;
});

const sum = (answers: readonly Answer[], count: (answer: Answer) => number): number =>
  answers.reduce((total, answer) => total + count(answer), 0);

describe.skipIf(!HAS_REDIS)("instances of one service", { timeout: 60_000 }, () => {
  test("have one session for each conversation, but for those opened while Redis fails", async () => {
    service = await startService(4);
    const { server, redis, turns } = service;
    const conversations = named("chat", 40);
    const answers = await turns(...conversations);
    for (const { report, problems } of answers) {
      expect(report).toMatchObject({ ok: true, reasons: {}, events: { delivered: 40 } });
      expect(problems).toEqual([]);
    }
    for (const conversation of conversations) expect(sessionsOf(server, conversation)).toHaveLength(1);
    expect(sessionsWithRuns(server)).toHaveLength(40);
    expect(server.events).toHaveLength(160);
    expect(sum(answers, ({ diagnostics }) => diagnostics.sessions.opened)).toBe(40);
    expect(sum(answers, ({ diagnostics }) => diagnostics.sessionsJoined)).toBe(120);
    // What is left in Redis is the sessions, all of which expire.
    await until("claims are given back", async () => (await redis.ask("DBSIZE")) === ":40");
    expect(await redis.ask("INFO keyspace")).toContain("keys=40,expires=40");

    // Slow: its answers are waited for.
    await redis.ask("CLIENT PAUSE 700 ALL");
    for (const { report, problems } of await turns(...named("slow", 5))) {
      expect(report).toMatchObject({ ok: true, reasons: {} });
      expect(problems).toEqual([]);
    }
    for (const conversation of named("slow", 5)) expect(sessionsOf(server, conversation)).toHaveLength(1);

    // Stuck: each goes on alone.
    await redis.ask("CLIENT PAUSE 6000 ALL");
    for (const { report, diagnostics, problems } of await turns("stuck")) {
      expect(report).toMatchObject({ ok: true, reasons: {} });
      expect(diagnostics.sessionsNotShared).toBe(1);
      expect(problems).toEqual(["session_not_shared"]);
    }
    expect(sessionsOf(server, "stuck")).toHaveLength(4);
    expect(await redis.ask("PING")).toBe("+PONG");
    await turns("unstuck");
    expect(sessionsOf(server, "unstuck")).toHaveLength(1);

    // Down: what is known stays known.
    await redis.kill();
    for (const { report, diagnostics } of await turns("chat-0", "while-down")) {
      expect(report).toMatchObject({ ok: true, reasons: {} });
      expect(diagnostics.sessionsNotShared).toBe(2);
    }
    expect(sessionsOf(server, "chat-0")).toHaveLength(1);
    expect(sessionsOf(server, "while-down")).toHaveLength(4);

    // Back, and empty: new conversations are shared again.
    await redis.run();
    await until("all are connected again", async () =>
      (await redis.ask("INFO clients")).includes("connected_clients:5"),
    );
    for (const { report } of await turns("chat-0", "while-down", ...named("after", 10)))
      expect(report).toMatchObject({ ok: true, reasons: {} });
    expect(sessionsOf(server, "chat-0")).toHaveLength(1);
    expect(sessionsOf(server, "while-down")).toHaveLength(4);
    for (const conversation of named("after", 10)) expect(sessionsOf(server, conversation)).toHaveLength(1);
  });

  test("complete a session once, when it has expired, whoever has left before", async () => {
    service = await startService(3, 1_000);
    const { server, instances, turns } = service;
    await turns("chat", "chat-2");
    const [leaving] = instances;
    const left = await leaving?.shutdown();
    expect(left?.report).toMatchObject({ ok: true, sessionsLeftOpen: 2 });
    const [[id = ""], [other = ""]] = [sessionsOf(server, "chat"), sessionsOf(server, "chat-2")];
    expect([...completionsOf(server, id), ...completionsOf(server, other)]).toEqual([]);
    const isCompleted = (): boolean =>
      completionsOf(server, id).length > 0 && completionsOf(server, other).length > 0;
    await until("both are completed", isCompleted, 20_000);
    const rest = await Promise.all(instances.slice(1).map((instance) => instance.shutdown()));
    expect(sum(rest, ({ report }) => report.sessions.completed)).toBe(2);
    expect(completionsOf(server, id)).toHaveLength(1);
    expect(completionsOf(server, other)).toHaveLength(1);
  });
});
