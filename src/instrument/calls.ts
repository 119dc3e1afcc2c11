/** Tools, model calls, MCP requests and workflow steps: spans around a callback. */
import { SpanKind } from "@opentelemetry/api";
import { slug } from "../config/index.ts";
import type { Inferred } from "../conventions/index.ts";
import type { GuardDecision } from "../model/guard.ts";
import type { Scope, StepScope } from "../model/scope.ts";
import {
  AGENT_STEP_TYPE_VALUES,
  ATTR_AGENT_ACTION_NAME,
  ATTR_AGENT_ACTION_RESULT,
  ATTR_AGENT_ACTION_TYPE,
  ATTR_AGENT_LLM_INPUT_SUMMARY,
  ATTR_AGENT_LLM_PROMPT_HASH,
  ATTR_AGENT_LLM_PURPOSE,
  ATTR_AGENT_MCP_SERVER_NAME,
  ATTR_AGENT_MCP_SERVER_VERSION,
  ATTR_AGENT_MCP_TOOL_COUNT,
  ATTR_AGENT_MCP_TOOL_NAMES,
  ATTR_AGENT_STEP_KEY,
  ATTR_AGENT_STEP_NAME,
  ATTR_AGENT_STEP_TYPE,
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_REQUEST_STREAM,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_MCP_METHOD_NAME,
} from "../semconv/index.ts";
import { wholeNumber } from "./attributes.ts";
import { type Given, members, requireFunction } from "./given.ts";
import type { Guarding } from "./guarding.ts";
import type {
  GuardInput,
  LlmInput,
  McpInput,
  McpToolInput,
  ModelOperation,
  StepInput,
  ToolInput,
} from "./inputs.ts";
import type { LiveScopes } from "./live.ts";
import { LiveLlmCall, type LlmCall } from "./llm-call.ts";
import { rpcErrorOf, toolErrorIn, toolsIn } from "./mcp-result.ts";
import { outgoingMeta } from "./outgoing.ts";
import type { Runs } from "./runs.ts";
import type { SpanWriter } from "./writer.ts";

/** The request, as the callback of `withMcpCall` gets it. */
export interface McpCall {
  /**
   * To be merged into `params._meta` of the request, so that the server's work joins this run: `traceparent`, what the
   * registered propagator writes, and in `baggage` the ids of run and session where `baggage.write` names the server.
   */
  readonly meta: Readonly<Record<string, string>>;
  /** Tools a `tools/list` request gave. Default: those of the result the callback returns. */
  setTools(names: readonly string[]): void;
}

const MODEL_OPERATIONS = [
  "chat",
  "text_completion",
  "generate_content",
  "embeddings",
] as const satisfies ModelOperation[];
const MCP_TOOL_CALL = "tools/call";
const MCP_TOOL_LIST = "tools/list";
const MAX_TOOL_NAMES = 256;

export class CallSpans {
  readonly #writer: SpanWriter;
  readonly #live: LiveScopes;
  readonly #runs: Runs;
  readonly #guarding: Guarding | undefined;

  /** @param guarding absent while nothing is asked of Apie: then everything may begin. */
  constructor(writer: SpanWriter, live: LiveScopes, runs: Runs, guarding: Guarding | undefined) {
    this.#writer = writer;
    this.#live = live;
    this.#runs = runs;
    this.#guarding = guarding;
  }

  async withTool<T>(input: ToolInput, fn: () => T | PromiseLike<T>): Promise<T> {
    requireFunction("withTool", fn);
    return this.#tool(input, fn);
  }

  /** @param errorIn an error the result tells of, for tools that answer with theirs instead of throwing. */
  async #tool<T>(
    input: ToolInput,
    fn: () => T | PromiseLike<T>,
    errorIn: (result: T) => Error | undefined = () => undefined,
  ): Promise<T> {
    const writer = this.#writer;
    const given = members(input);
    const scope = this.#live.scopeFor(given);
    const name = writer.text.name(members(given.tool).name, "withTool: tool.name");
    const admitted = this.#guarding?.admit(
      { given: guarded(given, name, writer.host.infer?.(name)), scope, target: "tool_call" },
      given.guard,
    );
    // Without a guard to wait for, the tool begins in the caller's own turn.
    if (admitted !== undefined) await admitted;
    const work = writer.start({
      operation: "tool_call",
      name: `execute_tool ${name}`,
      scope,
      attributes: {
        ...writer.common(given, scope),
        ...writer.text.tool(given.tool ?? { name }),
        ...writer.text.target(given.action, given.resource),
        [ATTR_GEN_AI_TOOL_NAME]: name,
        [ATTR_GEN_AI_OPERATION_NAME]: "execute_tool",
        [ATTR_GEN_AI_TOOL_CALL_ARGUMENTS]: writer.content(given.arguments, "arguments"),
      },
    });
    const stats = this.#runs.statsOf(scope.run);
    if (stats !== undefined) stats.toolCalls += 1;
    return work.run(fn, (result) => {
      work.set({ [ATTR_GEN_AI_TOOL_CALL_RESULT]: writer.content(result, "result") });
      const error = errorIn(result);
      if (error !== undefined) work.fail(error);
    });
  }

  /** Work that is an action of the agent's own, always guarded. */
  async withGuard<T>(input: GuardInput, fn: () => T | PromiseLike<T>): Promise<T> {
    requireFunction("withGuard", fn);
    const writer = this.#writer;
    const { text } = writer;
    const given = members(input);
    const scope = this.#live.scopeFor(given);
    const action = members(given.action);
    const name = text.name(action.name, "withGuard: action.name");
    const type = text.name(action.type, "withGuard: action.type");
    const admitted = this.#guarding?.admit({ given, scope, target: "action" }, true);
    if (admitted !== undefined) await admitted;
    const work = writer.start({
      operation: "action",
      name: `action ${name}`,
      scope,
      attributes: {
        ...writer.common(given, scope),
        ...(given.tool === undefined ? {} : text.tool(given.tool)),
        ...text.target(action, given.resource, given.riskLevel),
        [ATTR_AGENT_ACTION_NAME]: name,
        [ATTR_AGENT_ACTION_TYPE]: type,
      },
    });
    return work.run(fn, (result) => {
      work.set({ [ATTR_AGENT_ACTION_RESULT]: writer.content(result, "result") });
    });
  }

  /** Asks only; what is decided is the caller's to act on. */
  async guard(input: GuardInput): Promise<GuardDecision> {
    const given = members(input);
    const scope = this.#live.scopeFor(given);
    return this.#guarding?.decide({ given, scope, target: "action" }) ?? NOT_ASKED;
  }

  async withLlmCall<T>(input: LlmInput, fn: (call: LlmCall) => T | PromiseLike<T>): Promise<T> {
    requireFunction("withLlmCall", fn);
    const writer = this.#writer;
    const { text } = writer;
    const given = members(input);
    const model = members(given.model);
    const scope = this.#live.scopeFor(given);
    const operation = text.choice(given.operation, MODEL_OPERATIONS, "withLlmCall: operation") ?? "chat";
    const name = text.name(model.name, "withLlmCall: model.name");
    const work = writer.start({
      operation: "llm_call",
      name: `${operation} ${name}`,
      kind: SpanKind.CLIENT,
      scope,
      attributes: {
        ...writer.common(given, scope),
        [ATTR_GEN_AI_OPERATION_NAME]: operation,
        [ATTR_GEN_AI_PROVIDER_NAME]: text.name(model.provider, "withLlmCall: model.provider"),
        [ATTR_GEN_AI_REQUEST_MODEL]: name,
        [ATTR_GEN_AI_REQUEST_STREAM]: typeof given.stream === "boolean" ? given.stream : undefined,
        [ATTR_AGENT_LLM_PURPOSE]: text.text(given.purpose),
        [ATTR_AGENT_LLM_PROMPT_HASH]: text.text(given.promptHash),
        [ATTR_AGENT_LLM_INPUT_SUMMARY]: text.text(given.inputSummary),
        [ATTR_GEN_AI_INPUT_MESSAGES]: writer.content(given.input, "input"),
      },
    });
    const call = new LiveLlmCall(work, writer, this.#runs.statsOf(scope.run));
    const startedAt = performance.now();
    work.onFirst = () =>
      work.set({
        [ATTR_GEN_AI_REQUEST_STREAM]: true,
        [ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK]: (performance.now() - startedAt) / 1_000,
      });
    work.onEnd = () => call.count();
    return work.run(() => fn(call));
  }

  async withMcpCall<T>(input: McpInput, fn: (call: McpCall) => T | PromiseLike<T>): Promise<T> {
    requireFunction("withMcpCall", fn);
    const writer = this.#writer;
    const { text } = writer;
    const given = members(input);
    const scope = this.#live.scopeFor(given);
    const method = text.text(given.method) ?? MCP_TOOL_CALL;
    const isToolCall = method === MCP_TOOL_CALL;
    const tool = isToolCall ? text.name(given.tool, "withMcpCall: tool") : text.text(given.tool);
    const server = text.name(given.server, "withMcpCall: server");
    const work = writer.start({
      operation: "mcp_request",
      name: tool === undefined ? method : `${method} ${tool}`,
      kind: SpanKind.CLIENT,
      scope,
      attributes: {
        ...writer.common(given, scope),
        ...text.target(given.action, given.resource),
        [ATTR_MCP_METHOD_NAME]: method,
        [ATTR_AGENT_MCP_SERVER_NAME]: server,
        [ATTR_AGENT_MCP_SERVER_VERSION]: text.text(given.serverVersion),
        [ATTR_GEN_AI_TOOL_NAME]: tool,
        [ATTR_GEN_AI_OPERATION_NAME]: isToolCall ? "execute_tool" : undefined,
        [ATTR_GEN_AI_TOOL_CALL_ARGUMENTS]: writer.content(given.arguments, "arguments"),
      },
    });
    work.describeError = rpcErrorOf;
    let isTold = false;
    const setTools = (names: unknown): void => {
      isTold = true;
      const list: unknown[] = Array.isArray(names) ? names : [];
      work.set({
        [ATTR_AGENT_MCP_TOOL_COUNT]: list.length,
        [ATTR_AGENT_MCP_TOOL_NAMES]: list.slice(0, MAX_TOOL_NAMES).map((name) => text.text(name) ?? ""),
      });
    };
    return work.run(
      () => fn({ setTools, meta: outgoingMeta(writer.host, scope, work.context, server) }),
      (result) => {
        const listed = method === MCP_TOOL_LIST && !isTold ? toolsIn(result) : undefined;
        if (listed !== undefined) setTools(listed);
        if (!isToolCall) return;
        work.set({ [ATTR_GEN_AI_TOOL_CALL_RESULT]: writer.content(result, "result") });
        const error = toolErrorIn(result);
        if (error !== undefined) work.fail(error);
      },
    );
  }

  /** A tool served over MCP: the tool call, and the request within it. */
  async withMcpToolCall<T>(input: McpToolInput, fn: (call: McpCall) => T | PromiseLike<T>): Promise<T> {
    requireFunction("withMcpToolCall", fn);
    const { text } = this.#writer;
    const given = members(input);
    const server = text.name(given.server, "withMcpToolCall: server");
    const tool = text.name(given.tool, "withMcpToolCall: tool");
    const { runId, sessionId, stepKey, stepName, stepIndex, metadata, payloadSummary } = given;
    const common = { runId, sessionId, stepKey, stepName, stepIndex, metadata, payloadSummary };
    const action = {
      type: given.actionType ?? "execute",
      name: given.actionName ?? `${server}.${tool}`,
      riskLevel: given.riskLevel ?? ("medium" as const),
    };
    const resource = {
      type: given.resourceType ?? "internal_api",
      externalId: given.resourceId ?? given.resourceTarget,
      provider: given.resourceProvider,
      environment: given.environment,
    };
    const target = { action, resource, arguments: given.arguments };
    return this.#tool(
      {
        ...common,
        ...target,
        tool: {
          name: `${server}.${tool}`,
          provider: "mcp",
          riskLevel: action.riskLevel,
          callId: given.callId,
        },
        guard: given.guard,
        signal: given.signal,
        approval: given.approval,
        approvalId: given.approvalId,
      },
      () => this.withMcpCall({ ...common, ...target, server, serverVersion: given.serverVersion, tool }, fn),
      toolErrorIn,
    );
  }

  async withWorkflowStep<T>(input: StepInput, fn: () => T | PromiseLike<T>): Promise<T> {
    requireFunction("withWorkflowStep", fn);
    const writer = this.#writer;
    const { text } = writer;
    const given = members(input);
    const outer = this.#live.scopeFor(given);
    const name = text.name(given.stepName, "withWorkflowStep: stepName");
    const step: StepScope = {
      key: text.key(given.stepKey) ?? (slug(name) || "step"),
      name,
      index: wholeNumber(given.stepIndex),
    };
    const inner: Scope = { ...outer, step };
    const work = writer.start(
      {
        operation: "workflow_step",
        name: `workflow_step ${name}`,
        scope: outer,
        attributes: {
          ...writer.common(given, outer),
          [ATTR_AGENT_STEP_KEY]: step.key,
          [ATTR_AGENT_STEP_NAME]: name,
          [ATTR_AGENT_STEP_TYPE]:
            text.choice(given.stepType, AGENT_STEP_TYPE_VALUES, "withWorkflowStep: stepType") ?? "task",
        },
      },
      inner,
    );
    return work.run(fn);
  }
}

/** What is asked of a tool call that says neither action nor resource: it executes the tool, on what is not known. */
function guarded(given: Given<ToolInput>, name: string, inferred: Inferred | undefined): Given<GuardInput> {
  return {
    ...given,
    tool: given.tool ?? { name },
    action: given.action ?? { type: inferred?.action ?? "execute", name, riskLevel: inferred?.riskLevel },
    resource: given.resource ?? { type: inferred?.resource ?? "unknown" },
  };
}

const NOT_ASKED: GuardDecision = {
  policyDecision: undefined,
  effectiveDecision: "allow",
  enforcementAction: "proceed",
  mode: "monitor",
  reason: "the client is disabled: nothing is evaluated",
  decisionId: undefined,
  receiptId: undefined,
  approvalId: undefined,
  matchedGuardrails: [],
  failure: undefined,
};
