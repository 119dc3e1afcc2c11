/**
 * LangChain and LangGraph (`@langchain/core`): their tools behind guardrails. What the agents do is seen by the processor
 * through OpenInference or another instrumentation; a callback handler could not stop a tool in time.
 */
import type { ToolClient } from "./client.ts";
import { type GuardedToolOptions, memberOf, toolInputOf } from "./described.ts";

/**
 * A `StructuredTool`, as far as can be said here: `_call`, which is what every one of them does in the end, is protected. A
 * runnable made a tool (`asTool()`) has none.
 */
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
  options: GuardedToolOptions = {},
): { -readonly [Index in keyof Tools]: Tools[Index] } {
  return tools.map((tool) => guardedTool(apie, tool, options)) as {
    -readonly [Index in keyof Tools]: Tools[Index];
  };
}

function guardedTool<Tool extends LangChainTool>(
  apie: ToolClient,
  tool: Tool,
  options: GuardedToolOptions,
): Tool {
  const { _call: own } = tool as unknown as { _call?: unknown };
  const guarded = async (input: unknown, config: unknown, call: () => unknown): Promise<unknown> => {
    const about = { input, callId: callIdIn(config), signal: memberOf(config, "signal") };
    return apie.withTool(toolInputOf(apie, tool.name, about, options), call);
  };
  const call: Call = (input, runManager, config) =>
    guarded(input, config, () => (own as Call).call(tool, input, runManager, config));
  const invoke = (input: unknown, config: unknown): Promise<unknown> => {
    const { args = input, id } = (memberOf(input, "type") === "tool_call" ? input : {}) as ToolCall;
    return guarded(args, { signal: memberOf(config, "signal"), toolCall: { id } }, () =>
      (tool.invoke as (...given: unknown[]) => unknown).call(tool, input, config),
    );
  };
  const [name, value] = typeof own === "function" ? ["_call", call] : ["invoke", invoke];
  // All else is the tool's own, its schema and its callbacks included.
  return Object.create(tool, { [name]: { value, writable: true, configurable: true } }) as Tool;
}

interface ToolCall {
  args?: unknown;
  id?: unknown;
}

function callIdIn(config: unknown): string | undefined {
  const id = memberOf(memberOf(config, "toolCall"), "id");
  return typeof id === "string" ? id : undefined;
}
