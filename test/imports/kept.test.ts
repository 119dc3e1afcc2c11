/** What an import knows is kept beside the queue on disk: a later one, in any process, opens nothing twice. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  agnoRuns,
  type ImportDestination,
  type ImportReport,
  type ImportSpansOptions,
  importSpans,
} from "../../src/imports/index.ts";
import { type ApieOptions, ApieSpanProcessor } from "../../src/index.ts";
import { folder, HAS_SQLITE } from "../delivery/durable/support.ts";
import { idAtServer, isTaken } from "../delivery/support.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import { NEW_NODE } from "../support/new-node.ts";
import { startProgram } from "../support/program.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";
import { fixture, type Json } from "./support.ts";

const SCRIPT = fileURLToPath(new URL("scripts/import-document.ts", import.meta.url));
const NOTHING_KNOWN = { runs: {}, sessions: {} };
const SESSION = "agno/session-runs";
const TEAM = "agno/team-run-members";

/** Imports as one process does that starts, imports and ends. */
async function imported(
  server: RecordingApie,
  path: string,
  document: unknown,
  more: ApieOptions & { known?: ImportReport["known"] } = {},
): Promise<ImportReport> {
  const { known, ...given } = more;
  const processor = new ApieSpanProcessor(options(server, { queueStoragePath: path, ...given }));
  const report = await importSpans(agnoRuns(document), { processor, known });
  await processor.shutdown();
  return report;
}

const opened = (server: RecordingApie) => server.to(/\/runs$/).filter(isTaken);
const sessions = (server: RecordingApie) => server.to("/v1/sessions").filter(isTaken);
const completed = (server: RecordingApie) => server.to(/\/runs\/[^/]+\/complete$/).filter(isTaken);

/** As a file and as a folder of the queue. */
const PLACES = ["queue", "queue/"];

describe.runIf(HAS_SQLITE)("a second import, of a process that was not told what the first one knew", () => {
  test.each(PLACES)("sends nothing of what it has (%s)", async (name) => {
    const server = await startServer();
    const path = join(folder(), name) + (name.endsWith("/") ? "/" : "");
    await imported(server, path, fixture(SESSION));
    expect(opened(server)).toHaveLength(3);
    const { length } = server.events;
    const report = await imported(server, path, fixture(SESSION));
    expect(report).toMatchObject({ ok: true, spans: 0, runs: 0, unchanged: 3 });
    expect([opened(server).length, sessions(server).length, server.events.length]).toEqual([3, 1, length]);
    expect(Object.keys(report.known.runs)).toHaveLength(3);
  });

  test("of another workspace of the same Apie has nothing yet, and sends all of it", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const workspace = (id: string) =>
      server.fail("/v1/agents/identify", { body: { agent_id: "agt_1", workspace_id: id } });
    workspace("ws_staging");
    await imported(server, path, fixture(SESSION));
    workspace("ws_live");
    for (const unchanged of [0, 3])
      expect(await imported(server, path, fixture(SESSION))).toMatchObject({ ok: true, unchanged });
    expect(opened(server)).toHaveLength(6);
    workspace("ws_staging");
    expect(await imported(server, path, fixture(SESSION))).toMatchObject({ spans: 0, unchanged: 3 });
  });

  test("waits until it is known of which workspace it is, when Apie is not there at once", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    server.fail("/v1/agents/identify", { body: { agent_id: "agt_1", workspace_id: "ws_live" } });
    await imported(server, path, fixture(SESSION));
    server.fail("/v1/agents/identify", { status: 503 }, 2);
    const report = await imported(server, path, fixture(SESSION));
    expect(opened(server)).toHaveLength(3);
    expect(report).toMatchObject({ ok: true, spans: 0, unchanged: 3 });
  });

  test.each([503, 401])("sends nothing while that cannot be known (%d)", async (status) => {
    const server = await startServer();
    const path = join(folder(), "queue");
    await imported(server, path, fixture(SESSION));
    server.fail("/v1/agents/identify", { status });
    const report = await imported(server, path, fixture(SESSION), { flushTimeoutMs: 300 });
    expect(report).toMatchObject({ ok: false, stopped: true, spans: 0 });
    expect(report.lastError).toMatch(new RegExp(`registration.*${status}`));
    expect(opened(server)).toHaveLength(3);
  });

  test.each(PLACES)("sends of a grown session what is new, in the same session (%s)", async (name) => {
    const server = await startServer();
    const path = join(folder(), name) + (name.endsWith("/") ? "/" : "");
    const whole = fixture<Json[]>(SESSION);
    await imported(server, path, whole.slice(0, 1));
    const report = await imported(server, path, whole);
    expect(report).toMatchObject({ ok: true, runs: 2, unchanged: 1 });
    const [session] = sessions(server);
    expect(sessions(server)).toHaveLength(1);
    expect(opened(server).map((request) => request.path)).toEqual(
      Array(3).fill(`/v1/sessions/${session && idAtServer(session)}/runs`),
    );
  });

  test("goes on with a run that was paused, under its id", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const whole = fixture("agno/agent-run-tools");
    const events = (whole.events as Json[]).slice(0, 12);
    await imported(server, path, { ...whole, status: "PAUSED", events, messages: [], tools: [] });
    expect(completed(server)).toEqual([]);
    await imported(server, path, whole);
    expect(opened(server)).toHaveLength(1);
    expect(completed(server)).toHaveLength(1);
    const ids = server.events.map(({ event_id }) => event_id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("opens anew at another Apie, and when it is told that nothing is known", async () => {
    const [server, other] = [await startServer(), await startServer()];
    const path = join(folder(), "queue");
    await imported(server, path, fixture(SESSION));
    await imported(other, path, fixture(SESSION));
    expect([opened(server).length, opened(other).length]).toEqual([3, 3]);
    const report = await imported(server, path, fixture(SESSION), { known: NOTHING_KNOWN });
    expect(report).toMatchObject({ ok: true, runs: 3, sessions: 1, unchanged: 0 });
    expect([opened(server).length, sessions(server).length]).toEqual([6, 2]);
    // The newest are those that are known from then on.
    const { known } = await imported(server, path, fixture(SESSION));
    expect(known.runs).toEqual(report.known.runs);
    expect(opened(server)).toHaveLength(6);
  });

  test("keeps nothing of what was imported in plain sight, and lets nobody else read it", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    await imported(server, path, fixture(SESSION), { captureContent: true });
    const bytes = readFileSync(`${path}.imports`).toString("latin1");
    for (const { run_id, content } of fixture<Json[]>(SESSION)) {
      expect(bytes).not.toContain(run_id);
      expect(bytes).not.toContain(content);
    }
    if (process.platform !== "win32") expect(statSync(`${path}.imports`).mode & 0o777).toBe(0o600);
  });
});

test.runIf(HAS_SQLITE)("an exporter that comes later gets what only Apie has, and the reverse", async () => {
  const server = await startServer();
  const exported: string[] = [];
  const exporter: ImportDestination = {
    export(spans: { name: string }[], done) {
      exported.push(...spans.map(({ name }) => name));
      done({ code: 0 });
    },
  };
  const processor = new ApieSpanProcessor(options(server, { queueStoragePath: join(folder(), "queue") }));
  cleanup(() => processor.shutdown());
  const send = (more: ImportSpansOptions) => importSpans(agnoRuns(fixture(SESSION)), more);
  const { spans } = await send({ processor });
  const { length } = server.requests;
  await send({ processor, exporter });
  expect(exported).toHaveLength(spans);
  expect(server.requests).toHaveLength(length);
  expect(await send({ processor, exporter })).toMatchObject({ spans: 0, unchanged: 3 });
  expect(exported).toHaveLength(spans);
  // What only an exporter has, with ids that were handed on.
  const { known } = await send({ exporter });
  const other = await startServer();
  const elsewhere = new ApieSpanProcessor(options(other));
  cleanup(() => elsewhere.shutdown());
  await send({ processor: elsewhere, exporter, known });
  expect(exported).toHaveLength(2 * spans);
  expect(opened(other)).toHaveLength(3);
});

describe.runIf(HAS_SQLITE)("an import whose process is killed", () => {
  /** Killed when one batch of its events has arrived, and others are on their way. */
  async function killed(server: RecordingApie, path: string, file: string): Promise<void> {
    let batches = 0;
    const stop = server.rule(({ path: to }) => {
      if (to !== "/v1/events") return undefined;
      batches += 1;
      return batches > 1 ? "hang" : undefined;
    });
    const program = startProgram(NEW_NODE, [
      "--disable-warning=ExperimentalWarning",
      SCRIPT,
      server.url,
      path,
      file,
    ]);
    await until("it is in the middle", () => batches > 1 && server.events.length > 0, 20_000);
    program.child.kill("SIGKILL");
    await program.ended;
    stop();
    server.release();
  }

  test.each(PLACES)(
    "is gone on with by the next, each run opened once and completed as it ended (%s)",
    async (name) => {
      const server = await startServer();
      const home = folder();
      const path = join(home, name) + (name.endsWith("/") ? "/" : "");
      const file = join(home, "runs.json");
      writeFileSync(file, JSON.stringify(fixture(TEAM)));
      await killed(server, path, file);
      const program = startProgram(NEW_NODE, [
        "--disable-warning=ExperimentalWarning",
        SCRIPT,
        server.url,
        path,
        file,
      ]);
      const { stdout, stderr, code } = await program.ended;
      expect([code, stderr]).toEqual([0, ""]);
      expect(JSON.parse(stdout.split("\n")[1] ?? "")).toMatchObject({ ok: true, stopped: false });
      expect(sessions(server)).toHaveLength(1);
      const byRun = new Map<unknown, Json[]>();
      for (const { body } of opened(server)) {
        const { metadata } = body as { metadata: Json };
        byRun.set(metadata.run_id, [...(byRun.get(metadata.run_id) ?? []), metadata]);
      }
      expect(byRun.size).toBe(4);
      // A call that was on its way when the process was killed may have been taken; a second one says so.
      for (const [, ...again] of byRun.values())
        for (const { possible_duplicate } of again) expect(possible_duplicate).toBe(true);
      // Asked for once more where it was on its way: Apie answers that it is so already.
      expect(new Set(completed(server).map((request) => request.path)).size).toBe(4);
      for (const { body } of completed(server)) {
        const { status, metadata } = body as { status: string; metadata: Json };
        expect([status, metadata.closed_by]).toEqual(["completed", undefined]);
      }
      const whole = await startServer();
      await imported(whole, join(home, "whole"), fixture(TEAM));
      const idsOf = (of: RecordingApie) => [...new Set(of.events.map(({ event_id }) => event_id))].toSorted();
      expect(idsOf(server)).toEqual(idsOf(whole));
      // And a third has nothing to do.
      expect(await imported(server, path, fixture(TEAM))).toMatchObject({ spans: 0, unchanged: 4 });
    },
  );
});

describe.runIf(HAS_SQLITE)("imports at the same time", () => {
  test("of the same document, in one process, take turns", async () => {
    const server = await startServer();
    const processor = new ApieSpanProcessor(options(server, { queueStoragePath: join(folder(), "queue") }));
    cleanup(() => processor.shutdown());
    const reports = await Promise.all(
      [1, 2, 3].map(() => importSpans(agnoRuns(fixture(SESSION)), { processor })),
    );
    expect(opened(server)).toHaveLength(3);
    expect(reports.map(({ ok, unchanged }) => [ok, unchanged]).toSorted()).toEqual([
      [true, 0],
      [true, 3],
      [true, 3],
    ]);
  });

  test("of the same document, in two processes with one folder, take turns", async () => {
    const server = await startServer();
    const home = folder();
    const file = join(home, "runs.json");
    writeFileSync(file, JSON.stringify(fixture(SESSION)));
    const path = `${join(home, "queue")}/`;
    const run = () =>
      startProgram(NEW_NODE, ["--disable-warning=ExperimentalWarning", SCRIPT, server.url, path, file]).ended;
    const ends = await Promise.all([run(), run()]);
    expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    expect(opened(server)).toHaveLength(3);
    expect(sessions(server)).toHaveLength(1);
  });

  test("that wait do so no longer than they are wanted", async () => {
    const server = await startServer();
    const path = `${join(folder(), "queue")}/`;
    const [first, second] = [1, 2].map(() => {
      const given = { queueStoragePath: path, flushTimeoutMs: 60_000 };
      const processor = new ApieSpanProcessor(options(server, given));
      cleanup(() => processor.shutdown());
      return processor;
    });
    const stop = server.fail("/v1/events", "hang");
    const under = importSpans(agnoRuns(fixture(SESSION)), { processor: first });
    await until("it has begun", () => opened(server).length > 0);
    const wanted = new AbortController();
    const waiting = importSpans(agnoRuns(fixture("agno/agent-run-failed")), {
      processor: second,
      signal: wanted.signal,
    });
    wanted.abort();
    expect(await waiting).toMatchObject({ ok: false, stopped: true, spans: 0 });
    stop();
    server.release();
    await under;
  });

  test("that wait in vain send nothing, and say why", async () => {
    const server = await startServer();
    const path = `${join(folder(), "queue")}/`;
    const first = new ApieSpanProcessor(options(server, { queueStoragePath: path, flushTimeoutMs: 60_000 }));
    cleanup(() => first.shutdown());
    const stop = server.fail("/v1/events", "hang");
    const under = importSpans(agnoRuns(fixture(SESSION)), { processor: first });
    await until("it has begun", () => opened(server).length > 0);
    const report = await imported(server, path, fixture("agno/agent-run-failed"), { flushTimeoutMs: 40 });
    expect(report).toMatchObject({ ok: false, stopped: true, spans: 0 });
    expect(report.lastError).toContain("another import");
    stop();
    server.release();
    expect(await under).toMatchObject({ stopped: false, runs: 3 });
  });
});

describe.runIf(HAS_SQLITE)("a file of ids that", () => {
  test("is damaged costs what it knew, and no import", async () => {
    const server = await startServer();
    const home = folder();
    const path = join(home, "queue");
    await imported(server, path, fixture(SESSION));
    writeFileSync(`${path}.imports`, Buffer.alloc(20_000, "damaged "));
    const problems: string[] = [];
    const onError = (error: Error): void => void problems.push(error.message);
    const report = await imported(server, path, fixture(SESSION), { onError });
    expect(report).toMatchObject({ ok: true, runs: 3 });
    expect(problems.filter((problem) => problem.includes("damaged"))).toHaveLength(1);
    expect(readdirSync(home).filter((name) => name.startsWith("queue.imports.corrupt-"))).toHaveLength(1);
    expect(await imported(server, path, fixture(SESSION))).toMatchObject({
      ok: true,
      spans: 0,
      unchanged: 3,
    });
  });

  test("cannot be written costs the next import, and says so", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    // A folder stands where the file would.
    const { mkdirSync } = await import("node:fs");
    mkdirSync(`${path}.imports`);
    const problems: string[] = [];
    const onError = (error: Error): void => void problems.push(error.message);
    const report = await imported(server, path, fixture(SESSION), { onError });
    expect(report).toMatchObject({ ok: true, runs: 3 });
    expect(problems.join("\n")).toContain("queue.imports");
    expect(Object.keys(report.known.runs)).toHaveLength(3);
  });
});
