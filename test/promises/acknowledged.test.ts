/**
 * "Acknowledged but lost." The table of all faults is in test/delivery/fault-table.ts; here it is what the user sees of them:
 * a bad start disables nothing, an outage ends without new traffic, every loss shows.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { DropInfo } from "../../src/index.ts";
import { setup } from "../support/client.ts";
import type { Behaviour, WireRecord } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";

const EVENTS = "/v1/events";
const EVERYTHING = "/";

test.each<[string, Behaviour]>([
  ["failed", { status: 500 }],
  ["reset", "reset"],
  ["was not there (503)", { status: 503 }],
])(
  "a start at which everything %s disables nothing: what was done then arrives, with no new traffic",
  async (_what, bad) => {
    const { apie, server } = await setup({ retryBaseDelayMs: 20 });
    const mend = server.fail(EVERYTHING, bad);
    await apie.withRun({}, () => apie.withTool({ tool: { name: "early" } }, () => 1));
    expect(await apie.flush()).toMatchObject({ ok: false, events: { delivered: 0, pending: 3 } });
    mend();
    await until("it arrived", () => apie.queueDiagnostics().queueSize === 0);
    expect(apie.queueDiagnostics()).toMatchObject({
      events: { delivered: 3, dropped: 0 },
      runs: { completed: 1 },
    });
    expect(server.types).toHaveLength(3);
  },
);

test("a wrong key at the start, mended at Apie: the next flush sends everything", async () => {
  const { apie, server } = await setup();
  const mend = server.fail(EVERYTHING, { status: 401, body: { error: "unknown key" } });
  await apie.withRun({}, () => apie.withTool({ tool: { name: "early" } }, () => 1));
  expect(await apie.flush()).toMatchObject({
    ok: false,
    lastError: expect.stringContaining("check the API key"),
  });
  expect(apie.queueDiagnostics().heldBecause).toContain("401");
  mend();
  expect(await apie.flush()).toMatchObject({ ok: true, events: { delivered: 3, pending: 0 } });
});

/** Answers of all kinds to batches; what each takes for good. */
const ANSWERS: Readonly<Record<string, (ids: string[]) => { behaviour: Behaviour; taken: string[] }>> = {
  all: (ids) => ({ behaviour: { body: { accepted: ids.length } }, taken: ids }),
  "half, named": (ids) => {
    const taken = ids.filter((_id, index) => index % 2 === 0);
    const rejected = ids.filter((id) => !taken.includes(id)).map((event_id) => ({ event_id }));
    return { behaviour: { status: 207, body: { rejected } }, taken };
  },
  none: (ids) => ({ behaviour: { body: { accepted: 0, rejected: ids } }, taken: [] }),
  later: () => ({ behaviour: { status: 503 }, taken: [] }),
  "one by one": (ids) => ({
    behaviour: {
      status: 207,
      body: { results: ids.map((_id, index) => ({ status: index === 0 ? 201 : 429 })) },
    },
    taken: ids.slice(0, 1),
  }),
  refused: () => ({ behaviour: { status: 422 }, taken: [] }),
  "an error in the body": () => ({ behaviour: { body: { success: false, message: "no" } }, taken: [] }),
  cut: () => ({ behaviour: "reset", taken: [] }),
};

test("whatever Apie answers: what counts as delivered is what it took, and every loss was told", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...Object.keys(ANSWERS)), { minLength: 1, maxLength: 8 }),
      async (answers) => {
        const drops: DropInfo[] = [];
        const { apie, server, otel } = await setup({ maxBatchSize: 5, onDrop: (info) => drops.push(info) });
        const left = [...answers];
        const taken = new Set<string>();
        server.rule(({ path, body }) => {
          if (path !== EVENTS) return undefined;
          const ids = (body as { events: WireRecord[] }).events.map(({ event_id }) => String(event_id));
          const { behaviour, taken: now } = (ANSWERS[left.shift() ?? "all"] ?? ANSWERS.all)?.(ids) ?? {
            behaviour: "reset" as const,
            taken: [],
          };
          for (const id of now) taken.add(id);
          return behaviour;
        });
        await apie.withRun({}, () => {
          for (let index = 0; index < 12; index += 1) apie.track({ type: `event-${index}` });
        });
        await until("all is settled", async () => (await apie.flush()).ok);
        const { events, reasons } = apie.queueDiagnostics();
        expect(events).toEqual({ delivered: taken.size, rejected: 12 - taken.size, dropped: 0, pending: 0 });
        const told = drops.filter(({ what }) => what === "event");
        expect(told).toHaveLength(events.rejected);
        expect(told.some(({ eventId }) => taken.has(String(eventId)))).toBe(false);
        expect(Object.values(reasons).reduce((sum, count) => sum + count, 0)).toBe(events.rejected);
        await apie.shutdown();
        await otel.close();
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);

test("every loss shows: in the counters, in onDrop, and as a hole in the run it is missing from", async () => {
  const drops: DropInfo[] = [];
  const { apie, server } = await setup({
    onDrop: (info) => drops.push(info),
    redact: (event) => (event.type === "unwanted" ? undefined : event),
  });
  server.rule(({ path, text }) => (path === EVENTS && text.includes('"bad"') ? { status: 422 } : undefined));
  await apie.withRun({}, () => {
    for (const type of ["good", "bad", "unwanted"]) apie.track({ type });
  });
  const report = await apie.flush();
  expect(report.events).toEqual({ delivered: 1, rejected: 1, dropped: 1, pending: 0 });
  expect(report.reasons).toEqual({ rejected_422: 1, redacted: 1 });
  expect(drops.map(({ type, outcome, reason }) => `${type} ${outcome} ${reason}`).toSorted()).toEqual([
    "bad rejected rejected_422",
    "unwanted dropped redacted",
  ]);
  const [completion] = server.to(/\/complete$/);
  expect(completion?.body).toMatchObject({ metadata: { lost_events: { rejected_422: 1, redacted: 1 } } });
});
