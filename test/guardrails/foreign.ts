/** Spans as libraries with OTel GenAI and MCP instrumentation write them. */
import { context, SpanKind, trace } from "@opentelemetry/api";

/** An agent with two tool calls: one over MCP, and one of its own that is called `drop`. */
export function agentSpans(): void {
  const tracer = trace.getTracer("some-agent-library");
  const agent = tracer.startSpan("invoke_agent helper", {
    attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "helper" },
  });
  const within = trace.setSpan(context.active(), agent);
  const call = tracer.startSpan(
    "tools/call read",
    {
      kind: SpanKind.CLIENT,
      attributes: {
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": "read",
        "agent.mcp.server.name": "files",
        "gen_ai.operation.name": "execute_tool",
      },
    },
    within,
  );
  call.end();
  const tool = tracer.startSpan(
    "execute_tool drop",
    { attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "drop" } },
    within,
  );
  tool.end();
  agent.end();
}
