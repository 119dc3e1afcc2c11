/** OpenTelemetry MCP: client and server spans of Model Context Protocol requests, recognised by `mcp.method.name`. */
import { SpanKind } from "@opentelemetry/api";
import type { Activity, McpFacts, ToolFacts } from "../../model/activity.ts";
import type { Convention, SpanView } from "../../model/convention.ts";
import { errorType, failureOf } from "../failure.ts";
import { as, count, parseText, reader, readField, text, texts } from "../read.ts";

/** Methods that become events; the others (initialize, ping, prompts, …) are plumbing. */
export const METHODS: ReadonlySet<string> = new Set(["tools/call", "tools/list", "resources/read"]);

const readMcp = reader<McpFacts>({
  server: text("agent.mcp.server.name", "mcp.server.name"),
  serverVersion: text("agent.mcp.server.version", "mcp.server.version"),
  toolName: text("gen_ai.tool.name", "mcp.tool.name"),
  toolCount: count("agent.mcp.tool.count"),
  toolNames: texts("agent.mcp.tool.names"),
  resourceUri: text("mcp.resource.uri"),
  sessionId: text("mcp.session.id"),
});

/** No attribute exists for the server's name; its address is the next best. */
function serverOf({ attributes }: SpanView): string {
  const address = parseText(attributes["server.address"]);
  if (address === undefined) return "mcp";
  const port = parseText(attributes["server.port"]);
  return port === undefined ? address : `${address}:${port}`;
}

/** `tool_error`, or the code of JSON-RPC, which core renamed. */
const ERROR_CODE = as(errorType, "error.type", "rpc.response.status_code", "rpc.status_code");

function failureOfCall({ span, attributes }: SpanView): Activity["error"] {
  const failure = failureOf(span);
  return failure === undefined
    ? undefined
    : { ...failure, type: readField(ERROR_CODE, attributes) ?? failure.type };
}

/** `tools/call get_weather`: the target is in the span's name where no attribute has it. */
function toolNameOf({ name }: SpanView, method: string): string | undefined {
  return name.startsWith(`${method} `) ? parseText(name.slice(method.length + 1).trim()) : undefined;
}

function toolOf({ attributes }: SpanView, { toolName }: McpFacts): ToolFacts | undefined {
  if (toolName === undefined) return undefined;
  return { name: toolName, provider: "mcp", callId: parseText(attributes["gen_ai.tool.call.id"]) };
}

export const otelMcp: Convention = {
  name: "otel-mcp",
  read(view) {
    const method = view.attributes["mcp.method.name"];
    if (typeof method !== "string") return undefined;
    if (view.span.kind === SpanKind.SERVER || !METHODS.has(method))
      return { kind: "none", convention: "otel-mcp" };
    const facts = readMcp(view.attributes);
    const mcp: McpFacts = { ...facts, method, server: facts?.server ?? serverOf(view) };
    if (method === "tools/call") mcp.toolName ??= toolNameOf(view, method);
    const tool = method === "tools/call" ? toolOf(view, mcp) : undefined;
    return {
      kind: "mcp",
      convention: "otel-mcp",
      mcp: { ...mcp, alsoTool: tool !== undefined },
      tool,
      ...(view.phase === "end" ? { error: failureOfCall(view) } : {}),
    };
  },
  content({ attributes }) {
    return { input: attributes["gen_ai.tool.call.arguments"], output: attributes["gen_ai.tool.call.result"] };
  },
};
