/** A delivery of its own against a recording Apie: lanes and events are put in by hand, and seen again at the server. */
import { expect, vi } from "vitest";
import { ApieClient, type ClientOptions } from "../../src/apie-api/index.ts";
import type { DropInfo } from "../../src/config/index.ts";
import {
  Delivery,
  type DeliveryOptions,
  type EventItem,
  type FlushReport,
  type HandoffItem,
  Lane,
} from "../../src/delivery/index.ts";
import type { ApieError } from "../../src/model/errors.ts";
import { cleanup, startServer } from "../support/client.ts";
import type { RecordedRequest, RecordingApie, WireRecord } from "../support/recording-apie.ts";

export type Options = Partial<Omit<DeliveryOptions, "client"> & ClientOptions>;

export interface Sender {
  server: RecordingApie;
  delivery: Delivery;
  client: ApieClient;
  drops: DropInfo[];
  problems: ApieError[];
}

/** Quick defaults: retries within milliseconds, batches after 10 ms. */
export function deliveryTo(server: RecordingApie, options: Options = {}): Sender {
  const drops: DropInfo[] = [];
  const problems: ApieError[] = [];
  const client = new ApieClient({ baseUrl: server.url, apiKey: "key", timeoutMs: 2_000, ...options });
  const delivery = new Delivery({
    identify: {
      agent: { key: "support", name: "Support" },
      runtime: { language: "typescript", sdk_version: "0" },
      mode: "monitor",
      hostname: "test",
    },
    capabilities: [],
    maxBatchSize: 25,
    maxBatchBytes: 524_288,
    maxConcurrentBatches: 4,
    maxQueueSize: 100_000,
    maxQueueBytes: 67_108_864,
    queueDropPolicy: "drop_oldest",
    flushIntervalMs: 10,
    retryAttempts: 3,
    retryBaseDelayMs: 4,
    onDrop: (info) => drops.push(info),
    onProblem: (error) => problems.push(error),
    ...options,
    client,
  });
  cleanup(() => {
    // A clock that stands still ends no time, this one of 0 ms neither.
    vi.useRealTimers();
    return delivery.shutdown(0);
  });
  return { server, delivery, client, drops, problems };
}

export async function start(options: Options = {}): Promise<Sender> {
  const sender = deliveryTo(await startServer(), options);
  sender.delivery.start();
  return sender;
}

export function session(key: string, knownId?: string): Lane {
  return new Lane(
    key,
    { kind: "session", body: { kind: "pipeline", metadata: { key } } },
    { ownAgent: true, knownId },
  );
}

export function run(
  key: string,
  within: { session?: Lane; parent?: Lane; knownId?: string; orphanStatus?: string } = {},
): Lane {
  return new Lane(
    key,
    {
      kind: "run",
      body: { agent_key: "support", input_summary: "ask", metadata: { key } },
      session: within.session,
      parent: within.parent,
    },
    {
      ownAgent: true,
      session: within.session,
      knownId: within.knownId,
      orphanStatus: within.orphanStatus,
    },
  );
}

export const loose = (): Lane => new Lane("none", { kind: "none" }, { ownAgent: true });

const sequences = new WeakMap<Lane, number>();

/** An event that names its run and its place in it. */
export function event(lane: Lane, more: Partial<EventItem> & { payload?: unknown } = {}): EventItem {
  const sequence = (sequences.get(lane) ?? 0) + 1;
  sequences.set(lane, sequence);
  const { payload, ...item } = more;
  const eventId = `${lane.key}/${sequence}`;
  return {
    kind: "event",
    type: "custom.event",
    bytes: 100,
    ticket: 0,
    write: (bound) => ({
      eventId,
      json: `${JSON.stringify({
        type: "custom.event",
        agent_key: "support",
        event_id: eventId,
        sequence_number: sequence,
        metadata: { key: lane.key, payload },
      }).slice(0, -1)}${bound}}`,
    }),
    ...item,
  };
}

export function handoff(target?: Lane): HandoffItem {
  return {
    kind: "handoff",
    type: "handoff",
    bytes: 50,
    ticket: 0,
    body: { reason: "over to you", status: "requested" },
    target,
  };
}

export function push(
  delivery: Delivery,
  lane: Lane,
  count = 1,
  more: Parameters<typeof event>[1] = {},
): void {
  for (let sent = 0; sent < count; sent += 1) delivery.push(lane, event(lane, more));
}

/** Opens a run, tells `count` events of it and ends it. */
export function whole(
  delivery: Delivery,
  lane: Lane,
  count = 1,
  more: Parameters<typeof event>[1] = {},
): Lane {
  delivery.open(lane);
  push(delivery, lane, count, more);
  delivery.complete(lane, { status: "completed" });
  return lane;
}

// ---- seen at the server ------------------------------------------------------------------------------------------

export const OPENING = /^\/v1\/(runs|sessions|sessions\/[^/]+\/runs)$/;
export const COMPLETING = /\/complete$/;
export const EVENTS = "/v1/events";

export const isTaken = (request: RecordedRequest): boolean =>
  request.status !== undefined && request.status >= 200 && request.status < 300;

export const keyOf = (event: WireRecord): string => (event.metadata as { key: string }).key;

const eventsIn = (request: RecordedRequest): WireRecord[] =>
  (request.body as { events: WireRecord[] }).events;

/** `key/sequence` of what the server took, in order of arrival. */
export const taken = (server: RecordingApie): string[] =>
  server.events.map((event) => String(event.event_id));

/** `key/1 … key/n`. */
export const numbered = (key: string, count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, index) => `${key}/${from + index}`);

const openingsOf = (server: RecordingApie, key: string): RecordedRequest[] =>
  server
    .to(OPENING)
    .filter((request) => (request.body as { metadata?: { key?: string } }).metadata?.key === key);

/** The opening call that gave the id. */
export function openingOf(server: RecordingApie, key: string): RecordedRequest {
  const request = openingsOf(server, key).find(
    (opening) => isTaken(opening) && idAtServer(opening) !== undefined,
  );
  if (request === undefined) throw new Error(`${key} was not opened`);
  return request;
}

/** The id a call was answered with. */
export const idAtServer = ({ answer }: RecordedRequest): string | undefined =>
  (answer as { id: string } | undefined)?.id;

/**
 * The promise of a lane: its opening was answered before its first event was sent, its events came in order and once, the
 * completion was sent after all of them were answered and nothing after it.
 */
export function expectOrder(server: RecordingApie, lane: Lane): void {
  const opening = openingOf(server, lane.key);
  const id = idAtServer(opening);
  const posts = server.to(EVENTS).filter((post) => eventsIn(post).some((event) => keyOf(event) === lane.key));
  for (const post of posts) {
    expect(post.arrived, `events of ${lane.key} after its opening`).toBeGreaterThan(
      opening.answered ?? Number.NaN,
    );
    for (const event of eventsIn(post)) if (keyOf(event) === lane.key) expect(event.run_id).toBe(id);
  }
  const accepted = posts
    .filter(isTaken)
    .flatMap(eventsIn)
    .filter((event) => keyOf(event) === lane.key);
  const numbers = accepted.map((event) => event.sequence_number as number);
  expect(numbers, `events of ${lane.key} in order`).toEqual([...numbers].sort((one, other) => one - other));
  expect(new Set(numbers).size, `events of ${lane.key} once`).toBe(numbers.length);
  for (const completion of server.to(`/v1/runs/${id}/complete`)) {
    for (const post of posts) {
      expect(post.answered ?? post.arrived, `completion of ${lane.key} after its events`).toBeLessThan(
        completion.arrived,
      );
    }
  }
}

/** Every event in exactly one counter, and nothing held that is not pending. */
export function expectAddsUp(delivery: Delivery, events: number): void {
  const { delivered, rejected, dropped, pending } = delivery.counters.events;
  expect(delivered + rejected + dropped + pending).toBe(events);
  for (const figure of [delivered, rejected, dropped, pending]) expect(figure).toBeGreaterThanOrEqual(0);
}

export function expectIdle(delivery: Delivery): void {
  expect(delivery.queued).toEqual({ count: 0, bytes: 0 });
  const { events, runs, sessions } = delivery.counters;
  expect([events.pending, runs.pending, sessions.pending]).toEqual([0, 0, 0]);
}

export async function flushed(delivery: Delivery, timeoutMs = 5_000): Promise<FlushReport> {
  const report = await delivery.flush(timeoutMs);
  expect(report, report.lastError).toMatchObject({ ok: true, timedOut: false });
  return report;
}

// ---- a clock of our own ------------------------------------------------------------------------------------------

/** Stops timers and the monotonic clock until the test ends; the network goes on. */
export function stopClock(): void {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout", "Date"] });
  cleanup(async () => vi.useRealTimers());
}

/** Waits for the network while the clock stands still. */
export async function meanwhile(what: string, condition: () => unknown): Promise<void> {
  const deadline = process.hrtime.bigint() + 5_000_000_000n;
  while (!condition()) {
    if (process.hrtime.bigint() > deadline) throw new Error(`not while the clock stands: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Lets everything happen that happens without the clock. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Moves the clock in steps of a second, and lets the network do its part after each. */
export async function pass(ms: number, step = 1_000): Promise<void> {
  for (let left = ms; left > 0; left -= step) {
    vi.advanceTimersByTime(Math.min(step, left));
    await settled();
  }
}
