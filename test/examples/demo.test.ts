/** The demo: that it shows the whole story, ends by itself, stays with --keep, and fails when something is missing. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { storyProblems } from "../../examples/demo/expected.ts";
import { replayProblems, traceProblems } from "../../examples/support/completeness.ts";
import type { Replay } from "../../src/local/index.ts";
import { until } from "../support/until.ts";
import { type Arrived, type Finished, runAndRead, runExample, startExample } from "./run-example.ts";

describe("npm run demo", () => {
  let finished: Finished;

  beforeAll(async () => {
    finished = await runExample("demo");
  }, 60_000);

  test("ends by itself, with nothing to complain of", () => {
    expect(finished.stderr).toBe("");
    expect(finished.code).toBe(0);
  });

  test.each([
    ["the answers", /Support\s+Done\. 49\.90 EUR were refunded\..* \(200, streamed in \d+ pieces\)/],
    ["the failing request", /Support\s+The agent failed, please try again\. \(502\)/],
    ["the session", /Session ses_\w+ {2}multi_agent · completed · 4 runs, 39 events/],
    ["a model call with its tokens", /Support +llm\.completed +gpt-5-mini · 478 \(384 cached\) → 63 tokens/],
    ["the failing tool", /Support +action\.failed +track_parcel · Error/],
    ["the MCP request", /Support +mcp\.completed +help-center \/ search_articles/],
    ["the hand-off", /Support +handoff\.requested +Support → Billing · Parcel lost/],
    ["the second agent's run, further in", /\n +\+\d\.\d{3} s {4}Billing +▸ run +"Refund order 1042"/],
    ["the failed run", /Support +◂ failed/],
    ["traces with links", /session → {2}[\da-f]{32} {2}session_start multi_agent/],
    ["the link from a request to its run", /started_run → {2}[\da-f]{32} {2}invoke_agent Support/],
    ["Apie's side of the delivery", /Apie {2}events +39 delivered, 0 rejected, 0 dropped, 0 pending/],
    ["OTLP's side of the delivery", /OTLP {2}spans +all exported, \d+ of them in the traces above/],
    ["where the page is", /Replay it in a browser: http:\/\/127\.0\.0\.1:\d+\/sessions\/ses_\w+\n/],
    ["where to look further", /Look further at http:\/\/127\.0\.0\.1:\d+\/api\/sessions\/ses_\w+\/events/],
  ])("shows %s", (_what, pattern) => {
    expect(finished.stdout).toMatch(pattern);
  });
});

describe("shipped to an Apie and an OTLP backend that the environment names", () => {
  let arrived: Arrived;

  beforeAll(async () => {
    arrived = await runAndRead("demo");
  }, 60_000);

  test("everything is there", () => {
    expect(arrived).toMatchObject({ code: 0, stderr: "" });
    expect(storyProblems(arrived.replays)).toEqual([]);
    expect(replayProblems(arrived.replays)).toEqual([]);
    expect(traceProblems(arrived.replays, arrived.traces)).toEqual([]);
  });

  test("ids and the delivery report are printed, and no replay, which only a local Apie can give", () => {
    const [replay] = arrived.replays;
    const ids = (replay?.runs ?? []).filter(({ agent_key }) => agent_key === "support");
    for (const { metadata, trace_id } of ids) {
      expect(arrived.stdout).toContain(`run ${metadata?.run_id}  trace ${trace_id}`);
    }
    expect(arrived.stdout).toContain("39 delivered, 0 rejected, 0 dropped, 0 pending");
    expect(arrived.stdout).not.toContain("▸ run");
  });

  test("one agent.error for the failed run, by its class only", () => {
    const errors = arrived.replays[0]?.events.filter(({ type }) => type === "agent.error") ?? [];
    expect(errors.map(({ error }) => error?.message)).toEqual(["AI_RetryError"]);
    expect(JSON.stringify(arrived.replays)).not.toMatch(/overloaded|Carrier does not answer|Rain jacket/);
  });

  test("HTTP spans of the service are those of its instrumentation, none for what goes to Apie", () => {
    const spans = arrived.traces.flatMap((trace) => trace.spans);
    const http = spans.filter(({ scope }) => scope.name === "@opentelemetry/instrumentation-http");
    expect(http.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      "server POST",
      "server POST",
      "server POST",
    ]);
  });

  describe("what is missing is named", () => {
    const without = (type: string): Replay[] =>
      arrived.replays.map((replay) => ({
        ...replay,
        events: replay.events.filter((event) => event.type !== type),
      }));

    test("an event", () => {
      const replays = without("agent.mcp.completed");
      expect(storyProblems(replays)).toEqual(["events of type agent.mcp.completed: expected 1, got 0"]);
      expect(replayProblems(replays)).toEqual([
        expect.stringMatching(/^run run_\w+ \(support\) has events missing: there are 1, 2, 3/),
      ]);
    });

    test("the end of a run, and of the session", () => {
      const replays = arrived.replays.map(({ session, runs, events }) => ({
        session: session && { ...session, status: "running" },
        runs: runs.map((run) => (run.agent_key === "billing" ? { ...run, status: "running" } : run)),
        events,
      }));
      expect(replayProblems(replays)).toEqual([
        expect.stringMatching(/^run run_\w+ \(billing\) was never completed$/),
        expect.stringMatching(/^session ses_\w+ was never completed$/),
      ]);
      expect(storyProblems(replays)).toEqual([
        "runs, billing completed: expected 1, got 0",
        "runs, billing running: expected 0, got 1",
      ]);
    });

    test("all of it", () => {
      expect(replayProblems([])).toEqual(["nothing arrived"]);
    });

    test("a trace", () => {
      const left = arrived.traces.filter(({ root }) => root.name !== "invoke_agent Billing");
      expect(traceProblems(arrived.replays, left)).toEqual([
        expect.stringMatching(/^run run_\w+ \(billing\): its span did not come over OTLP$/),
        expect.stringMatching(/^trace \w+: "start_run Billing" is linked to \w+, which did not come$/),
      ]);
    });

    test("a span's parent", () => {
      const cut = arrived.traces.map((trace) => ({
        ...trace,
        spans: trace.spans.filter(({ name }) => name !== "ai.streamText"),
      }));
      const problems = traceProblems(arrived.replays, cut);
      expect(problems).toHaveLength(2);
      expect(problems[0]).toMatch(/: the parent of "ai\.streamText\.doStream" did not come$/);
    });
  });
});

describe("a destination that takes nothing", () => {
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  test("makes the demo fail and say so; the other destination has everything", async () => {
    const refusing = createServer((request, response) => {
      request.resume().on("end", () => response.writeHead(400).end("no traces here"));
    });
    servers.push(refusing);
    await new Promise<void>((resolve) => refusing.listen(0, "127.0.0.1", resolve));
    const { port } = refusing.address() as AddressInfo;
    const { code, stdout, stderr } = await runExample("demo", {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    });
    expect(code).toBe(1);
    expect(stderr).toContain("The demo is not complete:\n  - OTLP export failed:");
    expect(stdout).toContain("39 delivered, 0 rejected, 0 dropped, 0 pending");
    expect(stdout).toContain("▸ run");
  });
});

describe("npm run demo -- --keep", () => {
  test("goes on answering until it is interrupted, then ends well", async () => {
    const demo = startExample("demo", {}, { args: ["--keep"], ownGroup: true });
    const url = await until(
      "it says how to ask more",
      () => /(http:\S+)\/conversations\/mine\/messages/.exec(demo.stdout())?.[1],
      15_000,
    );
    const response = await fetch(`${url}/conversations/mine/messages`, {
      method: "POST",
      body: JSON.stringify({ text: "Hello" }),
    });
    expect(await response.text()).toBe("I can find orders and give refunds. What may I do for you?");
    const api = /Look further at (\S+)/.exec(demo.stdout())?.[1] ?? "";
    expect((await (await fetch(api)).json()) as { items: unknown[] }).toMatchObject({
      items: { length: 39 },
    });
    // As Ctrl-C does: the demo and all of its processes are told at once.
    process.kill(-(demo.child.pid ?? 0), "SIGINT");
    expect(await demo.ended).toBe(0);
    expect(demo.stderr()).toBe("");
    await expect(fetch(url)).rejects.toThrow();
  });

  test("an option it does not know is refused", async () => {
    const demo = startExample("demo", {}, { args: ["--kep"] });
    expect(await demo.ended).toBe(1);
    expect(demo.stderr()).toContain("Unknown option '--kep'");
  });
});

test("interrupted before it ends, the demo leaves no process behind", async () => {
  const demo = startExample("demo");
  const url = await until(
    "the service listens",
    () => /Listening on (http:\S+)/.exec(demo.stdout())?.[1],
    15_000,
  );
  demo.child.kill("SIGKILL");
  await demo.ended;
  await until(
    "the service is gone",
    () =>
      fetch(url).then(
        () => false,
        () => true,
      ),
    15_000,
  );
});
