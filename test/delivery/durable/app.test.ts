/** What an application sees of it: a process that dies with runs and sessions open, and the one after it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Apie, type RunHandle, type SessionHandle } from "../../../src/index.ts";
import { cleanup, options, startServer } from "../../support/client.ts";
import { NEW_NODE } from "../../support/new-node.ts";
import { startOtel } from "../../support/otel.ts";
import { startProgram } from "../../support/program.ts";
import type { RecordedRequest, RecordingApie } from "../../support/recording-apie.ts";
import { COMPLETING, idAtServer, isTaken, OPENING } from "../support.ts";
import { folder, HAS_SQLITE } from "./support.ts";

const SCRIPT = fileURLToPath(new URL("scripts/app.ts", import.meta.url));

const program = (server: RecordingApie, path: string, what: string) =>
  startProgram(NEW_NODE, ["--disable-warning=ExperimentalWarning", SCRIPT, server.url, path, what]);

let running: (() => Promise<void>) | undefined;

/** The application started again, once what ran before has ended. */
async function next(server: RecordingApie, path: string): Promise<Apie> {
  await running?.();
  const apie = new Apie(options(server, { queueStoragePath: path }));
  const otel = startOtel({ processors: [apie.spanProcessor] });
  running = async () => {
    running = undefined;
    await apie.shutdown();
    await otel.close();
  };
  cleanup(async () => running?.());
  return apie;
}

const summaryOf = ({ body }: RecordedRequest): unknown => (body as { input_summary?: string }).input_summary;

/** The one opening call with this summary. */
function openedAt(server: RecordingApie, summary: string): RecordedRequest & { id: string | undefined } {
  const found = server.to(OPENING).filter((request) => isTaken(request) && summaryOf(request) === summary);
  expect(found, summary).toHaveLength(1);
  const [request] = found as [RecordedRequest];
  return { ...request, id: idAtServer(request) };
}

const endOf = (server: RecordingApie, id: string | undefined): unknown => {
  const ends = server.to(COMPLETING).filter(({ path }) => path.split("/").at(-2) === id);
  expect(ends.length, id).toBeLessThanOrEqual(1);
  return ends[0]?.body;
};

const typesOf = (server: RecordingApie, run: string | undefined): string[] =>
  server.events.filter(({ run_id }) => run_id === run).map(({ type }) => type);

const TOOL = ["agent.action.requested", "agent.tool.called", "agent.action.completed"];

describe.runIf(HAS_SQLITE)("after a crash while Apie was away", () => {
  async function crashed() {
    const server = await startServer();
    const stop = server.fail(/./, { status: 503 });
    const path = join(folder(), "queue");
    const first = program(server, path, "begin");
    await first.says("}\n");
    const { handle, run }: { handle: SessionHandle; run: RunHandle } = JSON.parse(first.stdout());
    first.child.kill("SIGKILL");
    await first.ended;
    expect(handle.apieId).toBeUndefined();
    expect(run.apieId).toBeUndefined();
    stop();
    return { server, path, handle, run };
  }

  test("runs and sessions are told as they were, and those cut short are ended", async () => {
    const { server, path } = await crashed();
    const apie = await next(server, path);
    expect(apie.queueDiagnostics().storage?.recovered).toEqual({ events: 9, runs: 3, sessions: 2 });
    expect(await apie.flush()).toMatchObject({ ok: true, events: { delivered: 9 } });
    const whole = openedAt(server, "whole");
    expect(whole.path).toBe(`/v1/sessions/${openedAt(server, "long-lived").id}/runs`);
    expect(typesOf(server, whole.id)).toEqual(TOOL);
    expect(endOf(server, whole.id)).toMatchObject({ status: "completed", metadata: { tool_calls: 1 } });
    const half = openedAt(server, "half");
    expect(typesOf(server, half.id)).toEqual(TOOL);
    expect(endOf(server, half.id)).toEqual({
      status: "failed",
      metadata: {
        closed_by: "process_ended",
        started_at: expect.stringMatching(/^\d{4}-/),
        ended_at: expect.stringMatching(/^\d{4}-/),
        duration_ms: expect.any(Number),
        capture_source: expect.any(String),
      },
    });
    expect(endOf(server, openedAt(server, "scoped").id)).toMatchObject({
      status: "cancelled",
      metadata: { closed_by: "process_ended" },
    });
    expect(endOf(server, openedAt(server, "long-lived").id)).toBeUndefined();
    expect(endOf(server, openedAt(server, "paused").id)).toBeUndefined();
  });

  test("what was to go on goes on by its handle, in the process after it and the one after that", async () => {
    const { server, path, handle, run } = await crashed();
    const second = await next(server, path);
    second.sessions.resume(handle, () => second.withRun({ inputSummary: "later" }, () => 1));
    await second.flush();
    const session = openedAt(server, "long-lived");
    expect(openedAt(server, "later").path).toBe(`/v1/sessions/${session.id}/runs`);
    const third = await next(server, path);
    expect(endOf(server, session.id)).toBeUndefined();
    await third.runs.resume(run, () => third.withTool({ tool: { name: "deploy" } }, () => 2));
    third.sessions.complete(handle, { outputSummary: "all done" });
    await third.flush();
    const paused = openedAt(server, "paused");
    expect(typesOf(server, paused.id)).toEqual([...TOOL, ...TOOL]);
    expect(endOf(server, paused.id)).toMatchObject({ status: "completed" });
    expect(endOf(server, session.id)).toMatchObject({ status: "completed", output_summary: "all done" });
    expect(third.queueDiagnostics()).toMatchObject({ possibleDuplicates: 0, storage: { bytes: 0 } });
  });

  test("the file says nothing but what Apie is told", async () => {
    const { path } = await crashed();
    const names = readdirSync(join(path, ".."));
    const text = names.map((name) => readFileSync(join(path, "..", name), "latin1")).join("\n");
    expect(text).toContain("agent.tool.called");
    expect(text).toContain("long-lived");
    expect(text).not.toContain("apie_sk_of_the_test");
  });
});

test.runIf(HAS_SQLITE).each([
  ["exit", 3],
  ["throw", 1],
])("a process that ends by %s without a shutdown leaves what it did in the file", async (what, code) => {
  const server = await startServer();
  const stop = server.fail(/./, { status: 503 });
  const path = join(folder(), "queue");
  const ended = await program(server, path, what).ended;
  expect(ended.code).toBe(code);
  stop();
  const apie = await next(server, path);
  await apie.flush();
  const done = openedAt(server, "done");
  expect(typesOf(server, done.id)).toEqual(TOOL);
  expect(endOf(server, done.id)).toMatchObject({ status: "completed" });
});
