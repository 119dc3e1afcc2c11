/**
 * LangChain and LangGraph (`@langchain/core`): their tools behind guardrails. What the agents do is seen by the processor
 * through OpenInference or another instrumentation; a callback handler could not stop a tool in time.
 */
import type { ToolClient } from "./client.ts";
import { type ToolOptions, toolInputOf } from "./described.ts";

/** A `StructuredTool`, as far as can be said here: `_call`, which is what every kind of tool does in the end, is protected. */
interface LangChainTool {
  name: string;
  invoke(...parameters: never[]): unknown;
}

type Call = (input: unknown, runManager: unknown, config: unknown) => unknown;

/**
 * The same tools, each call of which is guarded and told as `withTool`. A call that is blocked or not approved fails;
 * LangGraph's `ToolNode` hands that to the model as the tool's error.
 *
 * @example createReactAgent({ llm, tools: guardLangChainTools(apie, [search, deploy]) })
 */
export function guardLangChainTools<const Tools extends readonly LangChainTool[]>(
  apie: ToolClient,
  tools: Tools,
  options: ToolOptions = {},
): { -readonly [Index in keyof Tools]: Tools[Index] } {
  return tools.map((tool) => guardedTool(apie, tool, options)) as {
    -readonly [Index in keyof Tools]: Tools[Index];
  };
}

function guardedTool<Tool extends LangChainTool>(apie: ToolClient, tool: Tool, options: ToolOptions): Tool {
  const call: Call = (input, runManager, config) =>
    apie.withTool(toolInputOf(tool.name, { input, callId: callIdIn(config) }, options), () =>
      (tool as unknown as { _call: Call })._call.call(tool, input, runManager, config),
    );
  // All else is the tool's own, its schema and its callbacks included.
  return Object.create(tool, { _call: { value: call, writable: true, configurable: true } }) as Tool;
}

function callIdIn(config: unknown): string | undefined {
  const id = (config as { toolCall?: { id?: unknown } } | undefined)?.toolCall?.id;
  return typeof id === "string" ? id : undefined;
}
