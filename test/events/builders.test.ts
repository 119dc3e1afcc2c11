import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type ApieEvent,
  buildActionCompletedEvent,
  buildActionFailedEvent,
  buildActionRequestedEvent,
  buildApprovalRequestedEvent,
  buildApprovalResolvedEvent,
  buildErrorEvent,
  buildEvent,
  buildGuardrailEvaluatedEvent,
  buildResourceTouchedEvent,
  buildToolCallEvent,
  buildWorkflowEvent,
  EVENT_TYPES,
  type EventInput,
  type EventType,
  fromWire,
  toWire,
  validateEvents,
  type WorkflowEventType,
} from "../../src/events/public.ts";
import { ApieError } from "../../src/model/errors.ts";
import { EXAMPLES } from "./examples.ts";

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The members of the vendor's event that a builder takes. */
function inputOf<Type extends EventType>(type: Type): EventInput<Type> {
  const { type: _type, agentKey: _key, eventCategory: _category, ...input } = fromWire(EXAMPLES[type]);
  return input as EventInput<Type>;
}

/** For calls from code without types. */
const untyped = buildEvent as (...args: unknown[]) => ApieEvent;

function refused(build: () => unknown): ApieError {
  try {
    build();
  } catch (error) {
    expect(error).toBeInstanceOf(ApieError);
    return error as ApieError;
  }
  throw new Error("it was built");
}

test.each(EVENT_TYPES)("%s is built as the vendor's clients send it", (type) => {
  const event = buildEvent(type, "support-ops", inputOf(type));
  expect(toWire(event)).toEqual(EXAMPLES[type]);
  expect(validateEvents(event).valid).toBe(true);
});

test("the builder of each name gives its type", () => {
  const built: Readonly<Record<string, ApieEvent>> = {
    "agent.tool.called": buildToolCallEvent("a", inputOf("agent.tool.called")),
    "agent.action.requested": buildActionRequestedEvent("a", inputOf("agent.action.requested")),
    "agent.action.completed": buildActionCompletedEvent("a", inputOf("agent.action.completed")),
    "agent.action.failed": buildActionFailedEvent("a", inputOf("agent.action.failed")),
    "agent.resource.touched": buildResourceTouchedEvent("a", inputOf("agent.resource.touched")),
    "agent.guardrail.evaluated": buildGuardrailEvaluatedEvent("a", inputOf("agent.guardrail.evaluated")),
    "agent.approval.requested": buildApprovalRequestedEvent("a", inputOf("agent.approval.requested")),
    "agent.approval.resolved": buildApprovalResolvedEvent("a", inputOf("agent.approval.resolved")),
    "agent.error": buildErrorEvent("a", inputOf("agent.error")),
  };
  for (const [type, event] of Object.entries(built)) expect(event).toMatchObject({ type, agentKey: "a" });
  const others = EVENT_TYPES.filter((type): type is WorkflowEventType => !(type in built));
  for (const type of others) {
    const event = buildWorkflowEvent(type, "a", inputOf(type));
    expect(event).toMatchObject({ type, eventCategory: EXAMPLES[type].event_category });
  }
  expect(Object.keys(built).length + others.length).toBe(23);
});

describe("id and time", () => {
  test("are made where there are none", () => {
    const before = Date.now();
    const [first, second] = [1, 2].map(() => buildEvent("custom.event", "a"));
    expect(first?.eventId).toMatch(UUID_V4);
    expect(first?.eventId).not.toBe(second?.eventId);
    const time = Date.parse(first?.timestamp ?? "");
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  test("are kept where they are given", () => {
    const given = { eventId: "3f8f4b1e-9a51-4e6f-8f0a-0f6f3a1f2b3c", timestamp: "2026-01-02T03:04:05Z" };
    expect(buildEvent("custom.event", "a", given)).toEqual({ type: "custom.event", agentKey: "a", ...given });
  });
});

test("type, agent and category cannot be overridden by what untyped code hands in", () => {
  const input = { type: "agent.error", agentKey: "other", eventCategory: "mcp", stepName: "s" };
  expect(untyped("agent.workflow.step.started", "a", input)).toMatchObject({
    type: "agent.workflow.step.started",
    agentKey: "a",
    eventCategory: "workflow",
  });
});

test("every wrong member is named in one error", () => {
  const error = refused(() =>
    untyped("agent.action.failed", "", {
      action: { type: "read" },
      runId: 5,
      durration: 1,
      metadata: { n: 5n },
    }),
  );
  expect(error.code).toBe("invalid_event");
  expect(error.message).toMatch(/^Invalid agent\.action\.failed event: /);
  for (const problem of [
    "agentKey: expected text that is not empty",
    "action.name: required: expected text",
    "resource: required: expected an object",
    "error: required: expected an object",
    "runId: expected text",
    "durration: unknown field",
    "metadata.n: a BigInt cannot be written as JSON",
  ]) {
    expect(error.message).toContain(problem);
  }
});

test.each([null, 5, "text", () => undefined])("members that are %s are refused", (input) => {
  expect(refused(() => untyped("custom.event", "a", input))).toMatchObject({
    code: "invalid_event",
    message: "Invalid custom.event event: expected an object of its members",
  });
});

test("a slip in the type names the one that was meant", () => {
  expect(refused(() => buildEvent("agent.tol.called", "a")).message).toContain(
    "did you mean agent.tool.called?",
  );
});

test("the compiler asks for what a type requires", () => {
  expectTypeOf<EventInput<"agent.tool.called">["tool"]>().toEqualTypeOf<NonNullable<ApieEvent["tool"]>>();
  expectTypeOf<EventInput<"agent.llm.called">["tool"]>().toEqualTypeOf<ApieEvent["tool"]>();
  expectTypeOf<EventInput<"agent.workflow.step.failed">>().toHaveProperty("stepName").toEqualTypeOf<string>();
  expectTypeOf<EventInput<"agent.llm.called">>().not.toHaveProperty("eventCategory");
  expectTypeOf<object>().not.toExtend<EventInput<"agent.error">>();
  expectTypeOf<object>().toExtend<EventInput<"agent.llm.completed">>();
  expectTypeOf<object>().toExtend<EventInput<"invoice.sent">>();
});
