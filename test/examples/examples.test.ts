/** Each example, run as a newcomer runs it, and what it shipped. */
import { beforeAll, describe, expect, test } from "vitest";
import { replayProblems, traceProblems } from "../../examples/support/completeness.ts";
import { parentRunOf, type Replay } from "../../src/local/index.ts";
import { type Arrived, runAndRead, runExample } from "./run-example.ts";

/** The lines of the timeline, without times and durations. */
const timelineOf = (stdout: string): string[] =>
  stdout
    .split("\n")
    .filter((line) => /^\s+\+\d+\.\d{3} s/.test(line))
    .map((line) =>
      line
        .replace(/^\s+\+\d+\.\d{3} s/, "")
        .replace(/( · )?[\d.]+ ms/g, "")
        .replace(/\s+/g, " ")
        .trim(),
    );

const runsOf = (replay: Replay | undefined) =>
  replay?.runs.map((run) => ({
    agent: run.agent_key,
    parent: parentRunOf(run, replay.runs)?.agent_key,
    role: run.role ?? undefined,
    input: run.input_summary ?? undefined,
    status: run.status,
  }));

const typesOf = (replay: Replay | undefined, agent?: string): string[] =>
  (replay?.events ?? [])
    .filter(({ agent_key }) => agent === undefined || agent_key === agent)
    .map(({ type }) => type.replace("agent.", ""));

/** Names of a trace's spans, and of what its links say. */
const spanNames = ({ traces }: Arrived, root: string): string[] =>
  traces
    .filter((trace) => trace.root.name === root)
    .flatMap(({ spans }) => spans.map(({ name }) => name))
    .sort();

const linksOf = ({ traces }: Arrived, root: string): unknown[] =>
  traces
    .filter((trace) => trace.root.name === root)
    .flatMap((trace) => trace.root.links.map(({ attributes }) => attributes["agent.link.type"]));

const EXAMPLES = [
  "existing-service",
  "standalone",
  "pipeline",
  "guarded-deploy",
  "two-processes",
  "import-agno",
];

describe.each(EXAMPLES)("%s", (name) => {
  test("runs on its own: shows a timeline and traces, and ends well", async () => {
    const { code, stdout, stderr } = await runExample(name);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(timelineOf(stdout).length).toBeGreaterThan(5);
    expect(stdout).toContain("Traces, as received over OTLP");
    // No terminal, no colours.
    expect(stdout).not.toContain("\u001b");
  });
});

describe("what the examples ship", () => {
  const arrived: Record<string, Arrived> = {};
  const of = (name: string): Arrived => arrived[name] as Arrived;

  beforeAll(async () => {
    for (const name of EXAMPLES) arrived[name] = await runAndRead(name);
  }, 60_000);

  test.each(EXAMPLES)("%s: everything arrived where the environment said, at both destinations", (name) => {
    const { code, stderr, stdout, replays, traces } = of(name);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Sent to http://127.0.0.1:");
    expect(replayProblems(replays)).toEqual([]);
    expect(traceProblems(replays, traces)).toEqual([]);
  });

  test("existing-service: one session of the chat, a run per request, inside the request's own trace", () => {
    const all = of("existing-service");
    const [chat, ...further] = all.replays;
    expect(further).toEqual([]);
    expect(chat?.session).toMatchObject({ status: "completed", metadata: { conversation_id: "chat-7" } });
    expect(runsOf(chat)).toEqual([
      { agent: "travel-desk", status: "completed" },
      { agent: "travel-desk", status: "completed" },
    ]);
    expect(typesOf(chat)).toEqual([
      ...["llm.called", "llm.completed", "action.requested", "tool.called", "action.completed"],
      ...["llm.called", "llm.completed", "llm.called", "llm.completed"],
    ]);
    expect(all.traces.map(({ root }) => root.name)).toEqual(["POST", "POST"]);
    expect(spanNames(all, "POST")).toContain("ai.toolCall");
  });

  test("standalone: a run outside of any session, with usage and what the tools touched", () => {
    const all = of("standalone");
    const [replay] = all.replays;
    expect(replay?.session).toBeUndefined();
    expect(runsOf(replay)).toEqual([
      { agent: "librarian", status: "completed", input: "Do you have Momo? If so, keep it for me." },
    ]);
    expect(replay?.runs[0]?.completion_metadata).toMatchObject({
      outputSummary: "Yes. It is yours until Friday, on shelf C 12.",
      llm_calls: 3,
      tool_calls: 2,
    });
    const tools = replay?.events.filter(({ type }) => type === "agent.tool.called") ?? [];
    expect(tools.map(({ tool, resource }) => [tool?.name, resource?.external_id])).toEqual([
      ["find_book", "Momo"],
      ["reserve_book", "Momo"],
    ]);
    const answered = replay?.events.findLast(({ type }) => type === "agent.llm.completed");
    expect(answered?.payload_summary?.usage).toMatchObject({ input: expect.any(Number), output: 12 });
    expect(all.stdout).toContain("Apie has 1 run and 12 events of it.");
  });

  test("pipeline: agents below the editor, side by side and handed over to, with steps and an approval", () => {
    const all = of("pipeline");
    const [replay] = all.replays;
    expect(replay?.session).toMatchObject({
      kind: "pipeline",
      status: "completed",
      input_summary: "Newsletter 48",
      output_summary: "Newsletter 48 was sent",
    });
    const [editor, ...below] = runsOf(replay) ?? [];
    expect(editor).toMatchObject({ agent: "editor", role: "orchestrator", input: "Make newsletter 48" });
    // The researchers begin at once: either may reach Apie first.
    expect(below.sort((a, b) => (a.input ?? "").localeCompare(b.input ?? ""))).toEqual([
      { agent: "researcher", parent: "editor", role: "worker", input: "batteries", status: "completed" },
      { agent: "writer", parent: "editor", role: "worker", input: "Newsletter", status: "completed" },
      { agent: "researcher", parent: "editor", role: "worker", input: "rail", status: "completed" },
    ]);
    expect(typesOf(replay, "editor")).toEqual([
      ...["workflow.step.started", "workflow.step.completed"],
      ...["workflow.step.started", "handoff.requested", "workflow.step.completed"],
      ...["workflow.step.started", "approval.requested", "approval.resolved"],
      ...["action.requested", "tool.called", "action.completed", "workflow.step.completed"],
    ]);
    expect(typesOf(replay, "writer")).toEqual([
      ...["handoff.accepted", "llm.called", "llm.completed", "handoff.completed"],
    ]);
    const resolved = replay?.events.find(({ type }) => type === "agent.approval.resolved");
    expect(resolved?.approval).toMatchObject({ approval_id: "newsletter-48", status: "approved" });
    expect(resolved?.step_name).toBe("Publish");
    expect(linksOf(all, "invoke_agent Writer")).toEqual(["session", "parent_run", "handoff_source"]);
    expect(linksOf(all, "invoke_agent Editor")).toContain("session");
  });

  test("two-processes: one session, opened in one process, completed in another, joined by a third", () => {
    const all = of("two-processes");
    const [replay, ...further] = all.replays;
    expect(further).toEqual([]);
    expect(replay?.session).toMatchObject({ status: "completed", output_summary: "Offered for 27,600 EUR" });
    expect(runsOf(replay)).toEqual([
      { agent: "sales", input: "Take down what the customer wants", status: "completed" },
      { agent: "sales", input: "Make the offer", status: "completed" },
      {
        agent: "pricing",
        parent: "sales",
        role: "worker",
        input: "Price of 40 bicycles",
        status: "completed",
      },
    ]);
    const services = all.traces.map(
      ({ root }) => `${root.resource.attributes["service.name"]}: ${root.name}`,
    );
    expect(services).toEqual([
      "sales: session_start multi_agent",
      "sales: invoke_agent Sales",
      "sales: invoke_agent Sales",
      "pricing: invoke_agent Pricing",
    ]);
    expect(linksOf(all, "invoke_agent Pricing")).toEqual(["caused_by"]);
    expect(typesOf(replay, "pricing")).toEqual(["workflow.step.started", "workflow.step.completed"]);
  });

  test("guarded-deploy: what is observed in one session is enforced in the next, and shows why", () => {
    const all = of("guarded-deploy");
    const [observed, enforced, ...further] = all.replays;
    expect(further).toEqual([]);
    expect(typesOf(observed).filter((type) => type === "tool.called")).toHaveLength(2);
    expect(typesOf(enforced)).toEqual([
      "guardrail.evaluated",
      ...["guardrail.evaluated", "approval.requested", "approval.resolved"],
      ...["action.requested", "tool.called", "action.completed"],
    ]);
    const decisions = enforced?.events.map(({ decision }) => decision?.effectiveDecision);
    expect(decisions?.slice(0, 2)).toEqual(["block", "require_approval"]);
    expect(runsOf(enforced)).toMatchObject([{ agent: "release-bot", status: "completed" }]);
    expect(spanNames(all, "invoke_agent Release bot")).toEqual(
      expect.arrayContaining(["guardrail apie", "approval deploy", "execute_tool deploy"]),
    );
    expect(all.stdout).toContain("goes on without it: tool read_secret is blocked");
  });

  test("import-agno: the recorded runs, each once, with the times they had", () => {
    const all = of("import-agno");
    const [replay, ...further] = all.replays;
    expect(further).toEqual([]);
    expect(replay?.session).toMatchObject({ kind: "single_agent", status: "completed" });
    expect(runsOf(replay)).toEqual(Array(3).fill({ agent: "study-coach", status: "completed" }));
    expect(replay?.events.map(({ timestamp }) => String(timestamp).slice(0, 10))).toEqual(
      Array(replay?.events.length).fill("2026-03-12"),
    );
    expect(typesOf(replay).filter((type) => type === "action.failed")).toHaveLength(1);
    const said = [...all.stdout.matchAll(/runs: (\d+) sent, (\d+) there already/g)];
    expect(said.map(([, ...counts]) => counts)).toEqual([
      ["2", "0"],
      ["0", "2"],
      ["1", "2"],
    ]);
    expect(all.stdout).toContain("events to Apie: 0, spans over OTLP: 0");
    expect(all.traces.map(({ root }) => root.name)).toEqual([
      "session_start single_agent",
      ...Array(3).fill("invoke_agent study-coach"),
    ]);
  });

  test.each([
    ["existing-service", /07:02|Milan|dining car|breakfast/],
    ["standalone", /shelf C 12|reserved|until Friday/],
    ["pipeline", /Night trains|salt|What is new/],
    ["two-processes", /Velo Bern|27,600|40 bicycles/],
    ["import-agno", /Ik werkte|past tense|The service is busy/],
  ])("%s: no prompt, answer, argument or result is in an event", (name, said) => {
    const events = of(name).replays.flatMap((replay) => replay.events);
    expect(events.length).toBeGreaterThan(0);
    expect(JSON.stringify(events)).not.toMatch(said);
  });
});

test("half of Apie's settings is an error that says which half is missing", async () => {
  const { code, stderr } = await runExample("standalone", { APIE_API_KEY: "apie_sk_x" });
  expect(code).toBe(1);
  expect(stderr.trim()).toBe(
    "APIE_API_KEY is set and APIE_BASE_URL is not: set both to ship to that Apie, or none for a local one",
  );
});
