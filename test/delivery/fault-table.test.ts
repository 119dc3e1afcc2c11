/** Every cell of the fault table: an outage of 20 s with that fault, then Apie is well again, and nothing new is sent. */
import { describe, expect, test } from "vitest";
import { cleanup, startServer } from "../support/client.ts";
import { stopNameServer } from "../support/name-server.ts";
import { type RecordedRequest, RecordingApie, type WireRecord } from "../support/recording-apie.ts";
import {
  ASKED_MS,
  BAD_EVENT,
  CALLS,
  type Call,
  EVENT_COUNT,
  FAULTS,
  OUTCOMES,
  type Outcome,
  UNREACHABLE,
} from "./fault-table.ts";
import {
  deliveryTo,
  EVENTS,
  expectAddsUp,
  expectIdle,
  expectOrder,
  meanwhile,
  numbered,
  pass,
  run,
  type Sender,
  session,
  stopClock,
  taken,
  whole,
} from "./support.ts";

const OUTAGE_MS = 20_000;
/** Within which all is through once Apie is well: a held call is asked for again after 15 s, then 30 s. */
const RECOVERY_MS = 60_000;

const idsIn = (request: RecordedRequest): string[] =>
  request.path === EVENTS
    ? (request.body as { events: WireRecord[] }).events.map(({ event_id }) => String(event_id))
    : [];

/** A session, and a run with its events, under a clock that stands. */
function work(server: RecordingApie, baseUrl = server.url): Sender & { lane: ReturnType<typeof run> } {
  const sender = deliveryTo(server, {
    baseUrl,
    timeoutMs: 5_000,
    retryBaseDelayMs: 250,
    flushIntervalMs: 100,
  });
  const { delivery } = sender;
  delivery.start();
  const pipeline = session("s");
  delivery.open(pipeline);
  delivery.complete(pipeline, { status: "completed" });
  const lane = whole(delivery, run("r"), EVENT_COUNT);
  return { ...sender, lane };
}

async function recovered({ delivery }: Sender): Promise<void> {
  for (let left = RECOVERY_MS; left > 0 && delivery.queued.count > 0; left -= 500) await pass(500, 500);
}

function expectCounted({ delivery, drops }: Sender, outcome: Outcome, call: Call, status: string): void {
  const { events, runs, sessions, reasons = {} } = outcome.counted(call, status);
  const { counters } = delivery;
  expect(counters.events).toEqual({ delivered: EVENT_COUNT, rejected: 0, dropped: 0, pending: 0, ...events });
  expect(counters.runs).toEqual({ opened: 1, completed: 1, rejected: 0, dropped: 0, pending: 0, ...runs });
  expect(counters.sessions).toEqual({
    opened: 1,
    completed: 1,
    rejected: 0,
    dropped: 0,
    pending: 0,
    ...sessions,
  });
  expect(Object.fromEntries(counters.reasons)).toEqual(reasons);
  // Each loss is told, and none else.
  const losses = Object.values(reasons).reduce((sum, count) => sum + count, 0);
  expect(drops.map(({ reason }) => reason)).toEqual(
    Array.from({ length: losses }, () => Object.keys(reasons)[0]),
  );
  expectAddsUp(delivery, EVENT_COUNT);
  expectIdle(delivery);
}

/** What the fault hits is still here, and nothing of it was given up. */
function expectWaiting({ delivery, drops }: Sender, call: Call, outcome: Outcome): void {
  const { events, runs, sessions } = delivery.counters;
  expectAddsUp(delivery, EVENT_COUNT);
  expect(drops).toEqual([]);
  expect(delivery.lastError).toBeDefined();
  if (call !== "session") {
    expect(events.pending).toBe(outcome === OUTCOMES.one ? 1 : EVENT_COUNT);
    expect(runs.pending).toBe(call === "events" ? 1 : 2);
  }
  if (call === "session" || call === "identify") expect(sessions.pending).toBe(2);
}

/** What was told of the one bad event, wherever the user looks. */
function expectQuarantined({ delivery, drops }: Sender): void {
  expect(drops).toEqual([
    expect.objectContaining({
      what: "event",
      outcome: "rejected",
      eventId: BAD_EVENT,
      message: expect.stringMatching(/./),
      event: expect.objectContaining({
        event_id: BAD_EVENT,
        metadata: expect.objectContaining({ key: "r" }),
      }),
    }),
  ]);
  expect(delivery.quarantine.entries).toEqual([
    expect.objectContaining({ eventId: BAD_EVENT, type: "custom.event", reason: drops[0]?.reason }),
  ]);
}

const isMarked = ({ body }: RecordedRequest): boolean =>
  (body as { metadata?: { possible_duplicate?: boolean } }).metadata?.possible_duplicate === true;

const CELLS = FAULTS.flatMap((fault) =>
  Object.entries(fault.cells).map(([call, name]) => [fault.name, call as Call, name, fault] as const),
);

test.each(CELLS)("%s, to %s: %s", async (_fault, call, name, { answer, status = "" }) => {
  const outcome: Outcome = OUTCOMES[name];
  const server = await startServer();
  stopClock();
  const path = CALLS[call];
  const mend = server.rule((request) => (path.test(request.path) ? answer(idsIn(request), call) : undefined));
  const sender = work(server);
  const { delivery, lane } = sender;

  await pass(2_000, 50);
  await meanwhile("it was hit", () => server.to(path).length > 0);
  if (outcome.waits === "as long as asked" || outcome.waits === "held with all else") {
    const before = server.requests.length;
    await pass(outcome.waits === "held with all else" ? 11_000 : ASKED_MS - 3_000);
    expect(server.requests).toHaveLength(before);
    // An answer to a call made before may show that Apie is well: then it is asked at once, and once more.
    expect(server.to(path).length).toBeLessThanOrEqual(2);
    expect(delivery.heldBecause).toBeDefined();
  } else {
    await pass(OUTAGE_MS - 2_000, 500);
  }

  const asked = server.to(path);
  if (outcome.waits === undefined) expectCounted(sender, outcome, call, status);
  else expectWaiting(sender, call, outcome);
  if (name === "delivered" || name === "withoutAgent") expect(asked).toHaveLength(1);
  if (name === "withoutId") expect(asked).toHaveLength(3);
  if (outcome.waits === "tried again") expect(asked.length).toBeGreaterThan(2);
  if (outcome.waits === "held") expect(asked.length).toBeLessThanOrEqual(2);
  expect(asked.length).toBeLessThan(40);

  mend();
  await recovered(sender);
  expectCounted(sender, outcome, call, status);
  const isSure = asked.slice(1).every((request) => isMarked(request) === (outcome.marks === true));
  if ((call === "run" || call === "session") && name !== "refused") expect(isSure).toBe(true);
  expect(delivery.counters.possibleDuplicates > 0).toBe(outcome.marks === true);
  expect(delivery.heldBecause).toBeUndefined();

  const { delivered, rejected } = delivery.counters.events;
  expect(new Set(taken(server)).size).toBeGreaterThanOrEqual(delivered);
  if (rejected === 1) expectQuarantined(sender);
  if (delivered === EVENT_COUNT && name !== "one") {
    expect([...new Set(taken(server))]).toEqual(numbered("r", EVENT_COUNT));
    // What the server takes for good and we do not, it has seen more than once.
    if (taken(server).length === EVENT_COUNT) expectOrder(server, lane);
  }
  if (name === "withoutAgent")
    expect(server.events.every(({ agent_id }) => agent_id === undefined)).toBe(true);
});

describe.each(Object.entries(UNREACHABLE))("%s", (kind, what) => {
  test(`${what}: all waits, and goes once it is there; nothing is marked as done twice`, async () => {
    const first = await startServer();
    const names = stopNameServer();
    if (kind === "refused") await first.close();
    stopClock();
    const sender = work(first, kind === "dns" ? `http://apie.invalid:${first.port}` : first.url);
    const { delivery } = sender;
    await meanwhile("it failed", () => delivery.lastError);
    await pass(OUTAGE_MS, 500);
    expect(delivery.lastError?.message).toMatch(kind === "dns" ? /ENOTFOUND/ : /ECONNREFUSED/);
    expectWaiting(sender, "identify", OUTCOMES.again);

    const server = kind === "refused" ? await RecordingApie.start(first.port) : first;
    cleanup(() => server.close());
    names.knowsAll();
    await recovered(sender);
    expectCounted(sender, OUTCOMES.again, "identify", "");
    expect(delivery.counters.possibleDuplicates).toBe(0);
    expect(taken(server)).toEqual(numbered("r", EVENT_COUNT));
  });
});
