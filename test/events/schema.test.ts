import { describe, expect, test } from "vitest";
import {
  customEventSchema,
  EVENT_TYPES,
  type EventType,
  fromWire,
  isEventType,
  validateEvents,
  wireEventSchemas,
} from "../../src/events/public.ts";
import { EXAMPLES } from "./examples.ts";

/** Members of each type that must be there, in wire form, as the protocol's table of payloads has them. */
const REQUIRED: Readonly<Record<EventType, readonly string[]>> = {
  "agent.tool.called": ["tool"],
  "agent.action.requested": ["action", "resource"],
  "agent.action.completed": ["action", "resource"],
  "agent.action.failed": ["action", "resource", "error"],
  "agent.resource.touched": ["resource"],
  "agent.guardrail.evaluated": ["action", "resource", "decision"],
  "agent.approval.requested": ["approval"],
  "agent.approval.resolved": ["approval"],
  "agent.workflow.step.started": ["event_category", "step_name"],
  "agent.workflow.step.completed": ["event_category", "step_name"],
  "agent.workflow.step.failed": ["event_category", "step_name", "error"],
  "agent.llm.called": ["event_category"],
  "agent.llm.completed": ["event_category"],
  "agent.llm.failed": ["event_category", "error"],
  "agent.mcp.called": ["event_category"],
  "agent.mcp.completed": ["event_category"],
  "agent.mcp.failed": ["event_category", "error"],
  "agent.mcp.tools_listed": ["event_category", "payload_summary"],
  "agent.handoff.requested": ["event_category"],
  "agent.handoff.accepted": ["event_category"],
  "agent.handoff.completed": ["event_category"],
  "agent.handoff.failed": ["event_category"],
  "agent.error": ["error"],
};

function issuesOf(event: unknown): Record<string, string> {
  const [result] = validateEvents(event).results;
  return Object.fromEntries((result?.issues ?? []).map(({ path, message }) => [path, message]));
}

test("the protocol has these 23 types", () => {
  expect(EVENT_TYPES).toHaveLength(23);
  expect(new Set(EVENT_TYPES)).toEqual(new Set(Object.keys(EXAMPLES)));
  expect(Object.keys(wireEventSchemas)).toEqual([...EVENT_TYPES]);
  expect(EVENT_TYPES.every(isEventType)).toBe(true);
  for (const other of ["agent.tool", "custom.event", "toString", 5, undefined])
    expect(isEventType(other)).toBe(false);
});

describe.each(EVENT_TYPES)("%s", (type) => {
  const wire = EXAMPLES[type];
  const required = ["agent_key", ...REQUIRED[type]];

  test("the vendor's event is good, in both spellings and without what is optional", () => {
    expect(issuesOf(wire)).toEqual({});
    expect(issuesOf(fromWire(wire))).toEqual({});
    const least = Object.fromEntries(
      Object.entries(wire).filter(([name]) => name === "type" || required.includes(name)),
    );
    expect(issuesOf(least)).toEqual({});
    expect(wireEventSchemas[type].parse(wire)).toEqual(wire);
  });

  test("each missing member is named as the event spells", () => {
    for (const name of required) {
      const { [name as keyof typeof wire]: _left, ...rest } = wire;
      // Without its key an event in wire form cannot be told from one in the SDK's.
      const path = name === "agent_key" ? "agentKey" : name;
      expect(issuesOf(rest)).toEqual({ [path]: expect.stringMatching(/^required: expected /) });
      const { [camel(name)]: _out, ...sdk } = fromWire(wire) as unknown as Record<string, unknown>;
      expect(issuesOf(sdk)).toEqual({ [camel(name)]: expect.stringMatching(/^required: expected /) });
    }
  });

  test("null counts as missing", () => {
    for (const name of REQUIRED[type]) expect(issuesOf({ ...wire, [name]: null })).toHaveProperty([name]);
    expect(issuesOf({ ...wire, environment: null, parent_event_id: null })).toEqual({});
  });

  test("its schema takes no other type", () => {
    const other = EVENT_TYPES.find((candidate) => candidate !== type);
    expect(wireEventSchemas[type].safeParse({ ...wire, type: other }).success).toBe(false);
  });
});

const wire = EXAMPLES["agent.guardrail.evaluated"];
const sdk = fromWire(wire);

test.each<[name: string, value: unknown, message: string]>([
  ["type", 5, "expected text"],
  ["agent_key", "", "expected text that is not empty"],
  ["agent_id", 5, "expected text"],
  ["run_id", "", "expected text that is not empty"],
  ["event_id", "evt_1", "expected a UUID"],
  ["sequence_number", 0, "expected a whole number from 1"],
  ["sequence_number", 1.5, "expected a whole number"],
  ["sequence_number", "1", "expected a whole number"],
  ["session_sequence_number", -1, "expected a whole number from 1"],
  ["timestamp", "yesterday", "expected an ISO 8601 time"],
  ["timestamp", "2026-07-02T10:11:12", "expected an ISO 8601 time"],
  ["timestamp", 1_795_218_703_431, "expected an ISO 8601 time"],
  ["environment", {}, "expected text"],
  ["step_index", -1, "expected a whole number from 0"],
  ["payload_summary", "text", "expected an object"],
  ["payload_summary", [], "expected an object"],
  ["metadata", new Map(), "expected an object"],
  ["event_category", "tool", "expected workflow, llm, mcp or handoff"],
  ["tool", "search", "expected an object"],
  ["tool.name", "", "expected text that is not empty"],
  ["tool.risk_level", "huge", "expected low, medium, high or critical"],
  ["action.type", 5, "expected text"],
  ["resource.external_id", 7, "expected text"],
  ["decision.policyDecision", "deny", "expected allow, warn, block or require_approval"],
  ["decision.enforcementAction", "stop", "expected proceed, warn, block or wait_for_approval"],
  ["decision.mode", "guard", "expected monitor or enforce"],
  ["approval.status", "done", "expected pending, approved, rejected, expired, cancelled or timeout"],
  ["error.message", 5, "expected text"],
])("%s = %j: %s", (path, value, message) => {
  const [first = "", second] = path.split(".");
  const whole = { tool: { name: "t" }, approval: { status: "pending" }, error: { message: "m" }, ...wire };
  const inner = (whole as unknown as Record<string, object>)[first];
  const event = { ...whole, [first]: second === undefined ? value : { ...inner, [second]: value } };
  expect(issuesOf(event)).toEqual({ [path]: message });
});

test("a missing member of a member is named", () => {
  expect(issuesOf({ ...wire, resource: {} })).toEqual({ "resource.type": "required: expected text" });
  expect(issuesOf({ ...sdk, decision: { policyDecision: "allow" } })).toEqual({
    "decision.effectiveDecision": "required: expected allow, warn, block or require_approval",
  });
});

describe("members the protocol has not", () => {
  test("are named as given, with the one that was likely meant", () => {
    expect(issuesOf({ ...sdk, runID: "run_1" })).toEqual({ runID: "unknown field; did you mean runId?" });
    expect(issuesOf({ ...wire, meta_data: {} })).toEqual({
      meta_data: "unknown field; did you mean metadata?",
    });
    expect(issuesOf({ ...sdk, resource: { type: "x", externalID: "1" } })).toEqual({
      "resource.externalID": "unknown field; did you mean resource.externalId?",
    });
    expect(issuesOf({ ...wire, resource: { type: "x", extern_id: "1" } })).toEqual({
      "resource.extern_id": "unknown field; did you mean resource.external_id?",
    });
    expect(issuesOf({ ...sdk, duration: 5 })).toEqual({
      duration: "unknown field: what has no field of its own belongs into metadata",
    });
  });

  test("may be anything inside of metadata and payloadSummary", () => {
    const data = { nested: { riskLevel: null, risk_level: [1, "a", true] }, "odd name": {} };
    expect(issuesOf({ ...sdk, metadata: data, payloadSummary: data })).toEqual({});
  });

  test("include a prototype that was smuggled in", () => {
    const smuggled = JSON.parse(
      '{"__proto__": {"type": "agent.error", "agentKey": "a", "error": {"message": "m"}}}',
    );
    expect(issuesOf(smuggled)).toMatchObject({
      type: "required: expected text",
      agentKey: "required: expected text",
    });
    expect(Object.keys(issuesOf(smuggled))).toContain("__proto__");
  });
});

test("both spellings in one event are read, but not the same member twice", () => {
  const { run_id, ...rest } = wire;
  expect(issuesOf({ ...rest, runId: run_id })).toEqual({});
  expect(issuesOf({ ...sdk, sequence_number: 0, sequenceNumber: undefined })).toMatchObject({
    sequence_number: "expected a whole number from 1",
  });
  expect(issuesOf({ ...sdk, run_id: "run_2" })).toEqual({ run_id: "given twice: also as runId" });
});

describe("types", () => {
  test.each([
    ["agent.tol.called", "agent.tool.called"],
    ["agent.tool.call", "agent.tool.called"],
    ["agent.workflow.step.complete", "agent.workflow.step.completed"],
    ["agent.handof.requested", "agent.handoff.requested"],
    ["agent.mcp.tools-listed", "agent.mcp.tools_listed"],
  ])("%s is a slip of the pen", (slip, meant) => {
    expect(issuesOf({ type: slip, agentKey: "a" })).toEqual({
      type: `unknown event type; did you mean ${meant}? A name of your own must not begin with "agent."`,
    });
  });

  test("under agent. that are like none are refused with the list", () => {
    const { type } = issuesOf({ type: "agent.something.else.entirely", agentKey: "a" });
    expect(type).toMatch(/^unknown event type; one of agent\.tool\.called, /);
    for (const known of EVENT_TYPES) expect(type).toContain(known);
  });

  test.each(["custom.event", "invoice.sent", "Agent.X", "toString", "constructor", "日本", "a b"])(
    "%s is a name of the application's own, with the envelope of all",
    (type) => {
      expect(issuesOf({ type, agentKey: "a", metadata: { any: 1 } })).toEqual({});
      expect(issuesOf({ type, agentKey: "a", sequenceNumber: 0 })).toEqual({
        sequenceNumber: "expected a whole number from 1",
      });
      expect(customEventSchema.safeParse({ type, agent_key: "a" }).success).toBe(true);
    },
  );

  test("a slip does not hide other problems", () => {
    expect(Object.keys(issuesOf({ type: "agent.tol.called", runId: 5 })).sort()).toEqual([
      "agentKey",
      "runId",
      "type",
    ]);
  });
});

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
