/** Runs that are followed while they are at work: one newer version after the other, each told by what it adds. */
import { describe, expect, test } from "vitest";
import {
  agnoRuns,
  type ImportedSpan,
  ImportFollower,
  type ImportReport,
  importSpans,
} from "../../src/imports/index.ts";
import type { WireRecord } from "../support/recording-apie.ts";
import { continued, fixture, type Json, toApie } from "./support.ts";

/** Keeps what it is given. */
class Backend {
  readonly spans: ImportedSpan[] = [];

  export(spans: never[], done: (result: { code: number }) => void): void {
    this.spans.push(...(spans as ImportedSpan[]));
    done({ code: 0 });
  }

  get ids(): string[] {
    return this.spans.map((span) => span.spanContext().spanId);
  }
}

const idsOf = (events: readonly WireRecord[]): unknown[] => events.map(({ event_id }) => event_id).toSorted();

/** What the stream of a run has said after each of its events, and at last the document. */
function* versionsOf(run: Json): Generator<unknown> {
  const events = run.events as Json[];
  for (const index of events.keys()) if (index < events.length - 1) yield events.slice(0, index + 1);
  yield run;
}

async function follow(run: Json) {
  const apie = await toApie();
  const backend = new Backend();
  const follower = new ImportFollower({ processor: apie.processor, exporter: backend });
  const reports: ImportReport[] = [];
  for (const version of versionsOf(run)) reports.push(await follower.tell(agnoRuns(version)));
  return { ...apie, backend, reports, last: reports.at(-1) as ImportReport };
}

describe.each([
  "agent-run-tools",
  "agent-run-failed",
  "team-run-members",
  "workflow-run-steps",
  "agent-run-paused",
])("%s", (name) => {
  test("told event by event is what it is told at once", async () => {
    const run = fixture(`agno/${name}`);
    const { server, backend, last } = await follow(run);
    const once = await toApie();
    const whole = new Backend();
    const report = await importSpans(agnoRuns(run), { processor: once.processor, exporter: whole });
    expect(last).toMatchObject({ ok: true, runs: report.runs, sessions: report.sessions });
    expect(idsOf(server.events)).toEqual(idsOf(once.server.events));
    // Each run and session opened once, numbered without a hole, and completed once, if it is over.
    for (const path of [/\/sessions$/, /\/runs$/, /\/complete$/])
      expect(server.to(path)).toHaveLength(once.server.to(path).length);
    for (const runId of new Set(server.events.map(({ run_id }) => run_id))) {
      const numbers = server.events.flatMap((event) =>
        event.run_id === runId ? [event.sequence_number] : [],
      );
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    }
    const isOver = run.status !== "PAUSED";
    const exported = isOver ? whole.ids : whole.ids.filter((id) => id !== whole.ids[1]);
    expect(backend.ids.toSorted()).toEqual(exported.toSorted());
  });
});

test("steps are told when they are done, while their run stays open", async () => {
  const { server, processor } = await toApie();
  const backend = new Backend();
  const follower = new ImportFollower({ processor, exporter: backend });
  const events = fixture("agno/agent-run-tools").events as Json[];
  await follower.tell(agnoRuns(events.slice(0, 2)));
  expect(server.to(/\/runs$/)).toHaveLength(1);
  expect(server.events).toEqual([]);
  await follower.tell(agnoRuns(events.slice(0, 8)));
  expect(server.types).toEqual([
    "agent.guardrail.evaluated",
    "agent.llm.called",
    "agent.llm.completed",
    "agent.action.requested",
    "agent.tool.called",
    "agent.action.completed",
  ]);
  expect(server.to(/\/complete$/)).toEqual([]);
  expect(backend.spans.map(({ name }) => name)).not.toContain("invoke_agent Incident Scout");
  // Nothing new: nothing is sent.
  const before = server.requests.length;
  await follower.tell(agnoRuns(events.slice(0, 8)));
  expect(server.requests).toHaveLength(before);
});

test("an approval is told when it is asked for, and its decision when that is known", async () => {
  const paused = fixture("agno/agent-run-paused");
  const { server, processor } = await toApie();
  const follower = new ImportFollower({ processor });
  await follower.tell(agnoRuns(paused));
  expect(server.eventsOf("agent.approval.requested")).toHaveLength(1);
  expect(server.eventsOf("agent.approval.resolved")).toEqual([]);
  await follower.tell(agnoRuns(continued(paused)));
  expect(server.eventsOf("agent.approval.requested")).toHaveLength(1);
  expect(server.eventsOf("agent.approval.resolved")).toHaveLength(1);
  expect(server.to(/\/complete$/)).toHaveLength(1);
  expect(new Set(idsOf(server.events)).size).toBe(server.events.length);
});

test("it goes on in another process where it was", async () => {
  const run = fixture("agno/agent-run-tools");
  const events = run.events as Json[];
  const first = await toApie();
  const before = await new ImportFollower({ processor: first.processor }).tell(agnoRuns(events.slice(0, 12)));
  const known = JSON.parse(JSON.stringify(before.known));
  const second = await toApie();
  const follower = new ImportFollower({ processor: second.processor, known });
  await follower.tell(agnoRuns(events.slice(0, 15)));
  await follower.tell(agnoRuns(run));
  expect(second.server.to(/\/(runs|sessions)$/)).toEqual([]);
  expect(second.server.to(/\/complete$/)).toHaveLength(1);
  const both = [...first.server.events, ...second.server.events];
  expect(both.map(({ sequence_number }) => sequence_number)).toEqual(both.map((_, index) => index + 1));
  expect(new Set(idsOf(both)).size).toBe(both.length);
});

/** The shorter has no time to tell what arrived. */
test.each([20, 1])(
  "a run that Apie does not take for a while is opened once, and told whole when it does (flushes of %i ms)",
  async (flushTimeoutMs) => {
    const run = fixture("agno/agent-run-tools");
    const events = run.events as Json[];
    const { server, processor } = await toApie({ flushTimeoutMs, retryBaseDelayMs: 5 });
    const mend = server.fail("/v1/", { status: 503 });
    const follower = new ImportFollower({ processor });
    expect(await follower.tell(agnoRuns(events.slice(0, 5)))).toMatchObject({ ok: false, stopped: true });
    const stalled = await follower.tell(agnoRuns(run));
    expect(stalled).toMatchObject({ ok: false, stopped: true });
    for (const item of Object.values(stalled.known.runs)) expect(item.status).toBeUndefined();
    mend();
    let report = stalled;
    for (let round = 0; round < 2_000 && !report.ok; round += 1) report = await follower.tell([]);
    expect(report).toMatchObject({ ok: true, stopped: false });
    expect(server.to(/\/runs$/).filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(idsOf(server.events)).size).toBe(29);
    expect(Object.values(report.known.runs)[0]).toMatchObject({
      status: "completed",
      digest: expect.any(String),
    });
  },
);

test("all that was told while Apie takes nothing waits for it, also what the flushes had no time for", async () => {
  const run = [...agnoRuns(fixture("agno/agent-run-tools"))];
  const tool = run.find(({ attributes }) => attributes["gen_ai.operation.name"] === "execute_tool");
  if (tool === undefined) throw new Error("no tool in it");
  const MANY = 4_000;
  const more = Array.from({ length: MANY }, (_, index) => {
    const ids = { ...tool.spanContext(), spanId: `${index}`.padStart(16, "a") };
    return { ...tool, spanContext: () => ids };
  });
  const { server, processor } = await toApie({ flushTimeoutMs: 1, retryBaseDelayMs: 5 });
  server.fail("/v1/", { status: 503 });
  const told = await new ImportFollower({ processor }).tell([...run, ...more]);
  expect(told).toMatchObject({ ok: false, stopped: true });
  // Started, called, completed.
  expect(processor.pipeline?.delivery.counters.events.pending).toBeGreaterThan(3 * MANY);
});
