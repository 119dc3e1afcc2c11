/**
 * Requests to MCP servers as `@traceloop/instrumentation-mcp` writes them: `<tool>.tool`, `<method>.mcp`, and around them
 * `mcp.client.session`. The name is all that is known at the start.
 */
import { SpanKind } from "@opentelemetry/api";
import type { Activity, McpFacts } from "../../model/activity.ts";
import type { SpanView } from "../../model/convention.ts";
import type { AttributesLike } from "../../model/span.ts";
import { failureOf } from "../failure.ts";
import { METHODS } from "../otel-mcp/index.ts";
import { parseObject, parseText, parseToolName } from "../read.ts";

const TOOL = ".tool";
const METHOD = ".mcp";
/** The server's name is only in the answer to `initialize`, which is another span. */
const SERVER = "mcp";

const NONE: Activity = { kind: "none", convention: "traceloop" };

/** A failing tool has a status and no exception; `tool_error` is what OpenTelemetry calls it. */
function failureOfCall({ span, phase }: SpanView): Activity["error"] {
  const failure = phase === "end" ? failureOf(span) : undefined;
  return failure?.type === "Error" ? { ...failure, type: "tool_error" } : failure;
}

function toolNames(attributes: AttributesLike): string[] | undefined {
  const tools = parseObject(attributes["traceloop.entity.output"])?.tools;
  if (!Array.isArray(tools)) return undefined;
  return tools
    .map((tool: unknown) => parseToolName((tool as { name?: unknown } | null)?.name))
    .filter((name) => name !== undefined);
}

/** What the methods that become events tell beyond their name. */
const DETAILS: Readonly<Record<string, (attributes: AttributesLike) => McpFacts>> = {
  "tools/list": (attributes) => ({ toolNames: toolNames(attributes) }),
  "resources/read": (attributes) => ({
    resourceUri: parseText(parseObject(attributes["traceloop.entity.input"])?.uri),
  }),
};

export function readMcp(view: SpanView): Activity {
  const { attributes, name } = view;
  if (view.span.kind === SpanKind.SERVER) return NONE;
  if (name.endsWith(TOOL)) {
    const toolName = parseText(attributes["traceloop.entity.name"]) ?? name.slice(0, -TOOL.length);
    return {
      kind: "mcp",
      convention: "traceloop",
      mcp: { method: "tools/call", server: SERVER, toolName, alsoTool: true },
      tool: { name: toolName, provider: "mcp" },
      error: failureOfCall(view),
    };
  }
  const method = name.endsWith(METHOD) ? name.slice(0, -METHOD.length) : name;
  if (!METHODS.has(method)) return NONE;
  return {
    kind: "mcp",
    convention: "traceloop",
    mcp: { ...DETAILS[method]?.(attributes), method, server: SERVER },
    error: failureOfCall(view),
  };
}
