/** `tail`, `replay` and `export` in real processes, against a local Apie. */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startLocalApie } from "../../src/local/index.ts";
import {
  allPages,
  call,
  get,
  type Json,
  openRun,
  openSession,
  post,
  sendEvents,
  startApie,
} from "../local/support.ts";
import { until } from "../support/until.ts";
import { type Running, runCli } from "./support.ts";

const TRACE = "a".repeat(32);

/** A session of two runs, with events, a hand-off and spans. */
async function filled() {
  const apie = await startApie();
  const otel = { trace_id: TRACE, span_id: "b".repeat(16) };
  const session = await openSession(apie, { input_summary: "Ticket 4711" });
  const run = await openRun(apie, { input_summary: "Triage", metadata: { otel } }, session);
  const child = await openRun(apie, { agent_key: "billing", parent_run_id: run }, session);
  const event = (type: string, run_id: string, more: object = {}) => ({
    type,
    run_id,
    session_id: session,
    ...more,
  });
  await sendEvents(
    apie,
    event("agent.llm.called", run, { payload_summary: { model: "gpt" } }),
    event("agent.tool.called", run, { tool: { name: "search" } }),
    event("agent.error", child, { agent_key: "billing", error: { message: "\u001b[31mgone\nwrong" } }),
  );
  await post(apie, `/v1/sessions/${session}/handoffs`, { source_run_id: run });
  for (const id of [child, run]) await post(apie, `/v1/runs/${id}/complete`, { status: "completed" });
  return { apie, session, run, child };
}

const SPANS = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "desk" } }] },
      schemaUrl: "https://example.test/resource",
      scopeSpans: [
        {
          scope: { name: "lib", version: "1" },
          spans: [
            {
              traceId: TRACE,
              spanId: "b".repeat(16),
              name: "invoke_agent",
              kind: 3,
              startTimeUnixNano: "1700000000000000001",
              endTimeUnixNano: "1700000000000000009",
              flags: 257,
              traceState: "a=b",
              status: { code: 2, message: "no" },
              attributes: [
                { key: "text", value: { stringValue: "ü" } },
                { key: "count", value: { intValue: "7" } },
                { key: "ratio", value: { doubleValue: 0.5 } },
                { key: "flag", value: { boolValue: false } },
                { key: "list", value: { arrayValue: { values: [{ stringValue: "a" }, { intValue: "1" }] } } },
                {
                  key: "map",
                  value: { kvlistValue: { values: [{ key: "k", value: { boolValue: true } }] } },
                },
              ],
              events: [{ name: "e", timeUnixNano: "1700000000000000002", attributes: [] }],
              links: [{ traceId: "c".repeat(32), spanId: "d".repeat(16), attributes: [] }],
              droppedAttributesCount: 1,
            },
            { traceId: TRACE, spanId: "e".repeat(16), parentSpanId: "b".repeat(16), name: "chat" },
          ],
        },
      ],
    },
  ],
};

async function folderOf(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "apie-read-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const linesOf = (cli: Running): string[] =>
  cli
    .stdout()
    .split("\n")
    .filter((line) => line !== "");

async function httpServer(handle: RequestListener): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("replay", { timeout: 60_000 }, () => {
  it("prints the session as a timeline, without colours and control characters", async () => {
    const { apie, session } = await filled();
    for (const given of [session, "last"]) {
      const cli = runCli(["replay", given, "--url", apie.url]);
      expect([await cli.ended, cli.stderr()]).toEqual([0, ""]);
      expect(cli.stdout()).toContain(
        `Session ${session}  pipeline · running · 2 runs, 3 events\n  Ticket 4711\n`,
      );
      expect(cli.stdout()).toMatch(/tester +▸ run +"Triage"\n/);
      expect(cli.stdout()).toMatch(/ {2}billing +error +· |billing +error +.*gone wrong/);
      expect(cli.stdout()).not.toContain("\u001b");
    }
  });

  it("colours where it is told to", async () => {
    const { apie } = await filled();
    const cli = runCli(["replay", "last", "--url", apie.url], { env: { FORCE_COLOR: "1" } });
    expect(await cli.ended).toBe(0);
    expect(cli.stdout()).toContain("\u001b[1mSession");
    expect(cli.stdout()).not.toContain("gone\nwrong");
  });

  it("takes address and key from the environment, together only", async () => {
    const apie = await startApie({ key: "sesame" });
    await post(apie, "/v1/sessions", { kind: "pipeline" }, { authorization: "Bearer sesame" });
    const env = { APIE_BASE_URL: apie.url, APIE_API_KEY: "sesame" };
    expect(await runCli(["replay", "last"], { env }).ended).toBe(0);
    // Another address: the key is not meant for it.
    const other = runCli(["replay", "last", "--url", apie.url], { env });
    expect(await other.ended).toBe(1);
    expect(other.stderr()).toContain("Give the key it was started with: --key KEY");
    expect(other.stderr()).not.toContain("sesame");
    expect(await runCli(["replay", "last", "--url", apie.url, "--key", "sesame"]).ended).toBe(0);
  });

  it("says where runs are that no session holds", async () => {
    const apie = await startApie();
    await openRun(apie);
    const cli = runCli(["replay", "last", "--url", apie.url]);
    expect([await cli.ended, cli.stderr()]).toEqual([
      1,
      `apie-otel: ${apie.url} has no session yet; the runs it has are in none: ${apie.url}/runs shows them\n`,
    ]);
  });

  it("says what is wrong: no session, no server, no address, another server", async () => {
    const apie = await startApie();
    const hosted = await httpServer((_request, response) => response.writeHead(404).end("no such page"));
    const cases: [string[], number, string][] = [
      [["replay", "ses_nope", "--url", apie.url], 1, "There is no session ses_nope"],
      [["replay", "last", "--url", apie.url], 1, "has no session yet"],
      [["replay", "last", "--url", "http://127.0.0.1:1"], 1, "Start one with `apie-otel dev`"],
      [["replay", "last", "--url", "localhost"], 2, "localhost is no address"],
      [
        ["export", "last", "--url", hosted],
        1,
        "it is not a local Apie. Hosted Apie is read on its own pages",
      ],
      [["tail", "--url", hosted], 1, "it is not a local Apie"],
    ];
    for (const [args, code, says] of cases) {
      const cli = runCli(args);
      expect([args, await cli.ended]).toEqual([args, code]);
      expect(cli.stderr()).toContain(says);
      expect(cli.stderr()).not.toMatch(/^ {4}at /m);
      expect(cli.stdout()).toBe("");
    }
  });
});

describe("export", { timeout: 60_000 }, () => {
  it("writes the session as one JSON document, the same as replay --json", async () => {
    const { apie, session } = await filled();
    const cli = runCli(["export", "last", "--url", apie.url]);
    expect([await cli.ended, cli.stderr()]).toEqual([0, ""]);
    const document = JSON.parse(cli.stdout()) as Json;
    const below = `/api/sessions/${session}`;
    expect(document).toEqual({
      session: (await get(apie, below)).session,
      runs: (await get(apie, `${below}/runs`)).items,
      events: (await get(apie, `${below}/events`)).items,
      handoffs: (await get(apie, `${below}/handoffs`)).items,
    });
    const replay = runCli(["replay", "last", "--json", "--url", apie.url]);
    expect(await replay.ended).toBe(0);
    expect(replay.stdout()).toBe(cli.stdout());
  });

  it("writes its spans as OTLP that another receiver takes as the same", async () => {
    const { apie } = await filled();
    await post(apie, "/v1/traces", SPANS);
    const folder = await folderOf();
    const out = join(folder, "spans.json");
    const cli = runCli(["export", "last", "-f", "otlp", "-o", out, "--url", apie.url]);
    expect([await cli.ended, cli.stdout(), cli.stderr()]).toEqual([0, "", ""]);
    expect((await stat(out)).mode & 0o777).toBe(0o600);
    const other = await startApie();
    expect((await call(other, "POST", "/v1/traces", JSON.parse(await readFile(out, "utf8")))).status).toBe(
      200,
    );
    const spansAt = async (where: { url: string }) =>
      (await get(where, `/api/traces/${TRACE}/spans`)).items.map(({ received_at: _, ...span }) => span);
    expect(await spansAt(other)).toEqual(await spansAt(apie));
    expect(await spansAt(other)).toHaveLength(2);
  });

  it("says that there are no spans, and keeps a file that is there", async () => {
    const { apie } = await filled();
    const none = runCli(["export", "last", "-f", "otlp", "--url", apie.url]);
    expect(await none.ended).toBe(0);
    expect(JSON.parse(none.stdout())).toEqual({ resourceSpans: [] });
    expect(none.stderr()).toContain("No spans of this session came over OTLP");
    const out = join(await folderOf(), "session.json");
    await writeFile(out, "mine");
    const nowhere = join(out, "..", "missing", "session.json");
    const lost = runCli(["export", "last", "-o", nowhere, "--url", apie.url]);
    expect([await lost.ended, lost.stderr()]).toEqual([
      2,
      `apie-otel: Cannot write ${nowhere}: ENOENT: no such file or directory, open '${nowhere}'\n`,
    ]);
    const kept = runCli(["export", "last", "-o", out, "--url", apie.url]);
    expect(await kept.ended).toBe(2);
    expect(await readFile(out, "utf8")).toBe("mine");
    expect(await runCli(["export", "last", "-o", out, "--force", "--url", apie.url]).ended).toBe(0);
    expect(JSON.parse(await readFile(out, "utf8"))).toHaveProperty("session");
  });

  it("pages through a session that is longer than a page", async () => {
    const { apie, session, run } = await filled();
    const many = (from: number) =>
      Array.from({ length: 600 }, (_, index) => ({
        type: "custom.event",
        event_id: `many-${from + index}`,
        run_id: run,
        session_id: session,
      }));
    await sendEvents(apie, ...many(0));
    await sendEvents(apie, ...many(600));
    const cli = runCli(["export", session, "--url", apie.url]);
    expect(await cli.ended).toBe(0);
    expect((JSON.parse(cli.stdout()) as { events: Json[] }).events).toEqual(
      (await allPages(apie, `/api/sessions/${session}/events`)).items,
    );
    // A reader that has seen enough ends it.
    const cut = runCli(["export", session, "--url", apie.url]);
    cut.child.stdout?.once("data", () => cut.child.stdout?.destroy());
    expect([await cut.ended, cut.stderr()]).toEqual([0, ""]);
  });
});

describe("tail", { timeout: 60_000 }, () => {
  it("prints what comes in, filtered, after the last that were there, and ends with 0 on Ctrl+C", async () => {
    const { apie, session, run } = await filled();
    const cli = runCli(["tail", "-n", "1", "--type", "tool.called", "--session", session, "--url", apie.url]);
    await until("the last one", () => linesOf(cli).length === 1, 20_000);
    expect(cli.stdout()).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}tester +tool\.called +run_\S+ +search\n$/);
    await sendEvents(
      apie,
      { type: "agent.llm.called", run_id: run, session_id: session },
      { type: "agent.tool.called", tool: { name: "elsewhere" } },
      { type: "agent.tool.called", run_id: run, session_id: session, tool: { name: "fetch" } },
    );
    await until("the new one", () => linesOf(cli).length === 2, 20_000);
    expect(linesOf(cli)[1]).toMatch(/tool\.called.*fetch$/);
    cli.child.kill("SIGINT");
    expect([await cli.ended, cli.stderr()]).toEqual([0, ""]);
    expect(cli.stdout()).not.toContain("elsewhere");
  });

  it("goes on over a lost server, each event once, and says when one began anew", async () => {
    const folder = await folderOf();
    const db = join(folder, "apie.sqlite");
    const first = await startLocalApie({ db });
    const { port } = first;
    const cli = runCli(["tail", "--json", "-n", "10", "--url", first.url]);
    await sendEvents(first, { type: "custom.event", event_id: "e1" });
    await until("the first", () => linesOf(cli).length === 1, 20_000);
    await first.close();
    await until("the loss to be told", () => cli.stderr().includes("trying again"), 20_000);
    const second = await startLocalApie({ db, port });
    await sendEvents(second, { type: "custom.event", event_id: "e2" });
    await until("what came meanwhile", () => linesOf(cli).length === 2, 20_000);
    await second.close();
    // In memory: its numbers begin again.
    const third = await startLocalApie({ port });
    onTestFinished(() => third.close());
    await sendEvents(third, { type: "custom.event", event_id: "e3" });
    await until("the one of the new server", () => linesOf(cli).length === 3, 20_000);
    expect(linesOf(cli).map((line) => (JSON.parse(line) as Json).event_id)).toEqual(["e1", "e2", "e3"]);
    expect(cli.stderr()).toContain("connected again");
    expect(cli.stderr()).toContain("the server began anew");
    cli.child.kill("SIGTERM");
    expect(await cli.ended).toBe(0);
  });

  it("ends with 0 when the reader of its output goes", async () => {
    const { apie } = await filled();
    const cli = runCli(["tail", "-n", "3", "--json", "--url", apie.url]);
    await until("output", () => linesOf(cli).length === 3, 20_000);
    cli.child.stdout?.destroy();
    await until(
      "the end",
      async () => {
        await sendEvents(apie, { type: "custom.event" });
        return cli.child.exitCode !== null;
      },
      20_000,
    );
    expect([cli.child.exitCode, cli.stderr()]).toEqual([0, ""]);
  });
});
