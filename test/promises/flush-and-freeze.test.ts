/**
 * "Flush returns early; serverless freeze eats the batch." What `flush()` reports as delivered is at Apie, whatever becomes of
 * the process then: stopped, killed, or continued for the next request. A stopped process is a real one, stopped by a signal.
 */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { FlushReport } from "../../src/index.ts";
import { startServer } from "../support/client.ts";
import { NEW_NODE } from "../support/new-node.ts";
import { startProgram } from "../support/program.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";

const EVENTS = "/v1/events";
const COMPLETION = /^\/v1\/runs\/[^/]+\/complete$/;
const script = fileURLToPath(new URL("scripts/function.ts", import.meta.url));

interface Answer {
  report: FlushReport;
  possibleDuplicates: number;
}

class Platform {
  readonly #program: ReturnType<typeof startProgram>;
  readonly #url: string;

  private constructor(program: ReturnType<typeof startProgram>, port: string) {
    this.#program = program;
    this.#url = `http://127.0.0.1:${port}`;
  }

  static async start(server: RecordingApie): Promise<Platform> {
    const program = startProgram(NEW_NODE, [script, server.url], { env: { NODE_NO_WARNINGS: "1" } });
    const port = await until("its port", () => /port (\d+)\n/.exec(program.stdout())?.[1], 20_000);
    return new Platform(program, port);
  }

  /** Lets it run for one request, and stops it as soon as that is answered. */
  async invoke(path: "flush" | "forget", name: string): Promise<Answer> {
    this.continue();
    // A connection that was open while it was stopped is none to rely on.
    const response = await fetch(`${this.#url}/${path}?name=${name}`, { headers: { connection: "close" } });
    const answer = (await response.json()) as Answer;
    this.#program.child.kill("SIGSTOP");
    return answer;
  }

  continue(): void {
    this.#program.child.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    this.#program.child.kill("SIGKILL");
    await this.#program.ended;
  }
}

const toolsAt = (server: RecordingApie): string[] =>
  server.eventsOf("agent.tool.called").map(({ tool }) => (tool as { name: string }).name);

const completions = (server: RecordingApie): number =>
  server.to(COMPLETION).filter(({ status }) => status === 200).length;

/** Everything of these requests is at Apie, once. */
function expectThere(server: RecordingApie, ...names: string[]): void {
  expect(toolsAt(server)).toEqual(names);
  expect(server.events).toHaveLength(3 * names.length);
  expect(new Set(server.events.map(({ event_id }) => event_id)).size).toBe(3 * names.length);
  expect(completions(server)).toBe(names.length);
}

test("stopped once the handler has resolved, and killed: all that flush() reported is at Apie", async () => {
  const server = await startServer();
  // The agent is being registered while the first request is answered; each call fails once; the batch takes its time.
  server.rule(({ path }) => (path === EVENTS || path.endsWith("/identify") ? { delayMs: 60 } : undefined));
  server.fail("/v1/runs", { status: 503 }, 1);
  server.fail(EVENTS, "reset", 1);
  server.fail(COMPLETION, { status: 500 }, 1);
  const platform = await Platform.start(server);
  const { report } = await platform.invoke("flush", "first");
  await platform.kill();
  expect(report).toMatchObject({ ok: true, events: { delivered: 3, pending: 0 }, runs: { completed: 1 } });
  expectThere(server, "first");
});

test("continued: a request finds what the ones before it left, and nothing is lost, doubled or in doubt", async () => {
  const server = await startServer();
  const platform = await Platform.start(server);
  await platform.invoke("flush", "first");

  // Connections that were cut while it was stopped.
  server.dropConnections();
  await until("they are gone", () => server.connections === 0);
  const second = await platform.invoke("flush", "second");
  expect(second).toMatchObject({
    report: { ok: true, events: { delivered: 6, pending: 0 }, runs: { completed: 2 } },
    possibleDuplicates: 0,
  });
  expectThere(server, "first", "second");

  // No flush at all: what waits goes out when it is continued, with no new request.
  await platform.invoke("forget", "third");
  expect(toolsAt(server)).toEqual(["first", "second"]);
  platform.continue();
  await until("the third is there", () => completions(server) === 3);
  expectThere(server, "first", "second", "third");

  // What a flush cannot send in its time it says, and the next one sends it.
  const heal = server.fail(EVENTS, "hang");
  const { report } = await platform.invoke("flush", "fourth");
  expect(report).toMatchObject({ ok: false, events: { delivered: 9, pending: 3 } });
  server.dropConnections();
  heal();
  const last = await platform.invoke("flush", "fifth");
  expect(last.report).toMatchObject({ ok: true, events: { delivered: 15 }, runs: { completed: 5 } });
  expect(toolsAt(server).slice(3).toSorted()).toEqual(["fifth", "fourth"]);
  await platform.kill();
});
