/** Spans as a waterfall, and the boundary as a table. */
import { describe, expect, test } from "vitest";
import type { Boundary, Span } from "../../src/local/page/data/records.ts";
import { boundaryMap } from "../../src/local/page/views/agents/boundary.ts";
import { waterfallOf } from "../../src/local/page/views/trace/waterfall.ts";

const BASE = 1_764_000_000_000_000_000n;

const span = (span_id: string, parent_span_id: string | null, startMs: number, endMs: number): Span => ({
  trace_id: "t",
  span_id,
  parent_span_id,
  name: span_id,
  kind: "internal",
  status: { code: "unset", message: "" },
  start_time_unix_nano: String(BASE + BigInt(Math.round(startMs * 1e6))),
  end_time_unix_nano: String(BASE + BigInt(Math.round(endMs * 1e6))),
  attributes: {},
  events: [],
  links: [],
  resource: { attributes: {} },
  scope: { name: "", version: "" },
});

describe("a waterfall", () => {
  test("has each span below its parent, by start, in nanoseconds", () => {
    const { rows, totalMs } = waterfallOf([
      span("late", "root", 5, 9.25),
      span("inner", "early", 1.000_001, 2),
      span("root", null, 0, 8),
      span("early", "root", 1, 3),
    ]);
    expect(rows.map(({ span: { name }, depth }) => [name, depth])).toEqual([
      ["root", 0],
      ["early", 1],
      ["inner", 2],
      ["late", 1],
    ]);
    expect(rows[2]?.startMs).toBe(1.000_001);
    expect(totalMs).toBe(9.25);
  });

  test("shows spans whose parent did not come, and those that are each other's parent", () => {
    const { rows } = waterfallOf([span("orphan", "gone", 1, 2), span("x", "y", 0, 1), span("y", "x", 0, 1)]);
    expect(rows).toHaveLength(3);
    expect(rows.find(({ span: { name } }) => name === "orphan")?.isOrphan).toBe(true);
  });

  test("of nothing is nothing", () => {
    expect(waterfallOf([])).toEqual({ rows: [], totalMs: 0 });
  });
});

describe("the boundary", () => {
  const use = (tool: string, action: string, events: number) => ({
    tool,
    provider: null,
    action,
    resource: "order",
    environment: null,
    events,
    calls: 1,
    first_seen_at: "2026-01-01T00:00:00Z",
    last_seen_at: "2026-01-02T00:00:00Z",
  });
  const observed = [use("lookup", "read", 5), use("lookup", "delete", 1), use("shell", "execute", 2)];
  const NO_DRIFT = {
    undeclared_tools: [],
    undeclared_actions: [],
    undeclared_resources: [],
    undeclared_environments: [],
    unused_tools: [],
  };
  const declared = [
    { tool: "lookup", actions: ["read"], resources: [], environments: [] },
    { tool: "mail", actions: ["send"], resources: [], environments: [] },
  ];

  test("marks tools and actions beyond what is declared, and what is not used", () => {
    const boundary: Boundary = {
      declared,
      observed,
      drift: {
        ...NO_DRIFT,
        undeclared_tools: [{ tool: "shell", events: 2 }],
        undeclared_actions: [{ tool: "lookup", action: "delete" }],
        unused_tools: ["mail"],
      },
    };
    const { rows, drifts } = boundaryMap(boundary);
    expect(drifts).toBe(2);
    expect(rows.map(({ tool, isDrift, isUnused, events }) => [tool, isDrift, isUnused, events])).toEqual([
      ["lookup", true, false, 6],
      ["shell", true, false, 2],
      ["mail", false, true, 0],
    ]);
    expect(rows[0]?.cells.actions).toEqual([
      { value: "read", isDeclared: true, events: 5, isDrift: false },
      { value: "delete", isDeclared: false, events: 1, isDrift: true },
    ]);
  });

  test("of an agent that declares nothing has no drift", () => {
    const drift = { ...NO_DRIFT, undeclared_tools: [{ tool: "shell", events: 2 }] };
    expect(boundaryMap({ declared: [], observed, drift })).toMatchObject({
      declaresNothing: true,
      drifts: 0,
    });
  });
});
