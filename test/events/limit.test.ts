import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EVENT_TYPES, finishEvent, Redactor, type WireEvent } from "../../src/events/index.ts";
import { validateEvents } from "../../src/events/public.ts";
import { EXAMPLES } from "./examples.ts";

function finished(event: WireEvent, maxBytes: number): { event: WireEvent; json: string } {
  const result = finishEvent(event, { redactor: new Redactor(), maxBytes, onHookError: () => undefined });
  if (result === undefined) throw new Error("dropped");
  return { event: JSON.parse(result.json), json: result.json };
}

const bytes = (event: WireEvent): number => Buffer.byteLength(JSON.stringify(event));

const EVENT: WireEvent = {
  ...EXAMPLES["agent.llm.completed"],
  payload_summary: { output: "", usage: { input: 12, output: 3, total: 15 } },
  metadata: { note: "n", otel: { trace_id: "t", span_id: "s" }, capture_source: "otel_bridge" },
};

describe.each([
  ["one byte a character", "x"],
  ["three bytes a character", "日"],
  ["four bytes a pair", "😀"],
])("%s", (_what, character) => {
  const full = { ...EVENT, payload_summary: { ...EVENT.payload_summary, output: character.repeat(3_000) } };

  test("an event of exactly the limit is sent as it is", () => {
    const { event, json } = finished(full, bytes(full));
    expect(event).toEqual(full);
    expect(Buffer.byteLength(json)).toBe(bytes(full));
  });

  test("one byte more, and the payload goes, marked; usage and identity stay", () => {
    const limit = bytes(full) - 1;
    const { event, json } = finished(full, limit);
    expect(Buffer.byteLength(json)).toBeLessThanOrEqual(limit);
    expect(event).toEqual({
      ...EVENT,
      payload_summary: { notice: "[TRUNCATED_FOR_SIZE]", usage: { input: 12, output: 3, total: 15 } },
      metadata: {
        payload_truncated: true,
        payload_bytes: bytes(full),
        payload_max_bytes: limit,
        capture_source: "otel_bridge",
        otel: { trace_id: "t", span_id: "s" },
      },
    });
    expect(JSON.parse(json)).toEqual(event);
  });
});

test("an error keeps its beginning", () => {
  const event = {
    ...EXAMPLES["agent.error"],
    error: { message: `TimeoutError: ${"😀".repeat(5_000)}`, stack: "at" },
  };
  const { event: limited } = finished(event, 4_096);
  expect(limited.error?.message).toMatch(/^TimeoutError: (😀)+.?…\[\d+ more characters\]$/u);
  expect(limited.error).not.toHaveProperty("stack");
});

describe("at the smallest limit that can be set", () => {
  const long = "日".repeat(1_024);
  const huge = (type: (typeof EVENT_TYPES)[number]): WireEvent => {
    const example = EXAMPLES[type];
    return {
      ...example,
      environment: long,
      step_key: long,
      step_name: long,
      trigger_kind: long,
      payload_summary: { ...example.payload_summary, long, usage: { input: 1, output: 2, note: long } },
      metadata: { long, capture_source: "otel_bridge", otel: { span_name: long } },
      tool: { name: long, provider: long },
      action: { type: long, name: long },
      resource: { type: long, external_id: long, provider: long, environment: long },
      ...(example.decision === undefined ? {} : { decision: { ...example.decision, reason: long } }),
      ...(example.approval === undefined ? {} : { approval: { ...example.approval, resolved_by: long } }),
      ...(example.error === undefined ? {} : { error: { message: long, stack: long } }),
    };
  };

  test.each(EVENT_TYPES)("%s fits, is well formed and keeps its identity", (type) => {
    const event = huge(type);
    const { event: limited, json } = finished(event, 1_024 * 2);
    expect(Buffer.byteLength(json)).toBeLessThanOrEqual(1_024 * 2);
    expect(json.isWellFormed()).toBe(true);
    expect(validateEvents(limited).results[0]?.issues).toEqual([]);
    for (const name of [
      "type",
      "agent_key",
      "event_id",
      "sequence_number",
      "session_sequence_number",
      "timestamp",
      "event_category",
    ] as const) {
      expect(limited[name]).toEqual(event[name]);
    }
    expect(limited.metadata).toMatchObject({ payload_truncated: true, capture_source: "otel_bridge" });
    expect(limited.payload_summary?.usage).toEqual({ input: 1, output: 2 });
  });
});

test("whatever the event and the limit, the JSON is the event's, and small enough where the event's names are", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 2_000 });
  const event = fc.record({ note: text, output: text, error: text, id: text, step: text });
  fc.assert(
    fc.property(event, fc.integer({ min: 1_400, max: 6_000 }), ({ note, output, error, id, step }, limit) => {
      const { event: limited, json } = finished(
        {
          ...EVENT,
          step_name: step,
          resource: { type: "work_item", external_id: id },
          error: { message: error },
          payload_summary: { output },
          metadata: { note },
        },
        limit,
      );
      expect(json).toBe(JSON.stringify(limited));
      expect(Buffer.byteLength(json)).toBeLessThanOrEqual(limit);
    }),
    { numRuns: 60 },
  );
});
