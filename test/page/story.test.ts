/** The story is told from events alone, and each of its lines names them. */
import { expect, test } from "vitest";
import { lanesOf } from "../../src/local/page/replay/lanes.ts";
import { storyOf } from "../../src/local/page/replay/story.ts";
import { line, run, session } from "./lines.ts";

const runs = [
  run("a", 0, 30, { agent_key: "support", metadata: { agent_name: "Support" } }),
  run("b", 8, 20, { agent_key: "billing", parent_run_id: "a", status: "failed" }),
  run("c", 9, undefined, { agent_key: "billing" }),
];
const of = (run_id: string, agent_key = run_id === "a" ? "support" : "billing") => ({ run_id, agent_key });
const ORDER = { tool: "lookup", action: "read", resource: "order", environment: "production" };

const lines = [
  line(1, "llm.called", { ...of("a"), model: "m", span_id: "1" }),
  line(2, "llm.completed", { ...of("a"), model: "m", span_id: "1", tokens_in: 100, tokens_out: 7 }),
  line(3, "action.requested", { ...of("a"), ...ORDER, span_id: "2" }),
  line(3, "tool.called", { ...of("a"), ...ORDER, span_id: "2" }),
  line(3, "action.completed", { ...of("a"), ...ORDER, resource_id: "7", span_id: "2" }),
  line(4, "action.requested", { ...of("a"), ...ORDER, span_id: "3" }),
  line(4, "action.failed", { ...of("a"), ...ORDER, span_id: "3", error: "TimeoutError" }),
  line(5, "guardrail.evaluated", {
    ...of("a"),
    decision: "block",
    enforcement: "block",
    action: "read",
    resource: "secret",
    reason: "No secrets",
  }),
  line(6, "handoff.requested", { ...of("a"), source: "Support", target: "Billing", handoff_id: "h" }),
  line(9, "approval.requested", { ...of("b"), approval_id: "x", action: "create", resource: "payment" }),
  line(10, "approval.resolved", {
    ...of("b"),
    approval_id: "x",
    approval_status: "rejected",
    resolved_by: "Ann",
  }),
  line(11, "error", { ...of("b"), error: "ApprovalDeniedError" }),
  line(12, "approval.requested", { ...of("c"), approval_id: "y", action: "delete", resource: "order" }),
  line(13, "llm.called", { ...of("c"), model: "m", span_id: "9" }),
];
const numbers = new Map(lines.map(({ event_id }, index) => [event_id, index + 1]));

const told = (title: string) =>
  storyOf(session(), lanesOf(runs, lines), lines)
    .find((section) => section.title === title)
    ?.lines.map(({ text, cites }) => `${text} ${cites.map((id) => `#${numbers.get(id)}`).join(" ")}`);

test("what ran", () => {
  expect(told("What ran")).toEqual([
    "Support ran once (completed). #1",
    "billing ran twice (1 failed, 1 running). #10 #13",
    "Support asked m once: 100 tokens in, 7 out. #2",
    "Support used lookup twice. #5 #7",
    "Support handed over to Billing. #9",
  ]);
});

test("what failed, and what was stopped", () => {
  expect(told("What failed")).toEqual([
    "Support: lookup failed: TimeoutError. #7",
    "billing: an error in its run, which failed: ApprovalDeniedError. #12",
    "Support was stopped by a guardrail at “read secret”: No secrets. #8",
    "An approval for billing was rejected by Ann. #11",
  ]);
});

test("what was touched: only what was done, each once", () => {
  expect(told("What was touched")).toEqual(["order in production (7): read once by Support. #5"]);
});

test("what waits", () => {
  expect(told("What waits")).toEqual([
    "billing asked for approval of delete on order, and no answer is recorded. #13",
    "billing: m was asked and has no answer. #14",
    "The hand-off to Billing has no end. #9",
    "A run of billing is still open. #14",
  ]);
});

test("every line of every section cites events of the session, also when all say the same", () => {
  const same = Array.from({ length: 50 }, () =>
    line(1, "approval.requested", { ...of("a"), action: "delete", resource: "x" }),
  );
  const sections = storyOf(session({ status: "failed" }), lanesOf(runs, same), same);
  const all = sections.flatMap((section) => section.lines);
  expect(all.length).toBeGreaterThan(1);
  expect(all.length).toBeLessThan(10);
  const known = new Set(same.map(({ event_id }) => event_id));
  for (const { cites } of all) {
    expect(cites.length).toBeGreaterThan(0);
    expect(cites.every((id) => known.has(id))).toBe(true);
  }
});

test("of a session without events, each section says so", () => {
  for (const section of storyOf(session(), [], [])) {
    expect(section.lines).toEqual([]);
    expect(section.none).toMatch(/\.$/);
  }
});
