/** What the replay is drawn from: lanes, groups, arrows, the scale of time. */
import { describe, expect, test } from "vitest";
import { itemsOf } from "../../src/local/page/replay/groups.ts";
import { arrowsOf } from "../../src/local/page/replay/handoffs.ts";
import { categoryOf, detailOf, subjectOf, toneOf } from "../../src/local/page/replay/kinds.ts";
import { lanesOf } from "../../src/local/page/replay/lanes.ts";
import { byReplay, merged } from "../../src/local/page/replay/order.ts";
import { stayMs } from "../../src/local/page/replay/pace.ts";
import { timeScale } from "../../src/local/page/replay/scale.ts";
import { tookOf } from "../../src/local/page/replay/times.ts";
import { line, run } from "./lines.ts";

describe("lanes", () => {
  test("a run stands below the one that delegated it, whoever named it", () => {
    const runs = [
      run("late", 5, 9),
      run("other process", 3, 4, { metadata: { parent_run: "own id of a" } }),
      run("a", 1, 10, { metadata: { run_id: "own id of a", agent_name: "A" } }),
      run("child", 2, 3, { parent_run_id: "a" }),
      run("grandchild", 2, 3, { parent_run_id: "child" }),
    ];
    const lanes = lanesOf(runs, []);
    expect(lanes.map(({ name, depth, index }) => [name, depth, index])).toEqual([
      ["A", 0, 0],
      ["child", 1, 1],
      ["grandchild", 2, 2],
      ["other process", 1, 3],
      ["late", 0, 4],
    ]);
  });

  test("its times are its own, not when Apie heard of it, and hold all its events", () => {
    const told = run("a", 10, 20, {
      started_at: "1970-01-01T00:01:00Z",
      completed_at: "1970-01-01T00:02:00Z",
    });
    const [lane] = lanesOf(
      [told],
      [line(9, "llm.called", { run_id: "a" }), line(21, "error", { run_id: "a" })],
    );
    expect(lane).toMatchObject({ startUs: 9e6, endUs: 21e6, events: 2 });
    expect(lanesOf([run("a", 1, undefined)], [])[0]?.endUs).toBeUndefined();
  });

  test("how long it took is what it says itself, else what its own times say, else what Apie saw", () => {
    const own = { metadata: { started_at: "1970-01-01T00:00:10Z" }, duration_ms: 7 };
    const ended_at = "1970-01-01T00:00:12.5Z";
    expect(tookOf({ ...own, completion_metadata: { ended_at, duration_ms: 2_499.6 } })).toBe(2_499.6);
    expect(tookOf({ ...own, completion_metadata: { ended_at } })).toBe(2_500);
    expect(tookOf({ ...own, completion_metadata: {} })).toBe(7);
    expect(tookOf({ metadata: {}, completion_metadata: { ended_at }, duration_ms: 7 })).toBe(7);
  });

  test("runs that only events name, and events of no run, have one too", () => {
    const lanes = lanesOf(
      [],
      [line(1, "llm.called", { run_id: "unopened", agent_key: "x" }), line(2, "error")],
    );
    expect(lanes.map(({ id, name }) => [id, name])).toEqual([
      ["unopened", "x"],
      ["", "outside of runs"],
    ]);
  });

  test("runs that name each other as parents are shown", () => {
    const runs = [run("a", 1, 2, { parent_run_id: "b" }), run("b", 1, 2, { parent_run_id: "a" })];
    expect(
      lanesOf(runs, [])
        .map(({ id }) => id)
        .sort(),
    ).toEqual(["a", "b"]);
  });
});

describe("groups", () => {
  const lines = [
    line(1, "workflow.step.started", { run_id: "a", step: "plan" }),
    line(2, "llm.called", { run_id: "a", step: "plan" }),
    line(3, "llm.called", { run_id: "b" }),
    line(4, "llm.completed", { run_id: "a", step: "write" }),
  ];
  const runs = [run("a", 1, 5), run("b", 3, undefined), run("idle", 4, 4)];
  const told = (grouping: "time" | "run") =>
    itemsOf(lines, lanesOf(runs, lines), grouping).map((item) =>
      item.kind === "event"
        ? item.line.replay_us / 1e6
        : item.kind === "end"
          ? `end ${item.lane.id}`
          : `${item.isBeginning ? "begin" : "on"} ${item.lane?.id}${item.step === undefined ? "" : ` ${item.step}`}`,
    );

  test("in order, each change of run or step is told", () => {
    expect(told("time")).toEqual([
      "begin a plan",
      1,
      2,
      "begin b",
      3,
      "on a write",
      4,
      "end a",
      "begin idle",
      "end idle",
    ]);
  });

  test("by run, each run is whole", () => {
    expect(told("run")).toEqual([
      "begin a plan",
      1,
      2,
      "on a write",
      4,
      "end a",
      "begin b",
      3,
      "begin idle",
      "end idle",
    ]);
  });
});

describe("arrows", () => {
  const runs = [run("a", 1, 9), run("b", 3, 8, { parent_run_id: "a" })];

  test("a hand-off leads to the run in which it is completed", () => {
    const lines = [
      line(2, "handoff.requested", { run_id: "a", handoff_id: "h", reason: "a refund" }),
      line(8, "handoff.completed", { run_id: "b", handoff_id: "h" }),
    ];
    const arrows = arrowsOf(lanesOf(runs, lines), lines, []);
    expect(arrows).toHaveLength(1);
    expect(arrows[0]).toMatchObject({
      kind: "handoff",
      status: "completed",
      fromUs: 2e6,
      toUs: 3e6,
      label: "a hands over to b: a refund",
      eventId: lines[0]?.event_id,
    });
  });

  test("or to the run that the event, the posted hand-off or the parent names", () => {
    const asked = (fields: object) => [line(2, "handoff.requested", { run_id: "a", ...fields })];
    const byEvent = asked({ target_run_id: "b" });
    const byName = asked({ target: "b" });
    for (const lines of [byEvent, byName]) {
      expect(arrowsOf(lanesOf(runs, lines), lines, [])[0]).toMatchObject({ kind: "handoff", status: "open" });
    }
    const posted = {
      id: "hof",
      source_run_id: "a",
      target_run_id: "b",
      trigger_event_id: null,
      reason: null,
      status: "failed",
      created_at: "",
    };
    expect(arrowsOf(lanesOf(runs, []), [], [posted])[0]).toMatchObject({ kind: "handoff", status: "failed" });
  });

  test("without a hand-off a child is a delegation", () => {
    expect(arrowsOf(lanesOf(runs, []), [], [])).toMatchObject([{ kind: "delegation", status: "completed" }]);
  });
});

describe("the scale of time", () => {
  test("goes there and back", () => {
    const scale = timeScale([5e6, 1e6, 2e6, 3e6, 4e6]);
    for (const us of [1e6, 2.5e6, 5e6]) expect(scale.toTime(scale.toX(us))).toBeCloseTo(us, 0);
    expect([scale.toX(1e6), scale.toX(5e6), scale.gaps]).toEqual([0, 1, []]);
  });

  test("draws an hour in which nothing happened shorter than the work", () => {
    const hour = 3_600e6;
    const scale = timeScale([0, 1e6, 2e6, hour, hour + 1e6, hour + 2e6]);
    expect(scale.gaps).toMatchObject([{ fromUs: 2e6, toUs: hour }]);
    expect(scale.toX(2e6)).toBeGreaterThan(0.3);
    expect(scale.toX(hour)).toBeLessThan(0.7);
    expect(scale.toTime(scale.toX(hour / 2))).toBeCloseTo(hour / 2, -3);
  });

  test("of nothing, and of one moment, is a scale", () => {
    for (const times of [[], [7e6]]) expect(timeScale(times).toX(7e6)).toBeGreaterThanOrEqual(0);
  });
});

test("the order is time, the session's number, arrival; new events go where they belong", () => {
  const [a, b, c] = [line(1, "x"), line(2, "x"), line(3, "x")];
  const sameTime = line(2, "x", { session_order: -1 });
  expect(merged([a, c], [sameTime, b], byReplay)).toEqual([a, sameTime, b, c]);
  expect(merged([a], [b, c], byReplay)).toEqual([a, b, c]);
});

test("a replay stays as long as it was, within bounds", () => {
  expect([stayMs(0, 500_000, 1), stayMs(0, 500_000, 2), stayMs(0, 0, 1), stayMs(0, 9e9, 1)]).toEqual([
    500, 250, 40, 1_200,
  ]);
});

test.each([
  ["llm.called", {}, "model", undefined],
  ["action.failed", {}, "tool", "error"],
  ["error", {}, "error", "error"],
  ["guardrail.evaluated", { decision: "block", enforcement: "proceed" }, "guard", "block"],
  ["guardrail.evaluated", { decision: "allow" }, "guard", undefined],
  ["guardrail.evaluated", { decision: "require_approval" }, "guard", "approval"],
  ["approval.resolved", { approval_status: "rejected" }, "guard", "block"],
  ["approval.resolved", { approval_status: "approved" }, "guard", "approval"],
  ["handoff.requested", {}, "handoff", undefined],
  ["custom", {}, "other", undefined],
])("%s %j is of %s and stands out as %s", (type, fields, category, tone) => {
  const event = line(1, type, fields);
  expect([categoryOf(event), toneOf(event)]).toEqual([category, tone]);
});

test("a line says what it is about once, and how it went", () => {
  const event = line(1, "action.failed", {
    tool: "lookup",
    action: "read",
    resource: "order",
    resource_id: "7",
    error: "TypeError",
  });
  expect([subjectOf(event), detailOf(event)]).toEqual(["lookup", "read order · 7 · TypeError"]);
  const call = line(1, "llm.completed", { model: "m", tokens_in: 1200, tokens_out: 5 });
  expect([subjectOf(call), detailOf(call)]).toEqual(["m", "1,200 → 5 tokens"]);
});
