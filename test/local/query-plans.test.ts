/** What is read of one session, run, trace or kind of event is found by an index, not by walking all there is. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { MIGRATIONS } from "../../src/local/store/schema.ts";
import { allPages, get, openRun, openSession, post, sendEvents, startApie } from "./support.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

async function newFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "apie-plans-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "apie.sqlite");
}

/** Every statement that is prepared from now on. */
function statements(): Set<string> {
  const seen = new Set<string>();
  const prepare = DatabaseSync.prototype.prepare;
  const spy = vi.spyOn(DatabaseSync.prototype, "prepare").mockImplementation(function (
    this: DatabaseSync,
    sql,
    ...more
  ) {
    seen.add(sql);
    return prepare.call(this, sql, ...more);
  });
  onTestFinished(() => spy.mockRestore());
  return seen;
}

const planOf = (db: DatabaseSync, sql: string): string[] =>
  db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...Array(sql.split("?").length - 1).fill(null))
    .map(({ detail }) => String(detail));

/** Text is looked for in each event; the newest of all are where the table ends; of several types the order of arrival counts more. */
const MAY_WALK = /body LIKE|FROM \w+\s+ORDER BY seq (DESC|ASC) LIMIT|WHERE \+type IN/;

describe("a query", () => {
  it("over events, runs or spans has an index for what it looks for, and for the order of arrival", async () => {
    const db = await newFile();
    const seen = statements();
    const apie = await startApie({ db });
    const session = await openSession(apie);
    const run = await openRun(
      apie,
      { metadata: { otel: { trace_id: TRACE, span_id: "b7ad6b7169203331" } } },
      session,
    );
    await sendEvents(apie, { type: "agent.llm.called", run_id: run, session_id: session, event_id: "e" });
    const spans = [{ traceId: TRACE, spanId: "b7ad6b7169203331", name: "x" }];
    await post(apie, "/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const lists = [
      ...["", "type=a", "type=a,b", "agent=a", "tool=t", "action=a", "resource=r", "text=t"],
      ...[`run=${run}`, `session=${session}`, `run=${run}&type=a`, `session=${session}&type=a,b`],
      ...[`session=${session}&tool=t`, "type=a&agent=b", "tool=t&action=a&resource=r&type=a,b&agent=b"],
    ].flatMap((filter) => ["oldest", "newest"].map((order) => `/api/events?order=${order}&${filter}`));
    const paths = [
      ...lists,
      ...lists.map((path) => `${path}&cursor=0`),
      ...["", "/events", "/runs", "/handoffs", "/events?cursor=0.0.0"].map(
        (of) => `/api/sessions/${session}${of}`,
      ),
      ...["", "/events", "/spans", "/events?cursor=0.0"].map((of) => `/api/runs/${run}${of}`),
      ...["/api/events/e", `/api/traces/${TRACE}/spans`, "/api/agents/tester"],
      ...[`session=${session}`, "agent=tester", `parent=${run}`, `trace_id=${TRACE}`].map(
        (by) => `/api/runs?${by}`,
      ),
      ...[`/api/decisions?run=${run}`, "/api/approvals?status=pending"],
      ...[`/sessions/${session}/runs`, `/agents/tester/runs/${run}`, `/agents/tester/runs/${run}/events`],
    ];
    for (const path of paths) await get(apie, path);
    // By the id that another system gave.
    await fetch(`${apie.url}/sessions/another/runs`);
    await fetch(`${apie.url}/agents/tester/runs/another`);

    const file = new DatabaseSync(db);
    onTestFinished(() => file.close());
    const reads = [...seen].filter(
      (sql) => /^SELECT|^WITH/.test(sql) && /\bFROM (events|runs|spans|sessions)\b/.test(sql),
    );
    expect(reads.length).toBeGreaterThan(40);
    for (const sql of reads) {
      const plan = planOf(file, sql);
      const walks = plan.filter((step) =>
        /^SCAN (events|runs|spans|sessions|decisions|approvals)\b/.test(step),
      );
      if (!MAY_WALK.test(sql)) expect([sql, walks]).toEqual([sql, []]);
      if (sql.includes("ORDER BY seq")) {
        expect([sql, plan.filter((step) => step.includes("TEMP B-TREE FOR ORDER BY"))]).toEqual([sql, []]);
      }
    }
  });
});

describe("a file of an older version", () => {
  const OLDER = MIGRATIONS.slice(1).map((_, index) => index + 1);
  it.each(OLDER)("is brought up to date from %i, and keeps what it has", async (version) => {
    const db = await newFile();
    const file = new DatabaseSync(db);
    for (const migration of MIGRATIONS.slice(0, version)) file.exec(migration);
    file.exec(`PRAGMA user_version = ${version}; PRAGMA application_id = ${0x41504945}`);
    file.exec(`INSERT INTO sessions (id, kind, status, started_at, metadata)
      VALUES ('ses_old', 'pipeline', 'running', '2026-01-01T00:00:00.000Z', '{"session_id": "theirs"}')`);
    file.close();

    const apie = await startApie({ db });
    await sendEvents(apie, { type: "agent.llm.called", session_id: "ses_old", event_id: "e" });
    const { items } = await allPages(apie, "/api/events?session=ses_old");
    expect(items.map(({ event_id }) => event_id)).toEqual(["e"]);
    expect((await allPages(apie, "/api/sessions")).items.map(({ id }) => id)).toEqual(["ses_old"]);
    await apie.close();
    const now = new DatabaseSync(db);
    onTestFinished(() => now.close());
    const names = now.prepare("SELECT name FROM sqlite_schema WHERE type = 'index'").all();
    const added = MIGRATIONS.join("").matchAll(/CREATE (?:UNIQUE )?INDEX (\w+)/g);
    expect(names.map(({ name }) => name)).toEqual(expect.arrayContaining([...added].map(([, name]) => name)));
  });
});
