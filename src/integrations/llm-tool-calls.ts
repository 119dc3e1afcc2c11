/**
 * Tool calls that a model asked for, in the shape its API gives them: guarded and told as `withTool`, under the id the model
 * gave the call (docs.apie.sh, integrations/llm-tool-calls).
 */
import type { CommonInput, GuardFields, RiskLevel, ToolInput } from "../index.ts";
import type { ToolClient } from "./client.ts";

export interface ToolCallInput extends CommonInput, GuardFields {
  /** Default: the name in `toolCall`. */
  toolName?: string | undefined;
  /** What the model answered: its name, id and arguments are read from it. */
  toolCall?: ModelToolCall | undefined;
  /** Recorded only with `captureContent`. Default: those in `toolCall`. */
  arguments?: unknown;
  /** Default `execute`. */
  actionType?: string | undefined;
  /** Default: the tool's name. */
  actionName?: string | undefined;
  /** Default `llm_tool`. */
  resourceType?: string | undefined;
  resourceId?: string | undefined;
  resourceProvider?: string | undefined;
  /** Environment of the resource. */
  environment?: string | undefined;
  /** Default `medium`. */
  riskLevel?: RiskLevel | undefined;
}

/** A tool call as OpenAI's Chat Completions and Responses, or Anthropic's Messages, answer it. */
export interface ModelToolCall {
  /** Chat Completions and Messages. */
  id?: string | undefined;
  /** Responses. */
  call_id?: string | undefined;
  /** Responses and Messages. */
  name?: string | undefined;
  /** Responses: JSON text. */
  arguments?: unknown;
  /** Messages. */
  input?: unknown;
  /** Chat Completions. */
  function?: { name?: string | undefined; arguments?: unknown } | undefined;
  /** Chat Completions, of a custom tool. */
  custom?: { name?: string | undefined; input?: unknown } | undefined;
}

/** Runs a tool that OpenAI's API asked for. @throws as `withTool`. */
export function withOpenAIToolCall<T>(
  apie: ToolClient,
  input: ToolCallInput,
  fn: () => T | PromiseLike<T>,
): Promise<T> {
  return withToolCallGuard(apie, { ...input, provider: "openai" }, fn);
}

/** Runs a tool that Anthropic's API asked for. @throws as `withTool`. */
export function withAnthropicToolCall<T>(
  apie: ToolClient,
  input: ToolCallInput,
  fn: () => T | PromiseLike<T>,
): Promise<T> {
  return withToolCallGuard(apie, { ...input, provider: "anthropic" }, fn);
}

/** Runs a tool that any model asked for. @param input.provider who provides the tool. @throws as `withTool`. */
export function withToolCallGuard<T>(
  apie: ToolClient,
  input: ToolCallInput & { provider?: string | undefined },
  fn: () => T | PromiseLike<T>,
): Promise<T> {
  return apie.withTool(toolInput(input), fn);
}

function toolInput(input: ToolCallInput & { provider?: string | undefined }): ToolInput {
  const {
    toolCall,
    toolName,
    provider,
    actionType,
    actionName,
    resourceType,
    resourceId,
    resourceProvider,
    environment,
    riskLevel = "medium",
    ...common
  } = input;
  const called: Pick<ModelToolCall, "name" | "arguments" | "input"> | undefined =
    toolCall?.function ?? toolCall?.custom ?? toolCall;
  const name = toolName ?? called?.name ?? "";
  return {
    ...common,
    arguments: input.arguments ?? called?.arguments ?? called?.input,
    tool: { name, provider, riskLevel, callId: toolCall?.call_id ?? toolCall?.id },
    action: { type: actionType ?? "execute", name: actionName ?? name, riskLevel },
    resource: {
      type: resourceType ?? "llm_tool",
      externalId: resourceId,
      provider: resourceProvider,
      environment,
    },
  };
}
