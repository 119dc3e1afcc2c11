/** The comparison itself: what is told wrongly is found, whatever it is. */
import { beforeAll, describe, expect, test } from "vitest";
import { differences } from "./differences.ts";
import type { Expected, Facts } from "./expected.ts";
import { type Observed, observe } from "./observed.ts";
import { expectedOf, replayed, type View, viewsOf } from "./replay.ts";
import { malformed } from "./well-formed.ts";

const RECORDING = "openai-agents/handoff";
const expected = expectedOf(RECORDING);

let view: View;
let observed: Observed;

beforeAll(async () => {
  const found = viewsOf(RECORDING).find(({ feed }) => feed === "otlp");
  if (found === undefined) throw new Error(`no OTLP of ${RECORDING}`);
  view = found;
  observed = observe(await replayed(view));
});

const child = { agent: "Billing agent", status: "completed" };

const WRONG: readonly (readonly [what: string, facts: Facts])[] = [
  ["a run too few", { runs: [{ agent: "Triage agent", status: "completed" }] }],
  [
    "another name",
    {
      runs: [
        { agent: "Nobody", status: "completed" },
        { ...child, parent: 0 },
      ],
    },
  ],
  [
    "another status",
    {
      runs: [
        { agent: "Triage agent", status: "failed" },
        { ...child, parent: 0 },
      ],
    },
  ],
  ["no parent", { runs: [{ agent: "Triage agent", status: "completed" }, child] }],
  ["a session", { sessionIds: ["sess-42"] }],
  ["a model call more", { llm: { called: 4, completed: 4, failed: 0 } }],
  ["a failed model call", { llm: { called: 3, completed: 2, failed: 1 } }],
  ["other usage", { usage: { input: 69, output: 28 } }],
  ["no usage", { usage: null }],
  ["a tool more", { tools: [{ name: "subtract", status: "completed", times: 1 }] }],
  ["a tool twice", { tools: [{ name: "add", status: "completed", times: 2 }] }],
  ["a failed tool", { tools: [{ name: "add", status: "failed", times: 1 }] }],
  ["no tool", { tools: [] }],
  [
    "a tool of the other agent",
    { tools: [{ name: "add", status: "completed", times: 1, agent: "Triage agent" }] },
  ],
  ["an MCP call", { mcp: { calls: [{ tool: "add", status: "completed" }], lists: 0 } }],
  ["an MCP list", { mcp: { calls: [], lists: 1 } }],
  ["no hand-off", { handoffs: [] }],
  ["a hand-off to another", { handoffs: [{ from: "Triage agent", to: "Nobody" }] }],
  ["a guardrail", { guardrails: [{ name: "no-homework" }] }],
];

describe("facts", () => {
  test("that are right differ in nothing", () => {
    expect(differences(expected, view.feed, observed)).toEqual([]);
  });

  test.each(WRONG)("%s", (_what, facts) => {
    const oneOf = (expected.oneOf ?? []).map((alternative) => ({ ...alternative, ...facts }));
    expect(differences({ ...expected, ...facts, oneOf }, view.feed, observed)).not.toEqual([]);
  });
});

describe("form", () => {
  const found = (events: Observed["events"], facts: Expected = expected): string[] =>
    malformed(facts, view.feed, { ...observed, events }, view.spans);

  const changed = (type: string, change: object): Observed["events"] =>
    observed.events.map((event) => (event.type === type ? { ...event, ...change } : event));

  test("what is told is well formed", () => {
    expect(found(observed.events)).toEqual([]);
  });

  test("a beginning without an end, and a gap in the numbers", () => {
    const events = observed.events.filter(({ type }) => type !== "agent.action.completed");
    expect(found(events)).toHaveLength(2);
  });

  test("an end before its beginning", () => {
    expect(found(changed("agent.action.requested", { sequence_number: 99 }))).toContainEqual(
      expect.stringContaining("begins at 99"),
    );
  });

  test("a failure where nothing failed", () => {
    expect(found(changed("agent.handoff.accepted", { type: "agent.error" }))).toContainEqual(
      expect.stringContaining("nothing failed"),
    );
  });

  test("a time that is neither the start nor the end of the span", () => {
    const events = changed("agent.tool.called", { timestamp: "2026-11-21T00:00:00.000Z" });
    expect(found(events)).toEqual([expect.stringContaining("agent.tool.called")]);
  });

  test("a run that is not completed", () => {
    const runs = observed.runs.map((run) => ({ ...run, status: undefined }));
    expect(malformed(expected, view.feed, { ...observed, runs }, view.spans)).toHaveLength(runs.length);
  });
});
