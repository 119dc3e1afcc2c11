/** `apie-otel validate` in real processes: what it takes, what it says, how it ends. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Json, startApie } from "../local/support.ts";
import { AGENT, startServer } from "../support/client.ts";
import { type Running, runCli } from "./support.ts";

const GOOD = { type: "agent.tool.called", agent_key: "desk", tool: { name: "search" } };
const SDK = { type: "custom.event", agentKey: "desk", runId: "run_1" };
const WRONG = { type: "agent.tol.called", agentKey: "desk" };

const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
const span = (
  id: string,
  parent: string,
  name: string,
  attributes: Record<string, string>,
  [from, to]: [number, number],
) => ({
  traceId: "1".repeat(32),
  spanId: id.repeat(16),
  ...(parent === "" ? {} : { parentSpanId: parent.repeat(16) }),
  name,
  kind: 1,
  startTimeUnixNano: `1700000000${from}0000000`,
  endTimeUnixNano: `1700000000${to}0000000`,
  attributes: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
});

const OTLP = {
  resourceSpans: [
    {
      scopeSpans: [
        {
          scope: { name: "lib" },
          spans: [
            span("1", "", "GET /", { "http.request.method": "GET" }, [10, 95]),
            span(
              "2",
              "1",
              "invoke_agent Desk",
              { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Desk" },
              [20, 90],
            ),
            span(
              "3",
              "2",
              "chat m",
              {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "m",
              },
              [30, 40],
            ),
            span(
              "4",
              "2",
              "execute_tool search",
              { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search" },
              [50, 60],
            ),
          ],
        },
      ],
    },
  ],
};

/** Fields of protobuf: number, wire type, bytes. */
const field = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
const fixed64 = (number: number, value: bigint): Buffer => {
  const bytes = Buffer.alloc(9, (number << 3) | 1);
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
};
const told = (key: string, value: string): Buffer =>
  field(9, Buffer.concat([field(1, Buffer.from(key)), field(2, field(1, Buffer.from(value)))]));

/** An ExportTraceServiceRequest of one span, short enough for lengths of one byte. */
const PROTOBUF = field(
  1,
  field(
    2,
    field(
      2,
      Buffer.concat([
        field(1, Buffer.alloc(16, 0xa1)),
        field(2, Buffer.alloc(8, 0xb2)),
        field(5, Buffer.from("chat m")),
        fixed64(7, 1_700_000_000_000_000_000n),
        fixed64(8, 1_700_000_001_000_000_000n),
        told("gen_ai.operation.name", "chat"),
      ]),
    ),
  ),
);

function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), "apie-validate-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const validate = (input: string | Uint8Array, ...args: string[]): Running =>
  runCli(["validate", "-", ...args], { input });

const lines = (...values: unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join("");

it.skipIf(!existsSync("/dev/zero"))(
  "what never ends is read as far as may be, and refused",
  { timeout: 30_000 },
  async () => {
    for (const [args, input] of [
      [["validate", "/dev/zero"], ""],
      [["validate", "-"], Buffer.alloc(300 * 1_048_576, " ")],
    ] as const) {
      const cli = runCli(args, { nodeFlags: ["--max-old-space-size=200"], input });
      expect(await cli.ended).toBe(2);
      expect(cli.stderr()).toMatch(/Cannot read .* it is larger than \d+ bytes: split it/);
    }
  },
);

describe("events", { timeout: 60_000 }, () => {
  it.each<[string, string | Uint8Array, number, string[]]>([
    ["one", JSON.stringify(GOOD), 0, ["1 event, 0 invalid."]],
    ["a list, in both spellings", JSON.stringify([GOOD, SDK]), 0, ["2 events, 0 invalid."]],
    [
      "a body of POST /v1/events, gzipped",
      gzipSync(JSON.stringify({ events: [GOOD] })),
      0,
      ["1 event, 0 invalid."],
    ],
    [
      "a list with a wrong one",
      JSON.stringify({ events: [GOOD, WRONG] }),
      1,
      [
        "✗ events[1]  agent.tol.called: type: unknown event type; did you mean agent.tool.called?",
        "2 events, 1 invalid.",
      ],
    ],
    [
      "JSON lines, one of them cut off",
      `${lines(GOOD, WRONG)}\n{"type": "agent.\n${lines(SDK)}`,
      1,
      ["✗ line 2  agent.tol.called: type: unknown", "✗ line 4: not readable as JSON", "4 events, 2 invalid."],
    ],
    ["what is no event", "[5]", 1, ["✗ [0]  (no type): expected an event object"]],
    ["no event at all", "[]", 0, ["0 events, 0 invalid."]],
  ])("%s", async (_what, input, code, says) => {
    const cli = validate(input);
    expect([await cli.ended, cli.stderr()]).toEqual([code, ""]);
    for (const text of says) expect(cli.stdout()).toContain(text);
    expect(cli.stdout()).not.toContain("\u001b");
  });

  it.each<[string, string, string]>([
    ["nothing", " \n", "Standard input is empty"],
    ["text", "password: canary-1", "neither JSON, JSON lines nor OTLP"],
    ["broken JSON", '{"type": "canary-1', "neither JSON, JSON lines nor OTLP"],
  ])("%s cannot be read: 2, and no word of what it says", async (_what, input, says) => {
    const cli = validate(input);
    expect([await cli.ended, cli.stdout()]).toEqual([2, ""]);
    expect(cli.stderr()).toContain(says);
    expect(cli.stderr()).not.toContain("canary");
  });

  it("a file that is not there: 2", async () => {
    const cli = runCli(["validate", "/nowhere/events.json"]);
    expect(await cli.ended).toBe(2);
    expect(cli.stderr()).toMatch(/^apie-otel: Cannot read \/nowhere\/events\.json: ENOENT/);
  });

  it("--json is one document, and --remote asks Apie, which has the last word", async () => {
    const server = await startServer();
    server.fail("/v1/events/validate", {
      body: {
        accepted: 1,
        previews: [
          { validation_status: "valid", warnings: ["undeclared tool"] },
          { validation_status: "invalid", warnings: ["no such run"] },
        ],
      },
    });
    const folder = folderWith({
      "apie.config.json": JSON.stringify({ apiKey: "k", baseUrl: server.url, agent: AGENT }),
      "events.json": JSON.stringify([WRONG, GOOD, SDK]),
    });
    const cli = runCli(["validate", "events.json", "--remote", "--json"], { cwd: folder });
    expect([await cli.ended, cli.stderr()]).toEqual([1, ""]);
    const report = JSON.parse(cli.stdout()) as { results: Json[] };
    expect(report).toMatchObject({ kind: "events", valid: false, remote: true });
    expect(report.results).toMatchObject([
      { at: "[0]", valid: false },
      { at: "[1]", valid: true, warnings: ["undeclared tool"] },
      { at: "[2]", valid: false, issues: [{ message: "Apie refuses it: no such run" }] },
    ]);
    // Only those that are valid by themselves are sent.
    expect(
      server
        .to("/v1/events/validate")
        .map(({ body }) => (body as unknown as { events: unknown[] }).events.length),
    ).toEqual([2]);
  });
});

describe("spans", { timeout: 60_000 }, () => {
  it("each says what it becomes", async () => {
    const cli = validate(JSON.stringify(OTLP));
    expect([await cli.ended, cli.stderr()]).toEqual([0, ""]);
    expect(cli.stdout()).toMatch(/^1{16} {2}GET \/ +not agent work$/m);
    expect(cli.stdout()).toMatch(/^2{16} {2}invoke_agent Desk +run \(otel-gen-ai\) +run 1$/m);
    expect(cli.stdout()).toMatch(
      /^3{16} {2}chat m +llm \(otel-gen-ai\) +run 1 +llm\.called, llm\.completed$/m,
    );
    expect(cli.stdout()).toMatch(/^4{16} .*run 1 +action\.requested, tool\.called, action\.completed$/m);
    expect(cli.stdout()).toContain("4 spans, 3 of agent work: 1 run, 0 sessions, 5 events.");
  });

  it("as JSON lines of a Collector, as JSON, and as protobuf they are the same", async () => {
    const reports = await Promise.all(
      [lines(OTLP, { resourceSpans: [] }), gzipSync(JSON.stringify(OTLP)), PROTOBUF].map(async (input) => {
        const cli = validate(input, "--json");
        expect([await cli.ended, cli.stderr()]).toEqual([0, ""]);
        return JSON.parse(cli.stdout()) as Json & { spans: Json[] };
      }),
    );
    const [first, second, third] = reports;
    expect(first).toMatchObject({
      kind: "otlp",
      valid: true,
      malformed: [],
      sessions: 0,
      events: 5,
      lost: {},
    });
    expect(second).toEqual(first);
    expect(third?.spans).toMatchObject([{ name: "chat m", kind: "llm", run: 1, convention: "otel-gen-ai" }]);
  });

  it("work that began after its run had ended is told as lost to the events", async () => {
    const agent = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Desk" };
    const chat = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };
    const spans = [span("2", "", "invoke_agent", agent, [10, 20]), span("3", "2", "chat", chat, [30, 40])];
    const cli = validate(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
    expect([await cli.ended, cli.stderr()]).toEqual([0, ""]);
    expect(cli.stdout()).toContain("1 span began after the run had ended, and no event tells of that.\n");
  });

  it("what is malformed is named by its path, and the rest is read", async () => {
    const bad = { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "xyz" }] }] }] };
    const cli = validate(lines(OTLP, bad, { resource_spans: [] }));
    expect([await cli.ended, cli.stderr()]).toEqual([1, ""]);
    expect(cli.stdout()).toContain("✗ line 2: resourceSpans[0].scopeSpans[0].spans[0].traceId: must be hex");
    expect(cli.stdout()).toContain("✗ line 3: Nothing was stored");
    expect(cli.stdout()).toContain("4 spans, 3 of agent work");
  });

  it("the service's own conventions and agents count; --remote makes no sense", async () => {
    const folder = folderWith({
      "apie.config.mjs": `export default {
        apiKey: "k", baseUrl: "http://127.0.0.1:1",
        agent: { key: "desk", name: "Desk" },
        conventions: [{ name: "mine", read: ({ name }) => name === "GET /" ? { kind: "llm", convention: "mine", llm: {} } : undefined }],
      };`,
      "spans.json": JSON.stringify(OTLP),
    });
    const own = runCli(["validate", "spans.json", "-c", "apie.config.mjs", "--json"], { cwd: folder });
    expect([await own.ended, own.stderr()]).toEqual([0, ""]);
    const report = JSON.parse(own.stdout()) as Json & { spans: Json[] };
    expect(report.spans[0]).toMatchObject({ kind: "llm", convention: "mine" });
    expect(report.runs[0]?.agent_key).toBe("desk");
    const remote = runCli(["validate", "spans.json", "--remote"], { cwd: folder });
    expect(await remote.ended).toBe(2);
    expect(remote.stderr()).toContain("--remote is for events");
  });
});

describe("send-test-event", { timeout: 60_000 }, () => {
  it.each([
    ["pipeline", 17, 2, "/sessions/ses_"],
    ["single", 5, 1, "/runs/run_"],
    ["proof", 5, 1, "/sessions/ses_"],
  ])("%s is taken by a local Apie, and says where to look", async (mode, events, runs, place) => {
    const apie = await startApie();
    const env = { APIE_API_KEY: "local", APIE_BASE_URL: apie.url, OTEL_SERVICE_NAME: "desk" };
    const cli = runCli(["send-test-event", "--mode", mode, "--json"], { env });
    expect([await cli.ended, cli.stderr()]).toEqual([0, ""]);
    const result = JSON.parse(cli.stdout()) as { run_ids: string[]; replay_url: string };
    expect(result).toMatchObject({ mode, events, base_url: apie.url });
    expect(result.run_ids).toHaveLength(runs);
    expect(result.replay_url.startsWith(`${apie.url}${place}`)).toBe(true);
    const id = result.replay_url.split("/").pop();
    expect((await fetch(`${apie.url}/api${new URL(result.replay_url).pathname}`)).status).toBe(200);
    expect(id).not.toBe("");
  });

  it("says what is missing: 2; and which call failed: 1", async () => {
    const nothing = runCli(["send-test-event"], { cwd: folderWith({}) });
    expect(await nothing.ended).toBe(2);
    expect(nothing.stderr()).toContain("apiKey: required");
    const apie = await startApie({ key: "right" });
    const env = { APIE_API_KEY: "wrong-canary", APIE_BASE_URL: apie.url, OTEL_SERVICE_NAME: "desk" };
    const refused = runCli(["send-test-event"], { env });
    expect([await refused.ended, refused.stdout()]).toEqual([1, ""]);
    expect(refused.stderr()).toMatch(/401.*`apie-otel doctor` says what helps$/m);
    expect(refused.stderr()).toContain(`${apie.url} did not take the test event: `);
    expect(refused.stderr()).not.toContain("wrong-canary");
  });
});
