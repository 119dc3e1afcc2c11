/** The spans of an import give the source back, all of it. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { agDevRun, agnoRuns, rebuild } from "../../src/imports/index.ts";
import { checkSpan } from "../../src/semconv/index.ts";
import { fixture, observed, us } from "./support.ts";

const names = (folder: string): string[] =>
  readdirSync(fileURLToPath(new URL(`../fixtures/${folder}`, import.meta.url))).map(
    (file) => `${folder}/${file.replace(/\.json$/, "")}`,
  );

describe.each([
  ["agno", agnoRuns],
  ["agdev", agDevRun],
] as const)("fixtures of %s", (folder, spansOf) => {
  test.each(names(folder))("%s", (name) => {
    const document = fixture(name);
    const spans = [...spansOf(document)];
    expect(rebuild(spans)).toEqual(document);
    expect(rebuild(spans.toReversed())).toEqual(document);
    // Made anew, they are the same.
    expect([...spansOf(document)].map((span) => span.spanContext())).toEqual(
      spans.map((span) => span.spanContext()),
    );
    expect(new Set(spans.map((span) => span.spanContext().spanId)).size).toBe(spans.length);
  });
});

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const anything = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>;
const runId = fc.constantFrom("r1", "r2", "r3", "r4");
const callId = fc.constantFrom("c1", "c2", "c3");
const stepId = fc.constantFrom("s1", "s2");
const time = fc.oneof(
  fc.integer({ min: 1_700_000_000, max: 1_700_000_100 }),
  fc.constant("2026-03-02T09:00:04Z"),
);
const metrics = maybe(
  fc.record({
    input_tokens: fc.nat(1_000),
    output_tokens: fc.nat(1_000),
    duration: fc.double({ min: 0, max: 9, noNaN: true }),
  }),
);

const tool = fc.record({
  tool_call_id: fc.oneof(callId, fc.constant(null)),
  tool_name: fc.constantFrom("search", "delegate_task_to_member", "execute_tasks_parallel", null),
  tool_args: anything,
  tool_call_error: fc.constantFrom(true, false, null),
  result: anything,
  child_run_id: fc.oneof(runId, fc.constant(null)),
  requires_confirmation: fc.constantFrom(true, null),
  confirmed: fc.constantFrom(true, false, null),
  requires_user_input: fc.constantFrom(true, null),
  metrics: fc.constantFrom(null, { start_time: 1_700_000_003.25, end_time: 1_700_000_003.5 }),
});

const EVENTS = [
  ..."RunStarted RunCompleted RunError RunCancelled RunPaused RunContinued ModelRequestStarted ModelRequestCompleted".split(
    " ",
  ),
  ..."ToolCallStarted ToolCallCompleted ToolCallError ReasoningStarted ReasoningCompleted PreHookStarted".split(
    " ",
  ),
  ..."TeamToolCallStarted TeamToolCallCompleted TeamTaskCreated TeamTaskUpdated StepStarted StepCompleted StepError".split(
    " ",
  ),
  ..."LoopIterationStarted LoopIterationCompleted StepPaused StepContinued RouterPaused StepOutputReview WorkflowPaused WorkflowCompleted NotKnownYet __proto__ constructor".split(
    " ",
  ),
];

const event = fc
  .record(
    {
      event: fc.constantFrom(...EVENTS),
      run_id: runId,
      parent_run_id: runId,
      created_at: time,
      tool,
      content: anything,
      step_id: stepId,
      step_name: fc.constantFrom("One", "Two"),
      step_index: fc.constantFrom(0, [1, 0]),
      task_id: fc.constantFrom("t1", "t2"),
      status: fc.constant(undefined),
      error_id: fc.constantFrom("pii_detected", null),
      something_new: anything,
    },
    { requiredKeys: ["event", "created_at"] },
  )
  .map(withoutUndefined);

const message = fc
  .record({
    role: fc.constantFrom("system", "user", "assistant", "tool"),
    content: anything,
    created_at: time,
    from_history: fc.constantFrom(true, false, null),
    metrics,
    tool_calls: maybe(
      fc.array(fc.record({ id: callId, function: fc.constant({ name: "search", arguments: "{}" }) }), {
        maxLength: 2,
      }),
    ),
  })
  .map(withoutUndefined);

const requirement = fc.record({
  step_id: fc.oneof(stepId, fc.constant(null)),
  step_name: fc.constantFrom("One", "Two", null),
  requires_confirmation: fc.boolean(),
  requires_output_review: fc.boolean(),
  requires_route_selection: fc.boolean(),
  requires_user_input: fc.boolean(),
  confirmed: fc.constantFrom(true, false, null),
  selected_choices: fc.constantFrom(["a"], [], null),
  executor_run_id: fc.oneof(runId, fc.constant(null)),
  executor_requirements: fc.oneof(
    fc.array(fc.record({ id: callId, tool_execution: tool }), { maxLength: 2 }),
    fc.constant(null),
  ),
  decision: fc.constantFrom("retry", null),
});

const { run } = fc.letrec<{ run: object }>((tie) => ({
  run: fc
    .record(
      {
        run_id: runId,
        created_at: time,
        parent_run_id: fc.constantFrom("r1", "r2", "", null),
        session_id: fc.constantFrom("x", null, ""),
        team_id: maybe(fc.constant("team")),
        workflow_id: maybe(fc.constant("flow")),
        status: fc.constantFrom(
          "COMPLETED",
          "PAUSED",
          "ERROR",
          "REGENERATED",
          "CANCELLED",
          "SOMETHING",
          null,
        ),
        content: anything,
        forked_from_message_index: fc.constantFrom(1, null),
        messages: fc.oneof(fc.array(message, { maxLength: 4 }), fc.constant(null)),
        tools: fc.array(tool, { maxLength: 3 }),
        events: fc.oneof(fc.array(event, { maxLength: 12 }), fc.constant(null)),
        step_results: fc.array(
          fc.record({
            step_id: stepId,
            step_name: fc.constant("One"),
            steps: fc.constant([{ step_id: "s2" }]),
          }),
          { maxLength: 2 },
        ),
        step_requirements: fc.oneof(fc.array(requirement, { maxLength: 3 }), fc.constant(null)),
        error_requirements: fc.oneof(fc.array(requirement, { maxLength: 1 }), fc.constant(null)),
        metrics: fc.oneof(metrics, fc.constant(null)),
        member_responses: fc.oneof({ maxDepth: 2 }, fc.constant([]), fc.array(tie("run"), { maxLength: 2 })),
        step_executor_runs: fc.oneof(
          { maxDepth: 1 },
          fc.constant([]),
          fc.array(tie("run"), { maxLength: 1 }),
        ),
        workflow_agent_run: fc.oneof({ maxDepth: 1 }, fc.constant(null), tie("run")),
        something_new: anything,
      },
      { requiredKeys: ["run_id", "created_at"] },
    )
    .map(withoutUndefined),
}));

function withoutUndefined<T extends object>(of: T): T {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as T;
}

describe("generated documents of Agno", () => {
  const isWhole = (document: unknown): void => {
    // As it is after a round through JSON, which is what a source is.
    const given: unknown = JSON.parse(JSON.stringify(document));
    const spans = [...agnoRuns(given, { sessionId: "s" })];
    expect(rebuild(spans)).toEqual(given);
    expect(
      new Set(spans.map((span) => `${span.spanContext().traceId}${span.spanContext().spanId}`)).size,
    ).toBe(spans.length);
    for (const span of spans) {
      expect(us(span.endTime)).toBeGreaterThanOrEqual(us(span.startTime));
      expect(checkSpan(observed(span, { session: true }))).toEqual([]);
    }
  };

  test("runs, nested and beside each other, some of them twice", () => {
    fc.assert(fc.property(fc.oneof(run, fc.array(run, { maxLength: 4 })), isWhole), { numRuns: 150 });
  });

  test("streams of events", () => {
    const named = event.map((one) => ({ run_id: "r1", ...one }));
    fc.assert(fc.property(fc.array(named, { minLength: 1, maxLength: 25 }), isWhole), { numRuns: 100 });
  });
});
