/** Which events each call makes, in which order, and every field of them (apie-protocol §4, with the decisions of the design). */
import { describe, expect, test } from "vitest";
import type { Apie } from "../../src/index.ts";
import { type ApiSetup, allSaid, apiSetup, delivered, metadataOf, only, runsAt } from "./support/api.ts";
import { ACTION, APPROVAL, LLM, MCP_TOOL, STEP, TOOL } from "./support/calls.ts";

class Refused extends Error {}

async function inRun(
  work: (apie: Apie) => unknown,
  options: Parameters<typeof apiSetup>[0] = {},
): Promise<ApiSetup> {
  const made = await apiSetup({ runtime: { environment: "prod" }, ...options });
  await made.apie.withRun({}, async () => {
    try {
      await work(made.apie);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  });
  await delivered(made.apie);
  return made;
}

const fail = (): never => {
  throw new Refused("secret words");
};

const target = {
  agent_key: "support",
  environment: "staging",
  tool: { name: "search", provider: "zendesk", risk_level: "low" },
  action: { type: "read", name: "search_tickets", risk_level: "low" },
  resource: { type: "work_item", external_id: "T-1", provider: "zendesk", environment: "staging" },
};
const about = { region: "eu", call_id: "call_1", tool_type: "function" };

describe("withTool", () => {
  test("asks for the action, then tells the call with its outcome, then that it is done", async () => {
    const { server } = await inRun((apie) => apie.withTool(TOOL, () => "result"));
    expect(allSaid(server)).toEqual([
      { type: "agent.action.requested", ...target, metadata: about },
      {
        type: "agent.tool.called",
        ...target,
        metadata: { ...about, duration_ms: "ms", outcome: "completed" },
      },
      {
        type: "agent.action.completed",
        ...target,
        metadata: { ...about, duration_ms: "ms", result: { status: "completed" } },
      },
    ]);
  });

  test("that fails says so in both, and the error by its class", async () => {
    const { server } = await inRun((apie) => apie.withTool(TOOL, fail));
    expect(allSaid(server)).toEqual([
      { type: "agent.action.requested", ...target, metadata: about },
      { type: "agent.tool.called", ...target, metadata: { ...about, duration_ms: "ms", outcome: "failed" } },
      {
        type: "agent.action.failed",
        ...target,
        error: { message: "Refused" },
        metadata: { ...about, duration_ms: "ms" },
      },
    ]);
  });

  test("that names no action and no resource executes the tool on something unknown", async () => {
    const { server } = await inRun((apie) => apie.withTool({ tool: { name: "search" } }, () => 1));
    const bare = {
      agent_key: "support",
      environment: "prod",
      tool: { name: "search" },
      action: { type: "execute", name: "search" },
      resource: { type: "unknown" },
    };
    expect(allSaid(server).map(({ metadata, ...event }) => event)).toEqual([
      { type: "agent.action.requested", ...bare },
      { type: "agent.tool.called", ...bare },
      { type: "agent.action.completed", ...bare },
    ]);
  });

  test("shows arguments and result where content is captured", async () => {
    const { server } = await inRun((apie) => apie.withTool(TOOL, () => "the result"), {
      captureContent: true,
    });
    const [requested, called, completed] = server.events.map(metadataOf);
    expect(JSON.stringify(requested?.arguments)).toContain("refund");
    expect(called).not.toHaveProperty("arguments");
    expect(completed?.result).toEqual({ status: "completed", value: "the result" });
  });

  test("opens at its start, before the callback has run", async () => {
    const { apie, server } = await apiSetup();
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const working = apie.withRun({}, () => apie.withTool(TOOL, () => finished));
    await delivered(apie);
    expect(server.types).toEqual(["agent.action.requested"]);
    finish();
    await working;
    await delivered(apie);
    expect(server.types).toEqual(["agent.action.requested", "agent.tool.called", "agent.action.completed"]);
  });
});

describe("withLlmCall", () => {
  const { inputSummary: _summary, ...input } = LLM;
  const call = {
    messages: 1,
    provider: "openai",
    model: "gpt-4o",
    operation: "chat",
    purpose: "answer",
    prompt_hash: "sha256:1",
  };
  const common = {
    agent_key: "support",
    environment: "prod",
    event_category: "llm",
    metadata: { region: "eu" },
  };

  test("tells the call, then the answer with its usage", async () => {
    const { apie, server } = await inRun((client) =>
      client.withLlmCall(input, (call) => {
        call.setUsage({
          inputTokens: 10,
          outputTokens: 5,
          cacheReadTokens: 4,
          cacheWriteTokens: 1,
          reasoningTokens: 2,
        });
        call.setResponse({ model: "gpt-4o-2024", id: "resp_1", finishReason: "tool_calls", output: "hi" });
        call.setResponse({ cost: { amount: 0.5 } });
      }),
    );
    const usage = { input: 10, output: 5, total: 15, cache_read: 4, cache_write: 1, reasoning: 2 };
    expect(allSaid(server)).toEqual([
      { type: "agent.llm.called", ...common, payload_summary: call },
      {
        type: "agent.llm.completed",
        ...common,
        payload_summary: {
          ...call,
          response_model: "gpt-4o-2024",
          response_id: "resp_1",
          finish_reason: "tool_call",
          usage,
          duration_ms: "ms",
          cost: { amount: 0.5, currency: "USD" },
        },
      },
    ]);
    expect(apie.queueDiagnostics().openRuns).toBe(0);
    expect(metadataOf(only(runsAt(server)).completion ?? {})).toMatchObject({ usage, llm_calls: 1 });
  });

  test("that fails tells what it used until then", async () => {
    const { server } = await inRun((apie) =>
      apie.withLlmCall(input, (call) => {
        call.setUsage({ inputTokens: 3 });
        fail();
      }),
    );
    expect(allSaid(server).slice(1)).toEqual([
      {
        type: "agent.llm.failed",
        ...common,
        payload_summary: { ...call, usage: { input: 3, total: 3 }, duration_ms: "ms" },
        error: { message: "Refused" },
      },
    ]);
  });

  test("of a stream tells when the first piece came", async () => {
    const { server } = await inRun(async (apie) => {
      const stream = await apie.withLlmCall({ ...input, stream: true }, async function* () {
        yield "a";
        yield "b";
      });
      for await (const _piece of stream);
    });
    expect(server.events.map(({ payload_summary }) => payload_summary)).toEqual([
      { ...call, stream: true },
      { ...call, stream: true, ttft_ms: expect.any(Number), duration_ms: expect.any(Number) },
    ]);
  });

  test("shows messages where content is captured", async () => {
    const { server } = await inRun(
      (apie) => apie.withLlmCall(input, (call) => call.setResponse({ output: "the answer" })),
      { captureContent: true },
    );
    const [, completed] = server.events;
    expect(JSON.stringify(completed?.payload_summary)).toContain("hello");
    expect(completed?.payload_summary).toMatchObject({ output: "the answer" });
  });

  test("usage is counted once: on the call, and over the run's calls", async () => {
    const { server } = await inRun(async (apie) => {
      for (const tokens of [10, 20]) {
        await apie.withLlmCall(input, (call) => {
          call.setUsage({ inputTokens: 999 });
          call.setUsage({ inputTokens: tokens, outputTokens: 1 });
        });
      }
    });
    const run = only(runsAt(server));
    expect(metadataOf(run.completion ?? {})).toMatchObject({
      usage: { input: 30, output: 2, total: 32 },
      llm_calls: 2,
    });
    const told = server.eventsOf("agent.llm.completed").map((event) => event.payload_summary);
    expect(told).toMatchObject([{ usage: { input: 10 } }, { usage: { input: 20 } }]);
    expect(
      server.eventsOf("agent.llm.called").some((event) => "usage" in Object(event.payload_summary)),
    ).toBe(false);
  });
});

describe("MCP", () => {
  const common = { agent_key: "support", environment: "prod", event_category: "mcp" };
  const call = { server: "files", tool: "read_file", method: "tools/call" };

  test("withMcpCall tells the request and its end, and no tool call", async () => {
    const { server } = await inRun((apie) =>
      apie.withMcpCall({ server: "files", tool: "read_file", stepName: "Read", metadata: { a: 1 } }, () => 1),
    );
    const step = { step_name: "Read" };
    expect(allSaid(server)).toEqual([
      { type: "agent.mcp.called", ...common, ...step, payload_summary: call, metadata: { a: 1 } },
      {
        type: "agent.mcp.completed",
        ...common,
        ...step,
        payload_summary: { ...call, duration_ms: "ms" },
        metadata: { a: 1 },
      },
    ]);
  });

  test("withMcpCall that fails", async () => {
    const { server } = await inRun((apie) => apie.withMcpCall({ server: "files", tool: "read_file" }, fail));
    expect(allSaid(server).slice(1)).toEqual([
      {
        type: "agent.mcp.failed",
        ...common,
        payload_summary: { ...call, duration_ms: "ms" },
        error: { message: "Refused" },
      },
    ]);
  });

  test("tools/list tells the tools", async () => {
    const { server } = await inRun((apie) =>
      apie.withMcpCall({ server: "files", serverVersion: "1.0", method: "tools/list" }, (call) =>
        call.setTools(["a", "b"]),
      ),
    );
    expect(allSaid(server)).toEqual([
      {
        type: "agent.mcp.tools_listed",
        ...common,
        step_name: "files.tools_list",
        payload_summary: { server: "files", tool_count: 2, tools: ["a", "b"] },
        metadata: { mcp: { server: "files", server_version: "1.0", tools: ["a", "b"] } },
      },
    ]);
  });

  test.each([
    [
      "its result, when nobody names them",
      { tools: [{ name: "a" }, { name: "b" }] },
      { tool_count: 2, tools: ["a", "b"] },
    ],
    ["nothing, when that is no list of tools", { tools: "many" }, {}],
  ])("tools/list reads the tools of %s", async (_where, result, tools) => {
    const { server } = await inRun((apie) =>
      apie.withMcpCall({ server: "files", method: "tools/list" }, () => result),
    );
    expect(only(server.events).payload_summary).toEqual({ server: "files", ...tools });
  });

  test("withMcpToolCall tells the tool call around the request", async () => {
    const { server } = await inRun((apie) => apie.withMcpToolCall(MCP_TOOL, () => 1));
    const tool = {
      agent_key: "support",
      environment: "staging",
      tool: { name: "files.read_file", provider: "mcp", risk_level: "medium" },
      action: { type: "read", name: "read_file", risk_level: "medium" },
      resource: { type: "file", external_id: "a.txt", provider: "disk", environment: "staging" },
    };
    const request = {
      ...common,
      payload_summary: { ...call, action_type: "read", resource_type: "file", environment: "staging" },
      metadata: { region: "eu" },
    };
    const said = allSaid(server);
    expect(said.map(({ type }) => type)).toEqual([
      "agent.action.requested",
      "agent.mcp.called",
      "agent.mcp.completed",
      "agent.tool.called",
      "agent.action.completed",
    ]);
    expect(said[0]).toMatchObject(tool);
    expect(said[1]).toEqual({ type: "agent.mcp.called", ...request });
    expect(said[3]).toMatchObject({ ...tool, metadata: { outcome: "completed", call_id: "call_2" } });
  });

  test("withMcpToolCall fills in what the vendor's fills in", async () => {
    const { server } = await inRun((apie) =>
      apie.withMcpToolCall({ server: "files", tool: "read" }, () => 1),
    );
    expect(server.events[0]).toMatchObject({
      tool: { name: "files.read", provider: "mcp", risk_level: "medium" },
      action: { type: "execute", name: "files.read", risk_level: "medium" },
      resource: { type: "internal_api" },
    });
  });

  test("a tool that answers with isError has failed, and its answer is handed on", async () => {
    const answer = { isError: true, content: [{ type: "text", text: "no such file" }] };
    const { server, seen } = await inRun(async (apie) =>
      expect(await apie.withMcpToolCall({ server: "files", tool: "read" }, () => answer)).toBe(answer),
    );
    expect(server.types.slice(2)).toEqual(["agent.mcp.failed", "agent.tool.called", "agent.action.failed"]);
    expect(server.events.at(-1)?.error).toEqual({ message: "tool_error" });
    expect(seen.one("tools/call read").attributes["error.type"]).toBe("tool_error");
    expect(only(runsAt(server)).completion?.status).toBe("completed");
  });
});

describe("withWorkflowStep", () => {
  const step = {
    agent_key: "support",
    environment: "prod",
    event_category: "workflow",
    step_key: "gather",
    step_name: "Gather facts",
    step_index: 2,
  };

  test("tells its start and its end", async () => {
    const { server } = await inRun((apie) => apie.withWorkflowStep(STEP, () => 1));
    expect(allSaid(server)).toEqual([
      {
        type: "agent.workflow.step.started",
        ...step,
        payload_summary: { kind: "retrieval", sources: 2 },
        metadata: { region: "eu" },
      },
      { type: "agent.workflow.step.completed", ...step, metadata: { region: "eu", duration_ms: "ms" } },
    ]);
  });

  test("that fails", async () => {
    const { server } = await inRun((apie) => apie.withWorkflowStep(STEP, fail));
    expect(allSaid(server)[1]).toEqual({
      type: "agent.workflow.step.failed",
      ...step,
      error: { message: "Refused" },
      metadata: { region: "eu", duration_ms: "ms" },
    });
  });

  test("makes its key of its name, and marks everything inside", async () => {
    const { server } = await inRun((apie) =>
      apie.withWorkflowStep({ stepName: "Größe prüfen" }, () =>
        apie.withTool({ tool: { name: "a" } }, () => apie.track({ type: "noted" })),
      ),
    );
    expect(new Set(server.events.map((event) => `${event.step_key}: ${event.step_name}`))).toEqual(
      new Set(["große-prufen: Größe prüfen"]),
    );
  });

  test("the inner of two steps counts, and a step named on the work itself before both", async () => {
    const { server } = await inRun((apie) =>
      apie.withWorkflowStep({ stepName: "Outer" }, () =>
        apie.withWorkflowStep({ stepName: "Inner", stepIndex: 1 }, () => {
          apie.track({ type: "in.inner" });
          apie.track({ type: "in.named", stepKey: "own", stepName: "Own" });
        }),
      ),
    );
    expect(server.eventsOf("in.inner")).toMatchObject([{ step_key: "inner", step_index: 1 }]);
    expect(server.eventsOf("in.named")).toMatchObject([{ step_key: "own", step_name: "Own" }]);
  });

  test("a child run started in a step is a part of it", async () => {
    const { server } = await inRun((apie) =>
      apie.withWorkflowStep({ stepName: "Delegate", stepIndex: 3 }, () => apie.withChildRun({}, () => 1)),
    );
    expect(runsAt(server)[1]?.opening).toMatchObject({
      step_key: "delegate",
      step_name: "Delegate",
      step_index: 3,
    });
  });
});

describe("actions, resources, approvals and events told in passing", () => {
  const where = {
    agent_key: "support",
    environment: "staging",
    action: { type: "update", name: "close_ticket", risk_level: "medium" },
    resource: { type: "work_item", external_id: "T-1", provider: "zendesk", environment: "staging" },
  };
  const tool = { name: "zendesk", provider: "zendesk", risk_level: "low" };

  test.each([
    ["agent.action.requested", (apie: Apie) => apie.trackActionRequested(ACTION), { tool }],
    [
      "agent.action.completed",
      (apie: Apie) => apie.trackActionCompleted(ACTION),
      { tool, metadata: { result: { status: "completed" } } },
    ],
    [
      "agent.action.failed",
      (apie: Apie) => apie.trackActionFailed({ ...ACTION, error: new Refused("no") }),
      { tool, error: { message: "Refused" } },
    ],
    ["agent.resource.touched", (apie: Apie) => apie.trackResourceTouched(ACTION), {}],
  ])("%s", async (type, tell, more) => {
    const { server } = await inRun((apie) => tell(apie));
    expect(only(server.events)).toMatchObject({ type, ...where, ...more, metadata: { region: "eu" } });
  });

  test("trackToolCall", async () => {
    const { server } = await inRun((apie) => apie.trackToolCall(TOOL));
    expect(only(server.events)).toMatchObject({ type: "agent.tool.called", ...target, metadata: about });
  });

  test("the risk of an action may be said beside it", async () => {
    const { server } = await inRun((apie) =>
      apie.trackActionRequested({
        action: { type: "delete", name: "drop" },
        resource: { type: "file" },
        riskLevel: "high",
      }),
    );
    expect(only(server.events).action).toEqual({ type: "delete", name: "drop", risk_level: "high" });
  });

  test("an approval is asked for and resolved", async () => {
    const { server } = await inRun((apie) => {
      apie.trackApprovalRequested(APPROVAL);
      apie.trackApprovalResolved({ approvalId: "appr_1", status: "rejected", resolvedBy: "Ada" });
    });
    expect(allSaid(server)).toEqual([
      {
        type: "agent.approval.requested",
        agent_key: "support",
        environment: "prod",
        action: { type: "delete", name: "delete_user", risk_level: "critical" },
        resource: { type: "database_record", external_id: "U-1" },
        approval: { approval_id: "appr_1", status: "pending" },
        metadata: { approval_id: "appr_1", reason: "it cannot be undone" },
      },
      {
        type: "agent.approval.resolved",
        agent_key: "support",
        environment: "prod",
        approval: { approval_id: "appr_1", status: "rejected" },
        metadata: { approval_id: "appr_1", status: "rejected" },
      },
    ]);
  });

  test("an event of one's own carries its payload as metadata", async () => {
    const { server } = await inRun((apie) =>
      apie.track({
        type: "cart.filled",
        payload: { items: 2, nested: { a: [1] } },
        metadata: { region: "eu" },
      }),
    );
    expect(allSaid(server)).toEqual([
      {
        type: "cart.filled",
        agent_key: "support",
        environment: "prod",
        metadata: { items: 2, nested: { a: [1] }, region: "eu" },
      },
    ]);
  });

  test("an event of one's own cannot bear a name of the protocol", async () => {
    const problems: string[] = [];
    const { server } = await inRun((apie) => apie.track({ type: "agent.guardrail.evaluated" }), {
      onError: (error) => problems.push(error.message),
    });
    expect(server.types).toEqual(["custom.agent.guardrail.evaluated"]);
    expect(only(problems)).toContain("track: type");
  });

  test("an error that does not end the run", async () => {
    const { server } = await inRun((apie) => {
      apie.captureError({ error: new Refused("no"), metadata: { region: "eu" } });
      apie.captureError({ error: new RangeError("no"), handled: false });
    });
    const common = { agent_key: "support", environment: "prod", type: "agent.error" };
    expect(allSaid(server)).toEqual([
      {
        ...common,
        error: { message: "Refused" },
        metadata: { region: "eu", error_type: "Refused", handled: true },
      },
      { ...common, error: { message: "RangeError" }, metadata: { error_type: "RangeError", handled: false } },
    ]);
    expect(only(runsAt(server)).completion?.status).toBe("completed");
  });

  test("outside of any run they are told all the same", async () => {
    const { apie, server } = await apiSetup();
    apie.track({ type: "alone" });
    await apie.withSession({}, () => apie.track({ type: "in.session" }));
    await delivered(apie);
    const [alone, inSession] = server.events;
    expect(alone).toMatchObject({ type: "alone" });
    expect(alone).not.toHaveProperty("run_id");
    expect(alone).not.toHaveProperty("session_id");
    expect(inSession).toMatchObject({ type: "in.session", session_id: expect.stringMatching(/^ses_/) });
    expect(inSession).not.toHaveProperty("run_id");
  });
});

describe("the envelope", () => {
  test("ties each event to its span, its agent and the work above it", async () => {
    const { server, seen } = await inRun((apie) =>
      apie.withTool({ tool: { name: "outer" } }, () => apie.withTool({ tool: { name: "inner" } }, () => 1)),
    );
    const [outer, inner] = server.eventsOf("agent.action.requested");
    const span = seen.one("execute_tool inner");
    expect(metadataOf(inner ?? {}).otel).toEqual({
      trace_id: span.traceId,
      span_id: span.spanId,
      parent_span_id: seen.one("execute_tool outer").spanId,
      span_name: "execute_tool inner",
      scope: "apie-otel",
      convention: "apie",
      start: inner?.timestamp,
    });
    expect(inner?.parent_event_id).toBe(outer?.event_id);
    expect(outer).not.toHaveProperty("parent_event_id");
    expect(inner).toMatchObject({ agent_id: "agt_1", agent_version_id: "ver_1", agent_key: "support" });
    expect(server.events.map((event) => event.sequence_number)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("opening events bear the start's time, closing ones the end's", async () => {
    const { server, seen } = await inRun((apie) =>
      apie.withTool(TOOL, () => new Promise((resolve) => setTimeout(resolve, 5))),
    );
    const { span } = seen.one("execute_tool search");
    const iso = ([seconds, nanos]: readonly [number, number]) =>
      new Date(seconds * 1_000 + nanos / 1_000_000).toISOString();
    const [requested, called, completed] = server.events;
    expect(requested?.timestamp).toBe(iso(span.startTime));
    expect([called?.timestamp, completed?.timestamp]).toEqual([iso(span.endTime), iso(span.endTime)]);
  });

  test("numbers the events of a session over all its runs", async () => {
    const { apie, server } = await apiSetup();
    await apie.withSession({}, async () => {
      await apie.withRun({}, () => apie.track({ type: "one" }));
      await apie.withRun({}, () => apie.track({ type: "two" }));
    });
    await delivered(apie);
    const numbers = server.events.map((event) => [
      event.type,
      event.sequence_number,
      event.session_sequence_number,
    ]);
    expect(numbers.sort()).toEqual([
      ["one", 1, 1],
      ["two", 1, 2],
    ]);
  });
});
