import { describe, expect, test } from "vitest";
import { type FinishOptions, finishEvent, Redactor, type WireEvent } from "../../src/events/index.ts";
import { validateEvents } from "../../src/events/public.ts";
import { EXAMPLES } from "./examples.ts";

const EVENT: WireEvent = {
  ...EXAMPLES["agent.action.failed"],
  run_id: undefined,
  session_id: undefined,
  agent_id: undefined,
  agent_version_id: undefined,
  metadata: { note: "hello", capture_source: "otel_bridge" },
  payload_summary: { ticket: "SUP-1" },
};

type Hook = NonNullable<FinishOptions["redact"]>;

function finish(
  event: WireEvent,
  redact?: unknown,
): { event: WireEvent | undefined; json: string; errors: unknown[] } {
  const errors: unknown[] = [];
  const finished = finishEvent(event, {
    redactor: new Redactor(),
    redact: redact as Hook | undefined,
    maxBytes: 1_000_000,
    onHookError: (error) => errors.push(error),
  });
  const json = finished?.json ?? "";
  return { event: json === "" ? undefined : JSON.parse(json), json, errors };
}

const messages = (errors: readonly unknown[]): string[] => errors.map((error) => (error as Error).message);

test("without a hook the event is redacted and written, and the one given is not changed", () => {
  const event = { ...EVENT, metadata: { password: "hunter2", text: "key sk-proj-0123456789abcdef" } };
  const before = structuredClone(event);
  const { json } = finish(event);
  expect(JSON.parse(json)).toMatchObject({ metadata: { password: "[REDACTED]", text: "key [REDACTED]" } });
  expect(event).toEqual(before);
});

describe("the hook", () => {
  test("sees the event in the SDK's spelling and decides what is sent", () => {
    let seen: unknown;
    const { event, errors } = finish(EVENT, (given: Record<string, unknown>) => {
      seen = structuredClone(given);
      return { ...given, stepName: "added", metadata: { replaced: true }, payloadSummary: undefined };
    });
    expect(seen).toMatchObject({
      agentKey: "support-ops",
      resource: { externalId: "SUP-123" },
      payloadSummary: { ticket: "SUP-1" },
    });
    expect(event).toMatchObject({
      step_name: "added",
      metadata: { replaced: true },
      resource: EVENT.resource,
    });
    expect(event).not.toHaveProperty("payload_summary");
    expect(errors).toEqual([]);
  });

  test("may change what it was given, and nothing else changes by it", () => {
    const event = structuredClone(EVENT);
    const result = finish(event, (given: { metadata: Record<string, unknown> }) => {
      given.metadata.note = "changed";
      return given;
    });
    expect(result.event?.metadata?.note).toBe("changed");
    expect(event).toEqual(EVENT);
  });

  test.each([undefined, null])("drops the event by giving %s", (nothing) => {
    const result = finish(EVENT, () => nothing);
    expect(result.event).toBeUndefined();
    expect(result.errors).toEqual([]);
  });

  test("cannot change what says where the event belongs", () => {
    const { event } = finish(EVENT, (given: object) => ({
      ...given,
      type: "agent.error",
      agentKey: "other",
      agentId: "agt_x",
      agentVersionId: "ver_x",
      runId: "run_x",
      session_id: "ses_x",
      eventId: "none",
      sequenceNumber: 99,
      sessionSequenceNumber: 99,
      timestamp: "1970-01-01T00:00:00Z",
      eventCategory: "mcp",
    }));
    expect(event).toEqual(finish(EVENT).event);
    const { event: emptied } = finish(EVENT, () => ({}));
    expect(emptied).toMatchObject({ type: EVENT.type, event_id: EVENT.event_id, sequence_number: 1 });
    // Ids of Apie are bound later: a member that is there twice would be read in two ways.
    for (const name of ["run_id", "session_id", "agent_id", "agent_version_id"]) {
      expect(Object.keys(emptied ?? {})).not.toContain(name);
    }
  });

  test("runs before redaction: what it adds is redacted too", () => {
    const { json } = finish(EVENT, (given: object) => ({
      ...given,
      metadata: { apiKey: "canary-1", at: new Date(0), big: 5n },
    }));
    expect(json).not.toContain("canary-1");
    expect(JSON.parse(json).metadata).toEqual({
      apiKey: "[REDACTED]",
      at: "1970-01-01T00:00:00.000Z",
      big: "5",
    });
  });

  test("gets all of a long content, and what it gives is cut nowhere", () => {
    const content = {
      messages: Array.from({ length: 300 }, (_, index) => ({ parts: [{ deep: [[[[[{ index }]]]]] }] })),
      text: "x".repeat(60_000),
    };
    const event = { ...EVENT, payload_summary: content };
    const { event: finished } = finish(event, (given: object) => given);
    expect(finished?.payload_summary).toEqual(content);
  });
});

const canary = "canary-5140";
const telling: WireEvent = {
  ...EXAMPLES["agent.guardrail.evaluated"],
  metadata: { note: canary, capture_source: "otel_bridge" },
  payload_summary: { note: canary },
  error: { message: canary, stack: canary },
  resource: { type: "work_item", external_id: canary },
  decision: { policyDecision: "block", effectiveDecision: "allow", reason: canary },
  approval: { status: "approved", resolved_by: canary },
};

describe("a hook that fails lets nothing through that it should have looked at", () => {
  test.each<[what: string, hook: unknown, message: RegExp]>([
    [
      "throws",
      () => {
        throw new Error("my bug");
      },
      /^my bug$/,
    ],
    ["gives a text", () => canary, /^redact must return an event, not string$/],
    ["gives a list", () => [canary], /^redact must return an event, not object$/],
    ["gives true", () => true, /^redact must return an event, not boolean$/],
    ["is async", async () => ({ metadata: { note: canary } }), /cannot be async$/],
    [
      "is async and fails",
      async () => {
        throw new Error(canary);
      },
      /cannot be async$/,
    ],
    [
      "gives what cannot be read",
      () =>
        new Proxy(
          {},
          {
            get() {
              throw new Error("trap");
            },
            ownKeys() {
              throw new Error("trap");
            },
          },
        ),
      /^trap$/,
    ],
  ])("%s", async (_what, hook, message) => {
    const { event, json, errors } = finish(telling, hook);
    expect(messages(errors)).toEqual([expect.stringMatching(message)]);
    expect(json).not.toContain(canary);
    expect(event).toMatchObject({
      type: telling.type,
      event_id: telling.event_id,
      action: { type: telling.action?.type, name: "[REDACTED]" },
      metadata: { redact_failed: true, capture_source: "otel_bridge" },
    });
    expect(validateEvents(JSON.parse(json)).results[0]?.issues).toEqual([]);
    // An unhandled rejection would fail the run of the tests.
    await new Promise((resolve) => setImmediate(resolve));
  });

  test("throws undefined", () => {
    const { errors, json } = finish(telling, () => {
      throw undefined;
    });
    expect(errors).toEqual([undefined]);
    expect(json).not.toContain(canary);
  });
});

describe("a hook that gives members the protocol has not", () => {
  test("loses those, is told, and keeps the rest", () => {
    const { event, errors } = finish(EVENT, (given: object) => ({
      ...given,
      extra: 1,
      stepIndex: "first",
      tool: { name: "" },
      resource: { type: "x", unknown: 1 },
      metadata: { kept: true },
    }));
    expect(messages(errors)).toEqual([
      "redact gave an event with wrong or unknown members: step_index, tool, resource, extra; left out",
    ]);
    expect(event).toMatchObject({ action: EVENT.action, metadata: { kept: true } });
    for (const name of ["extra", "step_index", "tool", "resource"]) expect(event).not.toHaveProperty(name);
  });
});

describe("identity", () => {
  test("is left alone by the user's patterns and keys, but holds no secret either", () => {
    const redactor = new Redactor({
      redactDenyPatterns: ["support", "agent"],
      redactKeys: ["agent_key", "type"],
    });
    const options = { redactor, maxBytes: 1_000_000, onHookError: () => undefined };
    expect(JSON.parse(finishEvent(EVENT, options)?.json ?? "")).toMatchObject({
      type: EVENT.type,
      agent_key: "support-ops",
    });
    const leaky = {
      ...EVENT,
      type: "told.sk-proj-0123456789abcdef",
      agent_key: "ghp_0123456789abcdefghijABCDEFGHIJ",
    };
    expect(JSON.parse(finishEvent(leaky, options)?.json ?? "")).toMatchObject({
      type: "told.[REDACTED]",
      agent_key: "[REDACTED]",
    });
  });
});

test("data that cannot be walked costs its member only", () => {
  let deep: unknown = "sk-proj-0123456789abcdef";
  for (let level = 0; level < 50_000; level += 1) deep = [deep];
  const { event, json } = finish({ ...EVENT, metadata: { deep } });
  expect(event?.metadata).toEqual({ notice: "[REDACTED]" });
  expect(json).toContain('"ticket":"SUP-1"');
});

test("rules of the user's damage nothing that places an event or counts for it", () => {
  const otel = {
    trace_id: "0af7651916cd43dd8448eb211c80319c",
    span_id: "b7ad6b7169203331",
    span_name: "step 7",
    start: "2026-01-01T00:00:00.000Z",
    duration_ms: 12.5,
  };
  const event: WireEvent = {
    ...EVENT,
    step_key: "step-7",
    step_name: "Step 7",
    step_index: 7,
    parent_event_id: "3f8f4b1e-9a51-4e6f-8f0a-0f6f3a1f2b3c",
    environment: "eu-1",
    payload_summary: { usage: { input: 12, output: 3 }, note: "call 4711" },
    metadata: { otel, capture_source: "otel_bridge" },
  };
  const redactor = new Redactor({ redactDenyPatterns: [/\d/] });
  const finished = finishEvent(event, { redactor, maxBytes: 1_000_000, onHookError: () => undefined });
  expect(JSON.parse(finished?.json ?? "")).toMatchObject({
    step_key: "step-7",
    step_name: "Step [REDACTED]",
    step_index: 7,
    parent_event_id: event.parent_event_id,
    environment: "eu-1",
    payload_summary: { usage: { input: 12, output: 3 }, note: expect.stringContaining("[REDACTED]") },
    metadata: { otel: { ...otel, span_name: "step [REDACTED]" } },
  });
});
