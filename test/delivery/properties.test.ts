/** Whatever is put in, in whatever order, and whatever the network does: the promises of the delivery hold. */
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { ApieClient } from "../../src/apie-api/index.ts";
import type { Transport, TransportRequest, TransportResult } from "../../src/config/index.ts";
import { Delivery, type Lane } from "../../src/delivery/index.ts";
import type { Counters } from "../../src/delivery/totals.ts";
import { cleanup } from "../support/client.ts";
import { event, handoff, run, session } from "./support.ts";

/** What becomes of a request. `lost` and `late` were done by the server although the client does not learn it, or not soon. */
type Fate = "done" | "slow" | "lost" | "late" | "refused connection" | "busy" | "error" | "bad answer";

type Step =
  | { do: "open" | "push" | "complete" | "hand off"; run: number }
  | { do: "end session" }
  | { do: "wait"; ms: number }
  | { do: "flush" };

const RUNS = 5;
/** Events that the server does not take. */
const isPoison = (sent: { sequence_number: number }): boolean => sent.sequence_number % 7 === 3;

const fate = fc.constantFrom<Fate>(
  "done",
  "done",
  "done",
  "slow",
  "lost",
  "late",
  "refused connection",
  "busy",
  "error",
  "bad answer",
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant("open" as const), run: fc.nat(RUNS - 1) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("push" as const), run: fc.nat(RUNS - 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom("complete" as const, "hand off" as const),
      run: fc.nat(RUNS - 1),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "end session" as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.constant({ do: "flush" as const }) },
);

interface Sent {
  event_id: string;
  sequence_number: number;
  run_id: string;
}

/** Of an event, also in its short form, which has no metadata. */
const keyOf = ({ event_id }: Sent): string => event_id.split("/")[0] ?? "";

/** A server that keeps what it is sent, and checks on the way that it may be sent now. */
class Server {
  readonly opened = new Map<string, string>();
  readonly completed = new Set<string>();
  readonly received = new Map<string, number[]>();
  readonly violations: string[] = [];
  readonly lanesUnderWay = new Map<string, number>();
  eventPosts = 0;
  #ids = 0;
  #fates: Fate[];

  constructor(fates: Fate[]) {
    this.#fates = [...fates];
  }

  readonly transport: Transport = async (request) => {
    const fate = this.#fates.shift() ?? "done";
    if (fate === "refused connection") return { kind: "failure", sent: "notSent", message: "ECONNREFUSED" };
    const touched = this.#begin(request);
    if (fate === "slow" || fate === "late") await new Promise((resolve) => setTimeout(resolve, 15));
    const answer = this.#answer(request, fate);
    this.#end(touched);
    if (fate === "lost") return { kind: "failure", sent: "unknown", message: "ECONNRESET" };
    if (fate === "late") await new Promise((resolve) => setTimeout(resolve, 10_000));
    return answer;
  };

  #begin({ url, body }: TransportRequest): string[] {
    if (!url.endsWith("/v1/events")) return [];
    this.eventPosts += 1;
    if (this.eventPosts > 3) this.violations.push("more batches under way than allowed");
    const runs = [...new Set(eventsOf(body).map(keyOf))];
    for (const key of runs) {
      const count = (this.lanesUnderWay.get(key) ?? 0) + 1;
      this.lanesUnderWay.set(key, count);
      if (count > 1) this.violations.push(`${key} is in two batches at once`);
    }
    return runs;
  }

  #end(runs: readonly string[]): void {
    if (runs.length > 0) this.eventPosts -= 1;
    for (const key of runs) this.lanesUnderWay.set(key, (this.lanesUnderWay.get(key) ?? 0) - 1);
  }

  #answer({ url, body }: TransportRequest, fate: Fate): TransportResult {
    if (fate === "busy") return reply(429, { error: "slow down" });
    if (fate === "error") return reply(503, { error: "down" });
    if (fate === "bad answer") return { kind: "response", status: 200, headers: {}, body: '{"id"' };
    const path = new URL(url).pathname;
    const completion = /\/v1\/(?:runs|sessions)\/([^/]+)\/complete$/.exec(path)?.[1];
    if (completion !== undefined) {
      if (this.completed.has(completion)) return reply(409, {});
      this.completed.add(completion);
      return reply(200, {});
    }
    if (path === "/v1/events") return this.#events(body);
    this.#ids += 1;
    const key = (JSON.parse(body ?? "{}") as { metadata?: { key?: string } }).metadata?.key;
    if (key !== undefined) this.opened.set(`id_${this.#ids}`, key);
    return reply(200, { id: `id_${this.#ids}`, agent_id: "agt" });
  }

  #events(body: string | undefined): TransportResult {
    const events = eventsOf(body);
    if (events.some(isPoison)) return reply(422, { error: "poison" });
    for (const sent of events) {
      const key = keyOf(sent);
      if (this.opened.get(sent.run_id) !== key)
        this.violations.push(`${sent.event_id} for a run that was not opened`);
      if (this.completed.has(sent.run_id)) this.violations.push(`${sent.event_id} after the end of its run`);
      const numbers = this.received.get(key) ?? [];
      if (!numbers.includes(sent.sequence_number)) {
        if (sent.sequence_number < (numbers.at(-1) ?? 0))
          this.violations.push(`${sent.event_id} after ${numbers.at(-1)}`);
        numbers.push(sent.sequence_number);
      }
      this.received.set(key, numbers);
    }
    return reply(200, { accepted: events.length });
  }
}

const eventsOf = (body: string | undefined): Sent[] => (JSON.parse(body ?? "") as { events: Sent[] }).events;
const reply = (status: number, body: unknown): TransportResult => ({
  kind: "response",
  status,
  headers: {},
  body: JSON.stringify(body),
});

async function turn(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  for (let turns = 0; turns < 6; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Moves the clock until it is there. */
async function soon(awaited: Promise<unknown>): Promise<void> {
  let isThere = false;
  void awaited.finally(() => {
    isThere = true;
  });
  for (let turns = 0; !isThere && turns < 100; turns += 1) await turn(10);
  expect(isThere).toBe(true);
}

interface Bounds {
  maxQueueSize: number;
  maxQueueBytes: number;
  maxBatchSize: number;
}

interface Played {
  counters: Counters;
  /** Losses as they were told: `event queue_full` and so on. */
  losses: Map<string, number>;
  events: number;
  runs: number;
}

async function play(steps: readonly Step[], fates: Fate[], bounds: Bounds): Promise<Played> {
  const server = new Server(fates);
  const client = new ApieClient({
    baseUrl: "http://apie.test",
    apiKey: "k",
    timeoutMs: 1_000,
    transport: server.transport,
  });
  const losses = new Map<string, number>();
  const delivery = new Delivery({
    client,
    identify: {
      agent: { key: "a", name: "A" },
      runtime: { language: "ts", sdk_version: "0" },
      mode: "monitor",
      hostname: "h",
    },
    capabilities: [],
    maxBatchBytes: 524_288,
    maxConcurrentBatches: 3,
    queueDropPolicy: "drop_oldest",
    flushIntervalMs: 10,
    retryAttempts: 3,
    retryBaseDelayMs: 5,
    onDrop: ({ what, reason }) => losses.set(`${what} ${reason}`, (losses.get(`${what} ${reason}`) ?? 0) + 1),
    onProblem: () => undefined,
    ...bounds,
  });
  delivery.start();
  const pipeline = session("s");
  const lanes = Array.from({ length: RUNS }, (_, index) =>
    run(`r${index}`, index % 2 === 0 ? { session: pipeline } : {}),
  );
  delivery.open(pipeline);
  const opened = new Set<Lane>();
  const ended = new Set<Lane>();
  const flushes: Promise<unknown>[] = [];
  let events = 0;

  const within = (): void => {
    const { count, bytes } = delivery.queued;
    expect(count).toBeLessThanOrEqual(bounds.maxQueueSize);
    expect(bytes).toBeLessThanOrEqual(bounds.maxQueueBytes);
    const { delivered, rejected, dropped, pending } = delivery.counters.events;
    expect(delivered + rejected + dropped + pending).toBe(events);
  };
  const acts: Record<Exclude<Step["do"], "wait">, (lane: Lane) => void> = {
    open: (lane) => {
      if (!opened.has(lane)) delivery.open(lane);
      opened.add(lane);
    },
    push: (lane) => {
      if (!opened.has(lane)) return;
      events += 1;
      delivery.push(lane, event(lane));
    },
    "hand off": (lane) => {
      if (opened.has(lane)) delivery.push(lane, handoff());
    },
    complete: (lane) => {
      if (opened.has(lane)) delivery.complete(lane, { status: "completed" });
      if (opened.has(lane)) ended.add(lane);
    },
    "end session": () => delivery.complete(pipeline, { status: "completed" }),
    flush: () => void flushes.push(delivery.flush(200)),
  };
  for (const given of steps) {
    if (given.do === "wait") await turn(given.ms);
    else acts[given.do](lanes["run" in given ? given.run : 0] as Lane);
    within();
  }
  for (const lane of lanes) acts.complete(lane);
  acts["end session"](pipeline);
  // From here on the network works, as soon as the fates are used up.
  for (let turns = 0; delivery.queued.count > 0 && turns < 3_000; turns += 1) {
    await turn(200);
    within();
  }
  await soon(Promise.all(flushes));

  expect(server.violations).toEqual([]);
  expect(delivery.queued).toEqual({ count: 0, bytes: 0 });
  const { counters } = delivery;
  expect([counters.events.pending, counters.runs.pending, counters.sessions.pending]).toEqual([0, 0, 0]);
  const received = [...server.received.values()].flat().length;
  expect(counters.events.delivered).toBeLessThanOrEqual(
    received + fates.filter((given) => given === "bad answer").length * bounds.maxBatchSize,
  );
  const told = [...losses]
    .filter(([name]) => name.startsWith("event "))
    .reduce((sum, [, count]) => sum + count, 0);
  expect(told).toBe(counters.events.rejected + counters.events.dropped);
  const reasons = [...counters.reasons.values()].reduce((sum, count) => sum + count, 0);
  const calls = [...losses]
    .filter(([name]) => /^(run|session) /.test(name))
    .reduce((sum, [, count]) => sum + count, 0);
  expect(reasons).toBe(told + calls);
  // Opened runs were completed, or the reason why not was told.
  expect(counters.runs.opened + counters.runs.rejected + counters.runs.dropped).toBeGreaterThanOrEqual(
    opened.size,
  );
  await soon(delivery.shutdown(100));
  return { counters, losses, events, runs: opened.size };
}

const bounds: fc.Arbitrary<Bounds> = fc.record({
  maxQueueSize: fc.integer({ min: 1, max: 60 }),
  maxQueueBytes: fc.integer({ min: 1_000, max: 12_000 }),
  maxBatchSize: fc.integer({ min: 1, max: 8 }),
});

test("any interleaving, any failures", async () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout", "Date"] });
  cleanup(async () => vi.useRealTimers());
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 120, size: "max" }),
      fc.array(fate, { maxLength: 80, size: "max" }),
      bounds,
      async (steps, fates, limits) => {
        await play(steps, fates, limits);
      },
    ),
    { numRuns: 150 },
  );
});

test("without bounds and with a network that fails but loses no answer, everything arrives that is not bad", async () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout", "Date"] });
  cleanup(async () => vi.useRealTimers());
  const honest = fc.constantFrom<Fate>("done", "slow", "refused connection", "busy", "error");
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 80, size: "max" }),
      fc.array(honest, { maxLength: 60, size: "max" }),
      async (steps, fates) => {
        const { counters, losses, events, runs } = await play(steps, fates, {
          maxQueueSize: 10_000,
          maxQueueBytes: 10_000_000,
          maxBatchSize: 5,
        });
        const lost = (name: string): number => losses.get(name) ?? 0;
        expect(counters.events).toEqual({
          delivered: events - lost("event rejected_422") - lost("event after_completion"),
          rejected: lost("event rejected_422"),
          dropped: lost("event after_completion"),
          pending: 0,
        });
        expect(counters).toMatchObject({
          runs: { opened: runs, completed: runs, rejected: 0, dropped: 0 },
          sessions: { opened: 1, completed: 1, rejected: 0, dropped: 0 },
          possibleDuplicates: 0,
        });
      },
    ),
    { numRuns: 60 },
  );
});
