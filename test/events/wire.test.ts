import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ApieEvent, EVENT_TYPES, fromWire, toWire, type WireEvent } from "../../src/events/public.ts";
import { EXAMPLES } from "./examples.ts";

/** Every member, with something in it. */
const WIRE: Required<WireEvent> = {
  type: "agent.tool.called",
  agent_key: "a",
  agent_id: "agt_1",
  agent_version_id: "ver_1",
  run_id: "run_1",
  session_id: "ses_1",
  event_id: "evt_1",
  sequence_number: 1,
  session_sequence_number: 2,
  timestamp: "2026-01-02T03:04:05Z",
  environment: "production",
  step_key: "k",
  step_name: "n",
  step_index: 0,
  payload_summary: { riskLevel: "as_it_is", nested_key: { innerKey: null } },
  parent_event_id: "evt_0",
  caused_by_event_id: "evt_9",
  trigger_kind: "webhook",
  event_category: "mcp",
  metadata: { tool: { risk_level: 1 }, camelCase: [{ snake_case: 1 }] },
  tool: { name: "t", provider: "p", risk_level: "low" },
  action: { type: "read", name: "n", risk_level: "high" },
  resource: { type: "t", external_id: "1", provider: "p", environment: "e" },
  decision: {
    policyDecision: "allow",
    effectiveDecision: "warn",
    enforcementAction: "proceed",
    mode: "monitor",
    reason: "r",
  },
  approval: { approval_id: "1", status: "pending", resolved_by: "x" },
  error: { message: "m", stack: "s" },
};

const SDK: Required<ApieEvent> = {
  type: "agent.tool.called",
  agentKey: "a",
  agentId: "agt_1",
  agentVersionId: "ver_1",
  runId: "run_1",
  sessionId: "ses_1",
  eventId: "evt_1",
  sequenceNumber: 1,
  sessionSequenceNumber: 2,
  timestamp: "2026-01-02T03:04:05Z",
  environment: "production",
  stepKey: "k",
  stepName: "n",
  stepIndex: 0,
  payloadSummary: WIRE.payload_summary ?? {},
  parentEventId: "evt_0",
  causedByEventId: "evt_9",
  triggerKind: "webhook",
  eventCategory: "mcp",
  metadata: WIRE.metadata ?? {},
  tool: { name: "t", provider: "p", riskLevel: "low" },
  action: { type: "read", name: "n", riskLevel: "high" },
  resource: { type: "t", externalId: "1", provider: "p", environment: "e" },
  decision: WIRE.decision,
  approval: { approvalId: "1", status: "pending", resolvedBy: "x" },
  error: { message: "m", stack: "s" },
};

test("every member has its two spellings; metadata, payload and decision are data", () => {
  expect(toWire(SDK)).toEqual(WIRE);
  expect(fromWire(WIRE)).toEqual(SDK);
});

test("an event that has the wanted spelling already stays as it is", () => {
  expect(toWire(WIRE)).toEqual(WIRE);
  expect(fromWire(SDK)).toEqual(SDK);
  expect(toWire({ ...SDK, runId: undefined, run_id: "run_2" })).toEqual({ ...WIRE, run_id: "run_2" });
});

test.each(EVENT_TYPES)("%s survives there and back", (type) => {
  expect(toWire(fromWire(EXAMPLES[type]))).toEqual(EXAMPLES[type]);
});

describe("absent members", () => {
  test("are left out, null or undefined, at the top and in what is renamed", () => {
    const event = {
      type: "x",
      agentKey: "a",
      runId: null,
      tool: { name: "t", provider: null, riskLevel: undefined },
    };
    const wire = toWire(event);
    expect(JSON.stringify(wire)).toBe('{"type":"x","agent_key":"a","tool":{"name":"t"}}');
    expect(Object.keys(wire.tool ?? {})).toEqual(["name"]);
  });

  test("in data are data", () => {
    expect(toWire({ type: "x", agentKey: "a", metadata: { gone: null } }).metadata).toEqual({ gone: null });
  });
});

test("the event itself is not changed", () => {
  const event = structuredClone(SDK);
  toWire(event);
  fromWire(event);
  expect(event).toEqual(SDK);
});

test("any names of members survive there and back, __proto__ among them", () => {
  const name = fc.oneof(
    fc.constantFrom("__proto__", "constructor", "a_b"),
    fc.stringMatching(/^[a-z]+(_[a-z]+)*$/),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.integer()), { maxLength: 8 }), (members) => {
      const event = Object.fromEntries(members);
      const back = toWire(fromWire(event)) as unknown as Record<string, unknown>;
      expect(Object.entries(back)).toEqual(Object.entries(event));
      expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    }),
  );
});
