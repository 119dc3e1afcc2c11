/** What the made-up agents of a test event do, as events. */
import { randomUUID } from "node:crypto";
import {
  buildEvent,
  type EventInput,
  type EventType,
  toWire,
  type WireDecision,
  type WireEvent,
} from "../../events/index.ts";
import { METADATA, READ, RESOURCE, type TestEventAgent, TOOL } from "./calls.ts";

const MODEL = { provider: "test", model: "test-model", purpose: "test_event" };
const MCP = { server: "test", tool: "lookup", method: "tools/call" };
const PLAN = { stepKey: "plan", stepName: "Plan", stepIndex: 0 };
const WORK = { stepKey: "work", stepName: "Work", stepIndex: 1 };
export const HANDOFF = { source: "orchestrator", target: "worker", type: "delegate" };

/** Numbers the events of one session, over its runs. */
export type SessionNumber = () => number;

export function counter(): SessionNumber {
  let last = 0;
  return () => {
    last += 1;
    return last;
  };
}

/** Events of one run, numbered in order. */
export class TestRun {
  readonly events: WireEvent[] = [];
  readonly #agent: TestEventAgent;
  readonly #runId: string;
  readonly #sessionId: string | undefined;
  readonly #sessionNumber: SessionNumber;

  constructor(
    agent: TestEventAgent,
    runId: string,
    sessionId: string | undefined,
    sessionNumber: SessionNumber,
  ) {
    this.#agent = agent;
    this.#runId = runId;
    this.#sessionId = sessionId;
    this.#sessionNumber = sessionNumber;
  }

  add(type: EventType, input: EventInput = {}): this {
    const event = buildEvent(type as string, this.#agent.agentKey, {
      ...input,
      eventId: randomUUID(),
      agentId: this.#agent.agentId,
      agentVersionId: this.#agent.agentVersionId,
      environment: this.#agent.environment,
      runId: this.#runId,
      sessionId: this.#sessionId,
      sequenceNumber: this.events.length + 1,
      sessionSequenceNumber: this.#sessionId === undefined ? undefined : this.#sessionNumber(),
      metadata: { ...METADATA, ...input.metadata },
    });
    this.events.push(toWire(event));
    return this;
  }

  tool(): this {
    const target = { tool: TOOL, action: READ, resource: RESOURCE };
    return this.add("agent.action.requested", target)
      .add("agent.tool.called", { ...target, metadata: { outcome: "completed" } })
      .add("agent.action.completed", { ...target, metadata: { result: { status: "completed" } } });
  }

  llm(): this {
    return this.add("agent.llm.called", { payloadSummary: MODEL }).add("agent.llm.completed", {
      payloadSummary: { ...MODEL, usage: { input: 12, output: 3, total: 15 } },
    });
  }

  orchestrate(decision: WireDecision): this {
    return this.add("agent.workflow.step.started", PLAN)
      .llm()
      .add("agent.workflow.step.completed", PLAN)
      .add("agent.guardrail.evaluated", {
        action: READ,
        resource: RESOURCE,
        decision,
        metadata: { ...decision },
      })
      .tool()
      .add("agent.handoff.requested", { payloadSummary: HANDOFF, metadata: { reason: "Test hand-off" } });
  }

  work(): this {
    const listed = { server: MCP.server, tool_count: 1, tools: [MCP.tool] };
    return this.add("agent.handoff.accepted", { payloadSummary: HANDOFF })
      .add("agent.workflow.step.started", WORK)
      .add("agent.mcp.tools_listed", { stepName: "test.tools_list", payloadSummary: listed })
      .add("agent.mcp.called", { payloadSummary: MCP })
      .add("agent.mcp.completed", { payloadSummary: MCP })
      .add("agent.resource.touched", { resource: RESOURCE, action: READ })
      .add("agent.workflow.step.completed", WORK)
      .add("agent.handoff.completed", { payloadSummary: HANDOFF });
  }
}
