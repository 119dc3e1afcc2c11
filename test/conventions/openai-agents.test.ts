/** OpenAI Agents: of four spans for one run, one is the agent. */
import { describe, expect, test } from "vitest";
import { ConventionReader } from "../../src/conventions/index.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { span, told } from "./recorded.ts";

const reader = new ConventionReader();
const SCOPE = "@arizeai/openinference-instrumentation-openai-agents";

function of(kind: string, name: string, attributes: Record<string, unknown> = {}): SpanLike {
  return span({
    name,
    attributes: { "openinference.span.kind": kind, "llm.system": "openai", ...attributes },
    instrumentationScope: { name: SCOPE },
  });
}

const ended = (...made: Parameters<typeof of>) => reader.read(of(...made), "end");
const started = (made: SpanLike, parentScope?: string) => reader.read(made, "start", true, parentScope);

describe("agents", () => {
  test("the trace, the call of run() and its turns are none", () => {
    expect(told(ended("AGENT", "Agent workflow"))).toBe("none");
    expect(told(ended("CHAIN", "Agent workflow"))).toBe("none");
    expect(told(ended("CHAIN", "turn"))).toBe("none");
    expect(told(ended("CHAIN", "the application's own"))).toBe("none");
  });

  test("an agent is a node", () => {
    expect(told(ended("AGENT", "Trip agent", { "graph.node.id": "Trip agent" }))).toBe(
      "run agent=Trip agent",
    );
  });

  test("at its start, an agent is within the library's spans, and the trace is not", () => {
    expect(told(started(of("AGENT", "Trip agent"), SCOPE))).toBe("run agent=Trip agent");
    expect(told(started(of("AGENT", "Support chat")))).toBe("none");
    expect(told(started(of("AGENT", "Support chat"), "@opentelemetry/instrumentation-http"))).toBe("none");
  });

  test("the same kinds of another library are read as they are everywhere", () => {
    const other = span({ name: "x", attributes: { "openinference.span.kind": "AGENT" } });
    expect(reader.read(other, "end")).toMatchObject({ kind: "run", convention: "openinference" });
  });
});

describe("work", () => {
  test("tools and model calls are OpenInference's", () => {
    expect(told(ended("TOOL", "add", { "tool.name": "add" }))).toBe("tool tool=add");
    expect(told(ended("LLM", "response", { "llm.model_name": "m" }))).toBe(
      "llm op=chat provider=openai model=m answered=m",
    );
  });

  test("a hand-off is known when it has been made", () => {
    expect(told(started(of("TOOL", "handoff"), SCOPE))).toBe("none");
    const attributes = {
      "tool.name": "handoff_to_Billing agent",
      "input.value": '{"from_agent":"Triage agent"}',
      "output.value": '{"to_agent":"Billing agent"}',
    };
    expect(ended("TOOL", "handoff to Billing agent", attributes)).toMatchObject({
      kind: "handoff",
      handoff: { targetName: "Billing agent" },
    });
  });

  test("with input and output hidden, its target is in its name", () => {
    const hidden = { "tool.name": "handoff_to_Billing agent", "output.value": "__REDACTED__" };
    expect(ended("TOOL", "handoff to Billing agent", hidden)?.handoff).toMatchObject({
      targetName: "Billing agent",
      sourceName: undefined,
    });
  });

  test("the list of an MCP server's tools", () => {
    expect(ended("TOOL", "mcp_tools", { "output.value": '["search","fetch"]' })).toMatchObject({
      kind: "mcp",
      mcp: { method: "tools/list", toolNames: ["search", "fetch"] },
    });
  });

  test.each([
    [true, { policyDecision: "block", effectiveDecision: "block", enforcementAction: "block" }],
    [false, { policyDecision: "allow" }],
  ])("a guardrail with its tripwire triggered: %s", (triggered, decision) => {
    const attributes = { "tool.name": "no-homework", "guardrail.triggered": triggered };
    expect(ended("GUARDRAIL", "no-homework", attributes)?.guardrail).toEqual({
      name: "no-homework",
      triggered,
      ...decision,
    });
  });
});
