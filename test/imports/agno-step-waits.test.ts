/** What workflows of Agno wait for people for: their steps' requirements and those of errors (Agno 2.6 and later). */
import { describe, expect, test } from "vitest";
import { agnoRuns, type ImportedSpan, rebuild } from "../../src/imports/index.ts";
import { checkSpan } from "../../src/semconv/index.ts";
import { type Json, observed, ofOperation, operationOf, said, toApie, us } from "./support.ts";

const SECOND = 1_772_715_700;
const flow = (more: Json): Json => ({
  run_id: "w1",
  workflow_id: "release",
  workflow_name: "Release",
  session_id: "s1",
  status: "PAUSED",
  created_at: SECOND,
  ...more,
});
/** As `StepRequirement.to_dict()` writes it: all members, most of them null. */
const required = (step: string, more: Json): Json => ({
  step_id: `id-${step}`,
  step_name: step,
  step_index: 0,
  step_type: "Step",
  requires_confirmation: false,
  confirmation_message: null,
  confirmed: null,
  on_reject: "cancel",
  requires_user_input: false,
  user_input: null,
  requires_route_selection: false,
  selected_choices: null,
  requires_output_review: false,
  output_review_message: null,
  timeout_at: null,
  ...more,
});
const confirmation = (step: string, confirmed: boolean | null, more: Json = {}): Json =>
  required(step, { requires_confirmation: true, confirmed, confirmation_message: `Run ${step}?`, ...more });
const event = (name: string, step: string, second: number, more: Json = {}): Json => ({
  event: name,
  run_id: "w1",
  created_at: SECOND + second,
  step_id: `id-${step}`,
  step_name: step,
  step_index: 0,
  ...more,
});

const spansOf = (document: Json): ImportedSpan[] => {
  const spans = [...agnoRuns(document)];
  expect(rebuild(spans)).toEqual(document);
  expect(spans.flatMap((span) => checkSpan(observed(span, { session: true })))).toEqual([]);
  return spans;
};
const approvals = (document: Json): unknown[] =>
  ofOperation(spansOf(document), "approval").map((span) => [
    said(span, "agent.action.name"),
    said(span, "agent.approval.status"),
  ]);
const actions = (document: Json): unknown[] =>
  ofOperation(spansOf(document), "action").map((span) => [
    said(span, "agent.action.name"),
    said(span, "agent.operation.stage") ?? "given",
  ]);

describe("without events", () => {
  test("confirmations: those that were decided on, and the one that is waited for", () => {
    const step_requirements = [
      confirmation("Build", true),
      confirmation("Sign", false, { on_reject: "skip" }),
      confirmation("Deploy", null),
    ];
    const document = flow({ step_requirements });
    expect(approvals(document)).toEqual([
      ["Build", "approved"],
      ["Sign", "rejected"],
      ["Deploy", "pending"],
    ]);
    const [, , open] = ofOperation(spansOf(document), "approval");
    expect(open?.attributes).toMatchObject({
      "agent.approval.reason": "Run Deploy?",
      "agent.step.key": "id-Deploy",
      "agent.step.name": "Deploy",
    });
  });

  test("a review of a step's output is an approval, though it says it asks for a confirmation, too", () => {
    const review = {
      requires_output_review: true,
      requires_confirmation: true,
      output_review_message: "Good?",
    };
    const document = flow({ step_requirements: [required("Write", review)] });
    expect(approvals(document)).toEqual([["Write", "pending"]]);
    expect(ofOperation(spansOf(document), "approval")[0]?.attributes["agent.approval.reason"]).toBe("Good?");
  });

  test("answers: given once all that must be is filled in", () => {
    const field = (value: unknown, mustBe = true) => ({
      name: "f",
      field_type: "str",
      value,
      required: mustBe,
    });
    const input = (more: Json) => required("Ask", { requires_user_input: true, ...more });
    const stages = (step_requirements: Json[]) => actions(flow({ step_requirements }));
    expect(
      stages([
        input({ user_input: { a: 1 } }),
        input({ user_input_schema: [field("x"), field(null, false)] }),
        input({ user_input_schema: [field("x"), field(null)], user_input: { a: 1 } }),
      ]),
    ).toEqual([
      ["user_input", "given"],
      ["user_input", "given"],
      ["user_input", "requested"],
    ]);
    const route = (selected_choices: unknown) =>
      required("Fork", { step_type: "Router", requires_route_selection: true, selected_choices });
    expect(stages([route(["left"]), route([])])).toEqual([
      ["route_selection", "given"],
      ["route_selection", "requested"],
    ]);
  });

  test("what is to be done after an error", () => {
    const failed = (decision: string | null) => ({
      step_id: "id-Build",
      step_name: "Build",
      step_index: 0,
      error_message: "no space left",
      error_type: "OSError",
      retry_count: 0,
      decision,
    });
    const open = flow({ error_requirements: [failed(null)] });
    expect(actions(open)).toEqual([["error_decision", "requested"]]);
    const decided = spansOf(flow({ error_requirements: [failed("retry")] }));
    expect(ofOperation(decided, "action")[0]?.attributes["agent.metadata"]).toBe('{"decision":"retry"}');
    expect(approvals(open)).toEqual([]);
  });

  test.each<[string, boolean | null, string]>([
    ["COMPLETED", true, "approved"],
    ["COMPLETED", false, "rejected"],
    ["COMPLETED", null, "expired"],
    ["CANCELLED", null, "cancelled"],
    ["CANCELLED", false, "rejected"],
  ])("of a run that is %s, confirmed: %s", (status, confirmed, decision) => {
    const document = flow({ status, step_requirements: [confirmation("Deploy", confirmed)] });
    expect(approvals(document)).toEqual([["Deploy", decision]]);
  });

  test("each try of a step is asked for anew, with an approval of its own", () => {
    const step_requirements = [
      confirmation("Write", false, { on_reject: "retry" }),
      confirmation("Write", null, { retry_count: 1 }),
    ];
    const spans = ofOperation(spansOf(flow({ step_requirements })), "approval");
    expect(spans.map((span) => said(span, "agent.approval.status"))).toEqual(["rejected", "pending"]);
    expect(new Set(spans.map((span) => said(span, "agent.approval.id"))).size).toBe(2);
  });
});

describe("with events", () => {
  const asked = [
    event("WorkflowStarted", "", 0),
    event("StepPaused", "Deploy", 5, { requires_confirmation: true }),
  ];

  test("the wait is as long as they say, and told once; the requirement says what was decided", () => {
    const events = [...asked, event("StepContinued", "Deploy", 65), event("StepStarted", "Deploy", 66)];
    for (const confirmed of [true, false]) {
      const spans = spansOf(flow({ events, step_requirements: [confirmation("Deploy", confirmed)] }));
      const [approval, ...more] = ofOperation(spans, "approval");
      expect(more).toEqual([]);
      expect(approval && said(approval, "agent.approval.status")).toBe(confirmed ? "approved" : "rejected");
      expect(
        approval && [us(approval.startTime), us(approval.endTime)].map((at) => Math.floor(at / 1e6)),
      ).toEqual([SECOND + 5, SECOND + 65]);
    }
  });

  test("without a requirement, going on is a yes, and a run that ended nobody waited for", () => {
    const continued = [...asked, event("StepContinued", "Deploy", 65)];
    expect(approvals(flow({ events: continued, status: "COMPLETED" }))).toEqual([["Deploy", "approved"]]);
    expect(approvals(flow({ events: asked, status: "COMPLETED" }))).toEqual([["Deploy", "expired"]]);
    expect(approvals(flow({ events: asked }))).toEqual([["Deploy", "pending"]]);
  });

  test("a pause that only the workflow's event tells of", () => {
    const step_requirements = [required("Fork", { requires_route_selection: true })];
    const events = [...asked.slice(0, 1), event("WorkflowPaused", "", 7, { step_requirements })];
    expect(actions(flow({ events }))).toEqual([["route_selection", "requested"]]);
  });

  test("each requirement is of the pause of its step and kind", () => {
    const events = [
      ...asked,
      event("StepContinued", "Deploy", 8),
      event("RouterPaused", "Fork", 9, { available_choices: ["a", "b"] }),
      event("StepOutputReview", "Deploy", 12, { requires_output_review: true }),
    ];
    const step_requirements = [
      required("Fork", { requires_route_selection: true, selected_choices: ["a"] }),
      required("Deploy", { requires_output_review: true, requires_confirmation: true }),
      confirmation("Deploy", false),
    ];
    const document = flow({ events, step_requirements });
    expect(approvals(document)).toEqual([
      ["Deploy", "rejected"],
      ["Deploy", "pending"],
    ]);
    expect(actions(document)).toEqual([["route_selection", "given"]]);
  });

  test("an error a step stopped at: the step failed, and it is asked what to do", () => {
    const events = [
      ...asked.slice(0, 1),
      event("StepStarted", "Build", 2),
      event("StepError", "Build", 4, { error: "no space left" }),
    ];
    const error_requirements = [{ step_id: "id-Build", step_name: "Build", step_index: 0, decision: null }];
    const spans = spansOf(flow({ events, error_requirements }));
    expect(spans.filter(({ status }) => status.code === 2).map(operationOf)).toEqual(["workflow_step"]);
    expect(ofOperation(spans, "action")).toHaveLength(1);
  });
});

describe("within a step's executor", () => {
  const tool = {
    tool_call_id: "c1",
    tool_name: "delete_branch",
    requires_confirmation: true,
    confirmed: null,
  };
  const executor = (confirmed: boolean | null): Json =>
    required("Clean", {
      requires_executor_input: true,
      executor_run_id: "e1",
      executor_requirements: [
        { id: "q1", confirmation: confirmed, tool_execution: { ...tool, confirmed } },
        { id: "q2", tool_execution: { tool_call_id: "c2", tool_name: "ask", requires_user_input: true } },
      ],
    });

  test("its tools' waits are told, by the workflow if the executor's run is not there", () => {
    const document = flow({ step_requirements: [executor(null)] });
    expect(approvals(document)).toEqual([["delete_branch", "pending"]]);
    expect(actions(document)).toEqual([["user_input", "requested"]]);
    expect(approvals(flow({ step_requirements: [executor(true)] }))).toEqual([["delete_branch", "approved"]]);
  });

  test("and by that run alone if it is", () => {
    const run = {
      run_id: "e1",
      agent_id: "cleaner",
      status: "PAUSED",
      created_at: SECOND + 1,
      tools: [tool],
    };
    const document = flow({ step_requirements: [executor(null)], step_executor_runs: [run] });
    const spans = ofOperation(spansOf(document), "approval");
    expect(spans.map((span) => said(span, "agent.run.id"))).toEqual(["e1"]);
  });
});

test("a run that was paused and is completed has the ids it had, and the decision", () => {
  const before = spansOf(flow({ step_requirements: [confirmation("Deploy", null)] }));
  const after = spansOf(flow({ status: "COMPLETED", step_requirements: [confirmation("Deploy", true)] }));
  const ids = (spans: readonly ImportedSpan[]) => spans.map((span) => span.spanContext().spanId);
  expect(ids(after)).toEqual(ids(before));
  const approvalId = (spans: readonly ImportedSpan[]) =>
    ofOperation(spans, "approval").map((span) => said(span, "agent.approval.id"));
  expect(approvalId(after)).toEqual(approvalId(before));
});

test("at Apie: asked for, and resolved once it is decided", async () => {
  const document = (deploy: boolean | null, status: string) =>
    flow({
      status,
      step_requirements: [
        confirmation("Build", true),
        required("Ask", { requires_user_input: true, user_input: { a: 1 } }),
        confirmation("Deploy", deploy),
      ],
    });
  const first = await toApie();
  const { known } = await first.send(agnoRuns(document(null, "PAUSED")));
  expect(first.server.events.map(({ type }) => type)).toEqual([
    "agent.approval.requested",
    "agent.approval.resolved",
    "agent.action.requested",
    "agent.action.completed",
    "agent.approval.requested",
  ]);
  expect(first.server.to(/\/complete$/)).toEqual([]);
  const second = await toApie();
  await second.send(agnoRuns(document(false, "CANCELLED")), { known });
  // What is decided by then is new; the rest Apie has.
  const [resolved, ...more] = second.server.events;
  expect(more).toEqual([]);
  expect(resolved).toMatchObject({
    type: "agent.approval.resolved",
    sequence_number: 6,
    approval: { status: "rejected" },
  });
});

test("requirements that are no list of objects are refused", () => {
  expect(() => agnoRuns(flow({ step_requirements: [7] }))).toThrow(
    "/step_requirements/0: expected an object",
  );
  expect(() => agnoRuns(flow({ error_requirements: {} }))).toThrow("/error_requirements: expected a list");
});
