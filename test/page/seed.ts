/** A finished session of two agents, sent through the API: the same in every test that does not need a live agent. */
import type { LocalApie } from "../../src/local/index.ts";
import { openRun, openSession, post, sendEvents } from "../local/support.ts";

export const TRACE = "0af7651916cd43dd8448eb211c80319c";

const at = (second: number): string =>
  new Date(Date.UTC(2026, 0, 1, 12, 0, 0) + second * 1_000).toISOString();

export interface Seeded {
  readonly session: string;
  readonly runs: readonly [string, string];
}

/** Twelve events `e1` … `e12` of two runs, a hand-off between them, a failure, a block. */
export async function seedSession(apie: LocalApie, title = "Ship the release"): Promise<Seeded> {
  const session = await openSession(apie, { kind: "multi_agent", input_summary: title });
  const otel = { trace_id: TRACE, span_id: "b7ad6b7169203331" };
  const planner = await openRun(
    apie,
    { agent_key: "planner", input_summary: "Plan it", metadata: { started_at: at(0), otel } },
    session,
  );
  const worker = await openRun(
    apie,
    { agent_key: "worker", parent_run_id: planner, metadata: { started_at: at(5) } },
    session,
  );
  const all: [string, number, string, object][] = [
    ["planner", 0, "workflow.step.started", { step_name: "Plan" }],
    ["planner", 1, "llm.called", { step_name: "Plan", payload_summary: { model: "gpt-x" } }],
    [
      "planner",
      2,
      "llm.completed",
      { step_name: "Plan", payload_summary: { model: "gpt-x", usage: { input: 120, output: 30 } } },
    ],
    ["planner", 3, "workflow.step.completed", { step_name: "Plan" }],
    [
      "planner",
      4,
      "handoff.requested",
      { metadata: { handoff_id: "h", reason: "Needs hands", source_name: "planner", target_name: "worker" } },
    ],
    ["worker", 5, "action.requested", { tool: { name: "build" }, action: { type: "execute" } }],
    ["worker", 6, "action.completed", { tool: { name: "build" }, action: { type: "execute" } }],
    ["worker", 7, "action.requested", { tool: { name: "upload" }, action: { type: "create" } }],
    [
      "worker",
      8,
      "action.failed",
      { tool: { name: "upload" }, action: { type: "create" }, error: { message: "TimeoutError" } },
    ],
    [
      "worker",
      9,
      "guardrail.evaluated",
      {
        action: { type: "delete" },
        resource: { type: "bucket" },
        decision: { policyDecision: "block", enforcementAction: "block", reason: "Not in production" },
      },
    ],
    ["worker", 10, "handoff.completed", { metadata: { handoff_id: "h" } }],
    ["planner", 11, "agent_note", { metadata: { note: "done" } }],
  ];
  await sendEvents(
    apie,
    ...all.map(([agent_key, second, type, fields], index) => ({
      type: type === "agent_note" ? "custom.note" : `agent.${type}`,
      event_id: `e${index + 1}`,
      agent_key,
      session_id: session,
      run_id: agent_key === "planner" ? planner : worker,
      sequence_number: index + 1,
      session_sequence_number: index + 1,
      timestamp: at(second),
      ...fields,
    })),
  );
  for (const [run, second, status] of [
    [worker, 10, "failed"],
    [planner, 11, "completed"],
  ] as const) {
    await post(apie, `/v1/runs/${run}/complete`, { status, metadata: { ended_at: at(second) } });
  }
  await post(apie, `/v1/sessions/${session}/complete`, { status: "completed", output_summary: "Half of it" });
  return { session, runs: [planner, worker] };
}

/** Spans over OTLP: a root and what is below it, each with a name of its own. */
export const sendSpans = (apie: LocalApie, names: readonly string[], attributes: object[] = []) =>
  post(apie, "/v1/traces", {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: names[0] } }] },
        scopeSpans: [
          {
            scope: { name: names[0] },
            spans: names.map((name, index) => ({
              traceId: TRACE,
              spanId: index === 0 ? "b7ad6b7169203331" : index.toString(16).padStart(16, "0"),
              ...(index === 0 ? {} : { parentSpanId: "b7ad6b7169203331" }),
              name,
              kind: 1,
              startTimeUnixNano: String(1_767_268_800_000_000_000n + BigInt(index) * 1_000_000n),
              endTimeUnixNano: String(1_767_268_801_000_000_000n + BigInt(index) * 1_000_000n),
              attributes,
            })),
          },
        ],
      },
    ],
  });
