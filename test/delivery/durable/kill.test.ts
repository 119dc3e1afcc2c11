/**
 * A process that is killed at any moment loses nothing it has taken in: the next one sends it, once more at the worst, in
 * order, and ends what was left open. APIE_KILL_ROUNDS sets how often it is killed.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { FlushReport } from "../../../src/delivery/index.ts";
import { cleanup, startServer } from "../../support/client.ts";
import { NEW_NODE } from "../../support/new-node.ts";
import { startProgram } from "../../support/program.ts";
import type { RecordedRequest, RecordingApie } from "../../support/recording-apie.ts";
import { until } from "../../support/until.ts";
import { COMPLETING, idAtServer, isTaken, OPENING } from "../support.ts";
import { folder, HAS_SQLITE } from "./support.ts";

const ROUNDS = Number(process.env.APIE_KILL_ROUNDS ?? 8);
/** A process is killed after it has said so much, at the latest. */
const MAX_LINES = 300;
const SCRIPT = fileURLToPath(new URL("scripts/worker.ts", import.meta.url));

function worker(server: RecordingApie, path: string, round: string, mode: "work" | "drain") {
  const program = startProgram(NEW_NODE, [
    "--disable-warning=ExperimentalWarning",
    SCRIPT,
    server.url,
    path,
    round,
    mode,
  ]);
  cleanup(async () => program.child.kill("SIGKILL"));
  return program;
}

/** An Apie that is slow, fails, hangs up without an answer, and is away at times. */
function unsteady(server: RecordingApie): void {
  let isAway = false;
  let left = 0;
  server.rule((request) => {
    if (request.path === "/v1/agents/identify") return undefined;
    left -= 1;
    if (left < 0) {
      isAway = !isAway;
      left = Math.floor(Math.random() * (isAway ? 12 : 60));
    }
    if (isAway) return { status: 503 };
    const chance = Math.random();
    if (chance < 0.02) return "reset";
    if (chance < 0.3) return { delayMs: Math.random() * 12 };
    return undefined;
  });
}

interface Said {
  opened: string[];
  events: string[];
  ended: string[];
}

function heard(lines: string): Said {
  // The last line may have been cut short.
  const words = lines.split("\n").slice(0, -1);
  const after = (word: string): string[] =>
    words.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  expect(after("lost"), "nothing is given up").toEqual([]);
  expect(after("problem"), "nothing goes wrong with the file").toEqual([]);
  return { opened: after("opened"), events: after("event"), ended: after("ended") };
}

const keyOf = ({ body }: RecordedRequest): string => (body as { metadata: { key: string } }).metadata.key;

test.runIf(HAS_SQLITE).each([
  ["file", "queue"],
  ["folder", "queues/"],
])(
  `killed ${ROUNDS} times at random, all that was in the %s arrives`,
  async (kind, name) => {
    const server = await startServer();
    const path = join(folder(), name);
    unsteady(server);
    const said: Said = { opened: [], events: [], ended: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      const program = worker(server, path, `k${round}`, "work");
      const lines = Math.floor(Math.random() ** 2 * MAX_LINES) + 2;
      const isFar = (): boolean => program.stdout().split("\n").length > lines;
      await until(`${lines} lines of round ${round}`, isFar, 30_000);
      // In the middle of whatever it does by now.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 6));
      program.child.kill("SIGKILL");
      const { stdout } = await program.ended;
      const { opened, events, ended } = heard(stdout);
      said.opened.push(...opened);
      said.events.push(...events);
      said.ended.push(...ended);
    }
    const last = await worker(server, path, "last", "drain").ended;
    expect(last.stderr).toBe("");
    heard(last.stdout);
    const { report, storage, queued } = JSON.parse(last.stdout) as {
      report: FlushReport;
      storage: { bytes: number };
      queued: { count: number; bytes: number };
    };
    expect(report, report.lastError).toMatchObject({
      ok: true,
      events: { pending: 0, dropped: 0, rejected: 0 },
    });
    expect({ queued, bytes: storage.bytes }).toEqual({ queued: { count: 0, bytes: 0 }, bytes: 0 });

    // Each event, in the order of its run, under an id the run was opened with.
    const firstOf = new Map<string, number>();
    const inRun = new Map<string, { numbers: number[]; ids: Set<unknown> }>();
    let repeated = 0;
    for (const event of server.events) {
      const id = String(event.event_id);
      const [key = "", number = ""] = id.split("/");
      const run = inRun.get(key) ?? { numbers: [], ids: new Set() };
      inRun.set(key, run);
      run.ids.add(event.run_id);
      if (firstOf.has(id)) repeated += 1;
      else run.numbers.push(Number(number));
      firstOf.set(id, 1);
    }
    expect(said.events.length).toBeGreaterThan(ROUNDS * 2);
    expect(said.events.filter((id) => !firstOf.has(id))).toEqual([]);
    // What was on its way when the process was killed, or was cut off, is sent again.
    expect(repeated).toBeLessThan(firstOf.size / 2);

    const openings = new Map<string, RecordedRequest[]>();
    for (const request of server.to(OPENING).filter(isTaken)) {
      const key = keyOf(request);
      openings.set(key, [...(openings.get(key) ?? []), request]);
    }
    expect(said.opened.filter((key) => !openings.has(key))).toEqual([]);
    const completed = new Map(
      server
        .to(COMPLETING)
        .filter(isTaken)
        .map((request) => [request.path.split("/").at(-2), request]),
    );
    for (const [key, { numbers, ids }] of inRun) {
      expect(numbers, `order in ${key}`).toEqual(numbers.map((_, index) => index + 1));
      expect(ids.size, `ids of ${key}`).toBe(1);
      const [id] = ids;
      expect(openings.get(key)?.map(idAtServer), `opening of ${key}`).toContain(id);
    }
    for (const [key, requests] of openings) {
      // One that may be the second says so; only the last is gone on with, and it is ended.
      for (const request of requests.slice(1))
        expect(request.body, `second opening of ${key}`).toMatchObject({
          metadata: { possible_duplicate: true },
        });
      const end = completed.get(idAtServer(requests.at(-1) as RecordedRequest));
      expect(end, `end of ${key}`).toBeDefined();
      if (said.ended.includes(key)) expect(end?.body, `end of ${key}`).toMatchObject({ status: "completed" });
    }
    console.log(
      `${kind}: killed ${ROUNDS} times: ${said.events.length} events were on disk, ${firstOf.size} arrived, ${repeated} of them twice; ${openings.size} runs and sessions`,
    );
  },
  60_000 + ROUNDS * 30_000,
);
