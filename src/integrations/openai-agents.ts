/**
 * OpenAI Agents (`@openai/agents`): its function tools behind guardrails. What the agents do is seen by the processor through
 * the library's tracing.
 */
import type { ToolClient } from "./client.ts";
import { type ToolOptions, toolInputOf } from "./described.ts";

/** A tool made by `tool()`, as far as it is called; hosted tools have no `invoke` and run elsewhere. */
interface AgentTool {
  name?: unknown;
  invoke?: unknown;
}

type Invoke = (context: unknown, input: string, details?: unknown) => Promise<unknown>;

export interface AgentToolOptions extends ToolOptions {
  /**
   * What becomes of a call that was not allowed: `tell` (default) the model, as the tool's answer, or `throw`, which ends the
   * run.
   */
  onStopped?: "tell" | "throw" | undefined;
}

/**
 * The same tools, each call of which is guarded and told as `withTool`.
 *
 * @example new Agent({ name: "Support", tools: guardAgentTools(apie, [search, refund]) })
 */
export function guardAgentTools<const Tools extends readonly AgentTool[]>(
  apie: ToolClient,
  tools: Tools,
  options: AgentToolOptions = {},
): { -readonly [Index in keyof Tools]: Tools[Index] } {
  return tools.map((tool) => guardedTool(apie, tool, options)) as {
    -readonly [Index in keyof Tools]: Tools[Index];
  };
}

function guardedTool(apie: ToolClient, tool: AgentTool, options: AgentToolOptions): AgentTool {
  const { invoke, name } = tool;
  if (typeof invoke !== "function" || typeof name !== "string") return tool;
  const guarded: Invoke = async (context, input, details) => {
    const about = toolInputOf(name, { input: parsed(input), callId: callIdIn(details) }, options);
    try {
      return await apie.withTool(about, () => (invoke as Invoke).call(tool, context, input, details));
    } catch (error) {
      if (options.onStopped === "throw" || !isStopped(error)) throw error;
      return error.message;
    }
  };
  return { ...tool, invoke: guarded };
}

/** By name: the client may be of the other build of this package, ES modules or CommonJS. */
const STOPPED: ReadonlySet<string> = new Set([
  "GuardrailBlockedError",
  "ApprovalDeniedError",
  "ApprovalPendingError",
]);

const isStopped = (error: unknown): error is Error => error instanceof Error && STOPPED.has(error.name);

function callIdIn(details: unknown): string | undefined {
  const id = (details as { toolCall?: { callId?: unknown } } | undefined)?.toolCall?.callId;
  return typeof id === "string" ? id : undefined;
}

/** The library hands arguments on as the model wrote them. */
function parsed(input: string): unknown {
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}
