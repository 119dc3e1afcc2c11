/** A run that is imported again, by whomever, is the run that is here already. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { agDevRun, agnoRuns, type ImportedSpan, importSpans } from "../../src/imports/index.ts";
import { ApieSpanProcessor } from "../../src/index.ts";
import type { LocalApie } from "../../src/local/index.ts";
import { folder } from "../delivery/durable/support.ts";
import { fixture, type Json as ImportJson } from "../imports/support.ts";
import { options } from "../support/client.ts";
import { allPages, everything, get, openRun, openSession, startApie } from "./support.ts";

/** As a process does that knows nothing of what was imported before. */
async function imported(local: LocalApie, spans: Iterable<ImportedSpan>): Promise<void> {
  const processor = new ApieSpanProcessor(options(local));
  const report = await importSpans(spans, { processor, known: { runs: {}, sessions: {} } });
  expect(report).toMatchObject({ ok: true });
  await processor.shutdown();
}

const count = async (local: LocalApie, list: string): Promise<number> =>
  (await allPages(local, `/api/${list}?limit=50`)).items.length;

/** All that is told of runs and sessions; agents are seen anew by whatever names them. */
async function told(local: LocalApie): Promise<Record<string, unknown>> {
  const { agents: _, ...lists } = await everything(local);
  const sessions = (await get(local, "/api/sessions")).items;
  const handoffs = await Promise.all(sessions.map(({ id }) => get(local, `/api/sessions/${id}/handoffs`)));
  return { ...lists, handoffs };
}

describe("an import again", () => {
  it.each(["agent-run-tools", "team-run-members", "workflow-run-steps", "session-runs", "agent-run-paused"])(
    "of %s changes nothing",
    async (name) => {
      const local = await startApie();
      await imported(local, agnoRuns(fixture(`agno/${name}`), { sessionId: "s" }));
      const before = await told(local);
      await imported(local, agnoRuns(fixture(`agno/${name}`), { sessionId: "s" }));
      expect(await told(local)).toEqual(before);
    },
  );

  it("of a run outside of any session changes nothing either", async () => {
    const local = await startApie();
    const bundle = fixture("agdev/run-document-done");
    await imported(local, agDevRun(bundle));
    const before = await told(local);
    await imported(local, agDevRun(bundle));
    expect(await told(local)).toEqual(before);
  });

  it("of a session that lists its newest run first changes nothing, and leaves it open", async () => {
    const local = await startApie();
    const runs = fixture<ImportJson[]>("agno/session-runs").toReversed();
    await imported(local, agnoRuns(runs));
    const before = await told(local);
    await imported(local, agnoRuns(runs));
    expect(await told(local)).toEqual(before);
    const { items } = await get(local, "/api/sessions");
    expect(items).toMatchObject([{ status: "running", metadata: { imported: true } }]);
  });

  it("of a grown session adds what is new", async () => {
    const local = await startApie();
    const whole = fixture<ImportJson[]>("agno/session-runs");
    await imported(local, agnoRuns(whole.slice(0, 1)));
    await imported(local, agnoRuns(whole));
    expect([await count(local, "sessions"), await count(local, "runs")]).toEqual([1, 3]);
  });

  it("of a run that went on completes it", async () => {
    const local = await startApie();
    const whole = fixture("agno/agent-run-tools");
    const events = (whole.events as ImportJson[]).slice(0, 12);
    await imported(local, agnoRuns({ ...whole, status: "PAUSED", events, messages: [], tools: [] }));
    const statuses = async () => (await get(local, "/api/runs")).items.map(({ status }) => status);
    expect(await statuses()).toEqual(["running"]);
    await imported(local, agnoRuns(whole));
    expect(await statuses()).toEqual(["completed"]);
    const other = await startApie();
    await imported(other, agnoRuns(whole));
    const types = async (of: LocalApie) => (await allPages(of, "/api/events")).items.map(({ type }) => type);
    expect((await types(local)).toSorted()).toEqual((await types(other)).toSorted());
  });

  it("after the server was started anew finds what its file has", async () => {
    const db = join(folder(), "apie.sqlite");
    const first = await startApie({ db });
    await imported(first, agnoRuns(fixture("agno/session-runs")));
    await first.close();
    const second = await startApie({ db });
    await imported(second, agnoRuns(fixture("agno/session-runs")));
    expect([await count(second, "sessions"), await count(second, "runs")]).toEqual([1, 3]);
  });
});

it("what is no import is always another one, whatever it says of its span", async () => {
  const local = await startApie();
  const otel = { trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331" };
  for (const metadata of [
    { otel },
    { imported: "true", otel },
    { imported: true },
    { imported: true, otel: { trace_id: "x" } },
  ]) {
    expect(await openRun(local, { metadata })).not.toBe(await openRun(local, { metadata }));
    expect(await openSession(local, { metadata })).not.toBe(await openSession(local, { metadata }));
  }
  const metadata = { imported: true, otel };
  const run = await openRun(local, { metadata });
  expect(await openRun(local, { metadata })).toBe(run);
  // In a session it is another one.
  expect(await openRun(local, { metadata }, await openSession(local))).not.toBe(run);
});
