/**
 * Mastra (mastra.ai/docs/observability) through `@mastra/otel-bridge` or `@mastra/otel-exporter`: OTel GenAI keys under span
 * types of its own. All attributes, the session's among them, come at the end, and the span's name changes then; the first
 * name tells what it will be.
 */
import type { Activity, ActivityKind, ErrorFacts, ModelCallFacts } from "../../model/activity.ts";
import type { Convention, SpanView } from "../../model/convention.ts";
import { failureOf } from "../failure.ts";
import { readModelCall } from "../model-call.ts";
import { MODEL_CALL, messages, readAgent, toolContent, toolOf } from "../otel-gen-ai/facts.ts";
import { entryOf, parseText } from "../read.ts";

const convention = "mastra";
const TYPE = "mastra.span.type";

/** A model call is seen whole in `model_generation`; the steps, inferences and chunks within are its parts. */
export const TYPES: Readonly<Record<string, ActivityKind>> = {
  agent_run: "run",
  workflow_run: "run",
  workflow_step: "step",
  model_generation: "llm",
  llm_generation: "llm",
  model_step: "none",
  model_inference: "none",
  model_chunk: "none",
  llm_chunk: "none",
  tool_call: "tool",
  client_tool_call: "tool",
  provider_tool_call: "tool",
  mcp_tool_call: "mcp",
};

/** First words of the names spans start with: `tool: 'search'`. */
const NAMES: Readonly<Record<string, ActivityKind>> = {
  "agent run": "run",
  "workflow run": "run",
  "workflow step": "step",
  llm: "llm",
  tool: "tool",
  mcp_tool: "mcp",
};

/** The text in quotes after the first words: id of the agent, name of the tool or the model. */
const NAMED = /^[a-z_ ]+: '(?<id>[^']{1,256})'(?: on '(?<server>[^']{1,256})')?/;

type AtStart = (id: string, server: string | undefined) => Activity;

/** What the first name tells. */
const AT_START: Partial<Record<ActivityKind, AtStart>> = {
  run: (name) => ({ kind: "run", convention, agent: { name } }),
  step: (name) => ({ kind: "step", convention, step: { key: name, name, type: "task" } }),
  llm: (requestModel) => ({ kind: "llm", convention, llm: { operation: "chat", requestModel } }),
  tool: (name) => ({ kind: "tool", convention, tool: { name } }),
  mcp: (name, server) => mcpCall(name, server, undefined, undefined),
};

function mcpCall(
  toolName: string,
  server: string | undefined,
  serverVersion: string | undefined,
  error: ErrorFacts | undefined,
): Activity {
  return {
    kind: "mcp",
    convention,
    mcp: { method: "tools/call", server: server ?? "mcp", serverVersion, toolName, alsoTool: true },
    tool: { name: toolName, provider: "mcp" },
    error,
  };
}

/** A failed call ends with status OK: only its finish reason says so. */
const FAILED: ErrorFacts = { type: "Error" };

function modelCall({ attributes }: SpanView, error: ErrorFacts | undefined): Activity {
  const llm: ModelCallFacts = readModelCall(MODEL_CALL, attributes);
  const failed = llm.finishReason === "error" ? FAILED : undefined;
  return { kind: "llm", convention, llm, error: error ?? failed };
}

type AtEnd = (view: SpanView, error: ErrorFacts | undefined) => Activity;

const nameOf = ({ attributes, name }: SpanView): string | undefined =>
  parseText(attributes["gen_ai.agent.name"]) ?? parseText(attributes["gen_ai.workflow.name"]) ?? lastOf(name);

/** `invoke_agent Trip agent` */
function lastOf(name: string): string | undefined {
  const space = name.indexOf(" ");
  return space < 0 ? undefined : parseText(name.slice(space + 1));
}

const AT_END: Partial<Record<ActivityKind, AtEnd>> = {
  run: (view, error) => ({
    kind: "run",
    convention,
    agent: { ...readAgent(view.attributes), name: nameOf(view) },
    error,
  }),
  step: ({ name }, error) => {
    const step = lastOf(name) ?? name;
    return { kind: "step", convention, step: { key: step, name: step, type: "task" }, error };
  },
  llm: modelCall,
  tool: (view, error) => ({ kind: "tool", convention, tool: toolOf(view), error }),
  mcp: (view, error) =>
    mcpCall(
      toolOf(view).name,
      parseText(view.attributes["mastra.mcp_tool_call.server_name"] ?? view.attributes["server.address"]),
      parseText(view.attributes["mastra.mcp_tool_call.server_version"]),
      error,
    ),
};

function readAtStart({ name, scope }: SpanView): Activity | undefined {
  if (!scope.startsWith("@mastra/")) return undefined;
  const kind = entryOf(NAMES, name.slice(0, Math.max(0, name.indexOf(":"))));
  if (kind === undefined) return undefined;
  const { id, server } = NAMED.exec(name)?.groups ?? {};
  const activity = id === undefined ? undefined : AT_START[kind]?.(id, server);
  if (activity !== undefined) activity.provisional = true;
  return activity;
}

export const mastra: Convention = {
  name: convention,
  read(view) {
    const type = view.attributes[TYPE];
    if (typeof type !== "string") return view.phase === "start" ? readAtStart(view) : undefined;
    const kind = entryOf(TYPES, type);
    if (kind === undefined) return undefined;
    const error = view.phase === "end" ? failureOf(view.span) : undefined;
    return AT_END[kind]?.(view, error) ?? { kind, convention, error };
  },
  content({ attributes }, { kind }) {
    if (kind === "llm") return messages(attributes);
    const { input, output } = toolContent(attributes);
    const own = `mastra.${String(attributes[TYPE])}`;
    return { input: input ?? attributes[`${own}.input`], output: output ?? attributes[`${own}.output`] };
  },
};
