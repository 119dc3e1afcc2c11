/** `apie-otel import` as users run it: from servers and files, to Apie, a local Apie and over OTLP. */
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { importCommand } from "../../src/cli/commands/import.ts";
import { EXIT, reportFailure } from "../../src/cli/failure.ts";
import { readRecording } from "../../src/cli/import/recording.ts";
import { LocalReader } from "../../src/local/index.ts";
import { AgDevServer } from "../imports/servers/ag-dev.ts";
import { AgentOsServer, frameOf } from "../imports/servers/agent-os.ts";
import { continued, fixture, type Json } from "../imports/support.ts";
import { startApie } from "../local/support.ts";
import { cleanup, startServer } from "../support/client.ts";
import { OtlpReceiver } from "../support/otlp-receiver.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";
import { runCli } from "./support.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures");
const TOKEN = "agno_pat_very-secret-token";
const PAUSED: Json = fixture("agno/agent-run-paused");
const SESSION = String(PAUSED.session_id);
const RUN_ID = String(PAUSED.run_id);

const folder = (): string => mkdtempSync(join(tmpdir(), "apie-import-"));

const toApie = (apie: RecordingApie): object => ({
  APIE_API_KEY: "apie_sk_test_key",
  APIE_BASE_URL: apie.url,
});

function jsonOf(stdout: string): Json {
  expect(stdout.trim().split("\n")).toHaveLength(1);
  return JSON.parse(stdout) as Json;
}

async function receiver(): Promise<OtlpReceiver> {
  const otlp = await OtlpReceiver.start();
  cleanup(() => otlp.close());
  return otlp;
}

describe("an AgentOS", () => {
  test("its session is imported, and imported again with what is new of it only", async () => {
    const [server, apie] = [await new AgentOsServer().listen(), await startServer()];
    server.token = TOKEN;
    server.store(PAUSED);
    const state = join(folder(), "import.json");
    const args = ["import", "agno", "--base-url", server.url, "--session", SESSION, "--state", state];
    const env = { ...toApie(apie), AGNO_API_TOKEN: TOKEN };
    const first = runCli([...args, "--json"], { env });
    expect(await first.ended).toBe(EXIT.ok);
    expect(jsonOf(first.stdout())).toMatchObject({
      ok: true,
      source: { system: "agno", place: server.url },
      apie: { base_url: apie.url, events: { rejected: 0, dropped: 0, pending: 0 } },
      otlp: null,
      runs: 1,
      sessions: 1,
      run_ids: { [RUN_ID]: expect.stringMatching(/^run_/) },
      session_ids: { [SESSION]: expect.stringMatching(/^ses_/) },
      state,
      error: null,
    });
    // It holds ids only, for its owner only, and nothing is left beside it.
    expect(statSync(state).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(state, ".."))).toEqual(["import.json"]);
    const before = apie.events.length;
    const asked = new Set(apie.events.map(({ event_id }) => event_id));
    server.store(continued(PAUSED));
    server.store({ ...continued(PAUSED), run_id: "the-next", events: [] });
    const second = runCli(args, { env });
    expect(await second.ended).toBe(EXIT.ok);
    expect(second.stdout()).toContain(`${server.url}: 2 runs`);
    const added = apie.events.slice(before);
    expect(added.length).toBeGreaterThan(4);
    expect(added.filter(({ event_id }) => asked.has(event_id))).toEqual([]);
    expect(apie.to(/\/sessions$/)).toHaveLength(1);
    expect(apie.to(/\/sessions\/[^/]+\/runs$/)).toHaveLength(2);
    expect(apie.to(/\/runs\/[^/]+\/complete$/)).toHaveLength(2);
    const third = runCli(args, { env });
    expect(await third.ended).toBe(EXIT.ok);
    expect(third.stdout()).toContain("0 runs, 2 unchanged, 0 new spans");
    // What agents were told stays where it is, and the token goes nowhere else.
    expect(apie.everything).not.toContain("249.90");
    for (const text of [first.stderr(), second.stdout(), readFileSync(state, "utf8"), apie.everything])
      expect(text).not.toContain(TOKEN);
  }, 30_000);

  test("a run is followed, stopped, and followed on by another process", async () => {
    const [server, apie] = [await new AgentOsServer().listen(), await startServer()];
    const whole = fixture("agno/agent-run-tools");
    const id = String(whole.run_id);
    const run: Json = { ...whole, session_id: SESSION, created_at: 1_772_442_004 };
    const events = (whole.events as Json[]).map((event) => ({ ...event, session_id: SESSION }));
    server.store({ ...run, status: "RUNNING", messages: [], tools: [], metrics: {}, events: undefined });
    server.begin(`/agents/incident-scout/runs/${id}`, id);
    const state = join(folder(), "import.json");
    const args = ["import", "agno", "--base-url", server.url, "--session", SESSION, "--run", id, "--follow"];
    const env = toApie(apie);
    const first = runCli([...args, "--state", state, "--json"], { env });
    await until("a listener", () => server.listeners(id) === 1, 15_000);
    server.say(id, ...events.slice(0, 12));
    await until("the tools", () => apie.eventsOf("agent.tool.called").length === 2);
    first.child.kill("SIGINT");
    expect(await first.ended).toBe(EXIT.ok);
    expect(first.stderr()).toContain("Stopping");
    expect(jsonOf(first.stdout())).toMatchObject({ ok: true, interrupted: true, runs: 1 });
    expect(apie.to(/\/complete$/)).toEqual([]);
    const second = runCli([...args, "--state", state], { env });
    await until("a listener", () => server.listeners(id) === 1, 15_000);
    server.say(id, ...events.slice(12));
    server.store({ ...run, events: undefined });
    server.end(id, "completed");
    expect(await second.ended).toBe(EXIT.ok);
    expect(apie.to(/\/runs$/)).toHaveLength(1);
    expect(apie.to(/\/complete$/)).toHaveLength(1);
    expect(new Set(apie.events.map(({ event_id }) => event_id)).size).toBe(29);
    expect(apie.events.map(({ sequence_number }) => sequence_number)).toEqual(
      Array.from({ length: 29 }, (_, index) => index + 1),
    );
  }, 30_000);

  test("what it refuses ends with 1, and says which variable the token comes from", async () => {
    const [server, apie] = [await new AgentOsServer().listen(), await startServer()];
    server.token = TOKEN;
    server.store(PAUSED);
    const args = ["import", "agno", "--base-url", server.url, "--session", SESSION];
    const wrong = runCli(args, { env: { ...toApie(apie), AGNO_API_TOKEN: "agno_pat_another" } });
    expect(await wrong.ended).toBe(EXIT.failed);
    expect(wrong.stderr()).toBe(
      `apie-otel: AgentOS at ${server.url} answered 401: the token in AGNO_API_TOKEN is not accepted (Invalid authentication token)\n`,
    );
    expect(wrong.stdout()).toBe("");
  }, 20_000);
});

describe("a recording", () => {
  test("goes to a local Apie and over OTLP, and is replayed there", async () => {
    const [local, otlp] = [await startApie(), await receiver()];
    const file = join(FIXTURES, "agno/team-run-members.json");
    const cli = runCli(["import", "agno", "-f", file, "--local", local.url, "--otlp", otlp.url]);
    expect(await cli.ended).toBe(EXIT.ok);
    const [session] = await new LocalReader(local.url).sessions();
    expect(session).toMatchObject({ kind: "multi_agent" });
    expect(cli.stdout()).toContain(`${local.url} took 42 events.`);
    expect(cli.stdout()).toContain(`${otlp.url}/v1/traces took 22 spans.`);
    expect(cli.stdout()).toContain(`replay  ${local.url}/sessions/${session?.id}`);
    expect(otlp.spans).toHaveLength(22);
    expect(otlp.names.filter((name) => name.startsWith("invoke_agent"))).toHaveLength(4);
    expect(otlp.exports.map(({ body }) => body.toString()).join()).not.toMatch(
      /agent\.source\.record|gen_ai\.output\.messages/,
    );
    const replay = runCli(["replay", "last", "--url", local.url]);
    expect(await replay.ended).toBe(EXIT.ok);
    expect(replay.stdout()).toContain("Compliance Desk → Policy Reader");
  }, 20_000);

  const stream = (fixture("agno/agent-run-tools").events as Json[]).map((event) => ({ ...event }));
  const control = { event: "subscribed", run_id: stream[0]?.run_id, status: "running" };
  const received = `: connected\n\n${[control, ...stream].map(frameOf).join("")}`;

  test("over OTLP only, from standard input, as the environment has it", async () => {
    const otlp = await receiver();
    const cli = runCli(["import", "agno", "-f", "-", "--no-apie", "--otlp", "--json"], {
      input: received,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url, OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=t1" },
    });
    expect(await cli.ended).toBe(EXIT.ok);
    expect(jsonOf(cli.stdout())).toMatchObject({
      ok: true,
      apie: null,
      otlp: { spans: { delivered: 15, failed: 0 } },
    });
    expect(otlp.spans).toHaveLength(15);
    expect(otlp.exports[0]?.headers).toMatchObject({
      "x-tenant": "t1",
      "content-type": "application/x-protobuf",
    });
  });

  test("a password in the address of the environment goes there, and is neither printed nor kept", async () => {
    const otlp = await receiver();
    const state = join(folder(), "s.json");
    const address = otlp.url.replace("//", "//user:pa55word@");
    const cli = runCli(["import", "agno", "-f", "-", "--no-apie", "--otlp", "--json", "--state", state], {
      input: received,
      env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${address}/v1/traces?key=abc123` },
    });
    expect(await cli.ended).toBe(EXIT.ok);
    expect(jsonOf(cli.stdout()).otlp).toMatchObject({
      url: `${otlp.url}/v1/traces`,
      spans: { delivered: 15 },
    });
    for (const text of [cli.stdout(), cli.stderr(), readFileSync(state, "utf8")])
      expect(text).not.toMatch(/pa55word|abc123/);
  });

  test.each<[string, string | Uint8Array]>([
    ["a stream as it was received", received],
    ["a stream of a server that ends lines otherwise", received.replaceAll("\n", "\r\n")],
    ["JSON lines", [control, ...stream].map((event) => JSON.stringify(event)).join("\n")],
    ["a list", JSON.stringify([control, ...stream])],
    ["a list with a byte order mark", `\uFEFF${JSON.stringify(stream)}`],
    ["a list, gzipped", gzipSync(JSON.stringify(stream))],
  ])("may be %s", async (_, content) => {
    const file = join(folder(), "recording");
    writeFileSync(file, content);
    expect(await readRecording(file)).toEqual(stream);
  });

  test("with its content, where that is asked for; as JSON, where OTLP is to be that", async () => {
    const otlp = await receiver();
    const file = join(FIXTURES, "agdev/run-document-done.json");
    const args = ["-f", file, "--no-apie", "--otlp", `${otlp.url}/v1/traces`, "--capture-content"];
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
    expect(await runCli(["import", "agdev", ...args], { env }).ended).toBe(EXIT.ok);
    expect(otlp.exports.at(-1)?.contentType).toBe("application/json");
    expect(otlp.exports.at(-1)?.body.toString()).toContain("heat pump");
  }, 20_000);
});

test("ag.dev, with its key in its own header", async () => {
  const [server, apie] = [await new AgDevServer().listen(), await startServer()];
  const { run, events } = fixture<{ run: Json; events: { data: Json[] } }>("agdev/run-document-done");
  Object.assign(server, { run, events: events.data, key: "agdev_key_1" });
  const args = [
    "import",
    "agdev",
    "--base-url",
    server.url,
    "--agent",
    String(run.agentId),
    "--run",
    String(run.id),
  ];
  const cli = runCli([...args, "--follow", "--interval", "1"], {
    env: { ...toApie(apie), AGDEV_API_KEY: "agdev_key_1" },
  });
  expect(await cli.ended).toBe(EXIT.ok);
  expect(apie.to(/\/complete$/)).toHaveLength(1);
  for (const { headers } of server.requests) expect(headers).not.toHaveProperty("authorization");
});

test("an Apie that takes nothing: 1, and what is left is sent by the next import", async () => {
  const apie = await startServer();
  apie.fail(/events$/, { status: 403, body: { detail: "no" } });
  const where = folder();
  writeFileSync(
    join(where, "apie.config.json"),
    JSON.stringify({
      apiKey: "apie_sk_test_key",
      baseUrl: apie.url,
      flushTimeoutMs: 100,
      shutdownTimeoutMs: 100,
    }),
  );
  const args = ["import", "agno", "-f", join(FIXTURES, "agno/agent-run-tools.json"), "--state", "s.json"];
  const first = runCli(args, { cwd: where });
  expect(await first.ended).toBe(EXIT.failed);
  expect(first.stdout()).toMatch(/took 0 events; 29 not taken/);
  expect(first.stdout()).toMatch(/Not everything has arrived: .*403.* The same command goes on/);
  apie.fail(/events$/, "default");
  const second = runCli(args, { cwd: where });
  expect(await second.ended).toBe(EXIT.ok);
  expect(apie.events).toHaveLength(29);
  expect(apie.to(/\/sessions$/)).toHaveLength(1);
  expect(apie.to(/\/runs$/)).toHaveLength(1);
  expect(apie.to(/\/complete$/)).toHaveLength(1);
}, 20_000);

test("what a server says, or a document holds, cannot steer the terminal", async () => {
  const steering = "\u001b[2J\u009b2J\u202e\r";
  const server = createServer((request, response) => {
    if (request.url?.includes("type")) response.setHeader("content-type", "text/\u009b2J");
    else response.writeHead(404, { "content-type": "application/json" });
    response.end(
      JSON.stringify({ detail: `no${steering}session` }).repeat(request.url?.includes("type") ? 2 : 1),
    );
  });
  const address = await new Promise<string>((resolve) =>
    server.listen(0, "127.0.0.1", () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    ),
  );
  cleanup(async () => void server.close());
  const file = join(folder(), "runs.json");
  writeFileSync(
    file,
    JSON.stringify([
      {
        run_id: "r",
        agent_id: "a",
        tools: [{ [`x${steering}`]: 1, tool_args: 1 }],
        metrics: { details: { [`y${steering}`]: 7 } },
      },
    ]),
  );
  for (const source of [
    ["--base-url", address, "--session", "s"],
    ["--base-url", `${address}/type`, "--session", "s"],
    ["-f", file],
  ]) {
    const cli = runCli(["import", "agno", ...source, "--local", "http://127.0.0.1:9"]);
    expect(await cli.ended).not.toBe(EXIT.ok);
    expect(cli.stderr()).toMatch(/^apie-otel: /);
    expect(cli.stderr().replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u);
  }
}, 20_000);

describe("called wrongly, it says what to give", () => {
  const file = join(FIXTURES, "agno/agent-run-tools.json");
  const local = ["--local", "http://127.0.0.1:9"];
  const where = folder();
  const write = (name: string, text: string): string => {
    writeFileSync(join(where, name), text);
    return join(where, name);
  };
  const calls: [args: readonly string[], message: RegExp, env?: Record<string, string>][] = [
    [["agno", ...local], /--base-url is missing: give the address of the AgentOS, or --file FILE/],
    [
      ["agno", "--base-url", "localhost:7777", "--session", "s", ...local],
      /--base-url: localhost:7777 is no address/,
    ],
    [["agno", "--base-url", "http://u:p@h", "--session", "s", ...local], /holds a user name/],
    [["agno", "--base-url", "http://h", ...local], /--session is missing/],
    [["agno", "--base-url", "http://h", "--session", "s", "--agent", "a", ...local], /give --run, too/],
    [
      [
        "agno",
        "--base-url",
        "http://h",
        "--session",
        "s",
        "--run",
        "r",
        "--agent",
        "a",
        "--team",
        "t",
        ...local,
      ],
      /one --agent, --team or --workflow/,
    ],
    [
      ["agno", "--base-url", "http://h", "--session", "s", ...local],
      /AGNO_API_TOKEN holds/,
      { AGNO_API_TOKEN: "a b" },
    ],
    [["agno", "-f", file, "--follow", "--base-url", "http://h", ...local], /leave out --base-url, --follow/],
    [["agno", "-f", "nowhere.json", ...local], /Cannot read nowhere.json/],
    [["agno", "-f", write("text", "no json"), ...local], /neither JSON, JSON lines nor a recorded stream/],
    [["agno", "-f", write("empty", " "), ...local], /is empty/],
    [["agno", "-f", write("wrong.json", '[{"run_id": 7}]'), ...local], /\/0\/run_id: expected the run's id/],
    [
      ["agno", "-f", file, ...local, "--state", write("state", '{"version":2}')],
      /is no state of an import \(version: written by/,
    ],
    [["agno", "-f", file, ...local, "--state", write("list", "[]")], /is no state of an import/],
    [["agno", "-f", file], /baseUrl: required.*\nOr --local/s],
    [["agno", "-f", file, "--no-apie"], /--no-apie leaves no destination/],
    [
      ["agno", "-f", file, "--no-apie", "--otlp"],
      /--otlp: give an address, or set OTEL_EXPORTER_OTLP_ENDPOINT/,
    ],
    [
      ["agno", "-f", file, "--no-apie", "--otlp", "http://h"],
      /grpc is not spoken here/,
      { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
    ],
    [["agno", "-f", file, "--key", "k"], /--key is that of --local/],
    [["agdev", "--agent", "a", ...local], /--run is missing/],
    [["agdev", "--agent", "a", "--run", "r", "--team", "t", ...local], /--team: ag.dev has agents only/],
    [["langgraph"], /Allowed choices are agno, agdev/],
  ];
  test.each(calls)("%j", async (args, message, env = {}) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const told: string[] = [];
    const stderr = vi
      .spyOn(process.stderr, "write")
      .mockImplementation((text) => told.push(String(text)) > 0);
    const error: unknown = await importCommand()
      .parseAsync([...args], { from: "user" })
      .then(
        () => undefined,
        (failure: unknown) => failure,
      );
    expect(reportFailure(error)).toBe(EXIT.usage);
    stderr.mockRestore();
    vi.unstubAllEnvs();
    expect(told.join("")).toMatch(message);
  });

  test("by its process, too", async () => {
    const cli = runCli(["import", "agno", "-f", "nowhere.json", ...local]);
    expect(await cli.ended).toBe(EXIT.usage);
    expect(cli.stderr()).toContain("Cannot read nowhere.json");
    expect(cli.stdout()).toBe("");
  });
});
