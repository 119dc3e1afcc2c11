/**
 * OpenAI Agents (`@openai/agents`): its function tools behind guardrails. What the agents do is seen by the processor through
 * the library's tracing.
 */
import type { ToolClient } from "./client.ts";
import { type GuardedToolOptions, memberOf, toolInputOf } from "./described.ts";

/** A tool made by `tool()`, as far as it is called. Others have no `invoke`: hosted tools, which run elsewhere, and those of `HANDS`. */
interface AgentTool {
  name?: unknown;
  invoke?: unknown;
}

/** Tools that run in this process without `invoke`: which of their members does it, by which methods. */
const HANDS: Readonly<Record<string, { member: string; methods: readonly string[] }>> = {
  shell: { member: "shell", methods: ["run"] },
  apply_patch: { member: "editor", methods: ["createFile", "updateFile", "deleteFile"] },
};

type Invoke = (context: unknown, input: string, details?: unknown) => Promise<unknown>;

export interface AgentToolOptions extends GuardedToolOptions {
  /**
   * What becomes of a call that was not allowed: `tell` (default) the model, as the tool's answer, or `throw`, which ends the
   * run.
   */
  onStopped?: "tell" | "throw" | undefined;
}

/**
 * The same tools, each call of which is guarded and told as `withTool`: those made by `tool()`, and the acts of `shellTool()`
 * and `applyPatchTool()`. Hosted tools run elsewhere, and what a `computerTool()` does is not guarded.
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
  if (typeof name !== "string") return tool;
  if (typeof invoke !== "function") return withGuardedHands(apie, tool, name, options);
  const guarded: Invoke = async (context, input, details) => {
    const call = { input: parsed(input), callId: callIdIn(details), signal: memberOf(details, "signal") };
    try {
      const about = toolInputOf(apie, name, call, options);
      return await apie.withTool(about, () => (invoke as Invoke).call(tool, context, input, details));
    } catch (error) {
      if (options.onStopped === "throw" || !isStopped(error)) throw error;
      return error.message;
    }
  };
  return { ...tool, invoke: guarded };
}

/** Each of its acts is a call of the tool. What is not allowed fails, and the library tells the model why. */
function withGuardedHands(
  apie: ToolClient,
  tool: AgentTool,
  name: string,
  options: GuardedToolOptions,
): AgentTool {
  const type = memberOf(tool, "type");
  const known = typeof type === "string" && Object.hasOwn(HANDS, type) ? HANDS[type] : undefined;
  const hands = known === undefined ? undefined : memberOf(tool, known.member);
  if (known === undefined || typeof hands !== "object" || hands === null) return tool;
  const guarded = known.methods.map((method) => {
    const value = async (input: unknown, ...rest: unknown[]): Promise<unknown> =>
      apie.withTool(toolInputOf(apie, name, { input }, options), () =>
        (memberOf(hands, method) as (...given: unknown[]) => unknown).call(hands, input, ...rest),
      );
    return [method, { value, writable: true, configurable: true }];
  });
  return { ...tool, [known.member]: Object.create(hands, Object.fromEntries(guarded)) };
}

/** By name: the client may be of the other build of this package, ES modules or CommonJS. */
const STOPPED: ReadonlySet<string> = new Set([
  "GuardrailBlockedError",
  "ApprovalDeniedError",
  "ApprovalPendingError",
]);

const isStopped = (error: unknown): error is Error => error instanceof Error && STOPPED.has(error.name);

function callIdIn(details: unknown): string | undefined {
  const id = memberOf(memberOf(details, "toolCall"), "callId");
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
