/** The Vercel AI SDK (`ai` 5 and newer): its tools behind guardrails, its generations as model calls. */
import type { CommonInput, LlmCall, ModelRef } from "../index.ts";
import type { ModelClient, ToolClient } from "./client.ts";
import { type GuardedToolOptions, memberOf, toolInputOf } from "./described.ts";

/** A tool, as far as it is called. */
interface AiSdkTool {
  execute?: unknown;
}

type Execute = (input: unknown, options: unknown) => unknown;

/**
 * The same tools, each call of which is guarded and told as `withTool`. A call that is blocked or not approved fails, which
 * the AI SDK hands to the model as the tool's error; the agent goes on. Tools without `execute` run elsewhere and are left
 * as they are.
 *
 * @param options.describe action, resource and risk by the tool's name, or made of its input.
 * @example generateText({ model, tools: guardAiSdkTools(apie, { deploy }, { describe: { deploy: { riskLevel: "high" } } }) })
 */
export function guardAiSdkTools<Tools extends Readonly<Record<string, AiSdkTool>>>(
  apie: ToolClient,
  tools: Tools,
  options: GuardedToolOptions = {},
): Tools {
  const guarded = Object.entries(tools).map(([name, tool]) => [name, guardedTool(apie, name, tool, options)]);
  return Object.fromEntries(guarded) as Tools;
}

function guardedTool(
  apie: ToolClient,
  name: string,
  tool: AiSdkTool,
  options: GuardedToolOptions,
): AiSdkTool {
  const { execute } = tool;
  if (typeof execute !== "function") return tool;
  const run: Execute = (input, details) => (execute as Execute).call(tool, input, details);
  const about = (input: unknown, details: unknown) =>
    toolInputOf(
      apie,
      name,
      { input, callId: callIdIn(details), signal: memberOf(details, "abortSignal") },
      options,
    );
  const wrapped = isGenerator(execute)
    ? // The SDK looks at what it is given at once: preliminary results come from a generator only.
      async function* (input: unknown, details: unknown) {
        yield* (await apie.withTool(about(input, details), () =>
          run(input, details),
        )) as AsyncIterable<unknown>;
      }
    : async (input: unknown, details: unknown) =>
        apie.withTool(about(input, details), () => lastOf(run(input, details)));
  return Object.assign(Object.create(Object.getPrototypeOf(tool)), tool, { execute: wrapped }) as AiSdkTool;
}

/**
 * A plain function that answers with preliminary results is known as such only when it has run, and the SDK would take the
 * promise of them for the result itself: it gets the last of them, which is the tool's result.
 */
function lastOf(answer: unknown): unknown {
  const isStream = typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;
  return isStream ? drained(answer as AsyncIterable<unknown>) : answer;
}

async function drained(results: AsyncIterable<unknown>): Promise<unknown> {
  let last: unknown;
  for await (const result of results) last = result;
  return last;
}

const isGenerator = (fn: object): boolean =>
  Object.prototype.toString.call(fn) === "[object AsyncGeneratorFunction]";

function callIdIn(details: unknown): string | undefined {
  const id = (details as { toolCallId?: unknown } | undefined)?.toolCallId;
  return typeof id === "string" ? id : undefined;
}

export interface GenerationInput extends CommonInput {
  model: ModelRef;
  purpose?: string | undefined;
  inputSummary?: string | undefined;
  promptHash?: string | undefined;
}

/** What `generateText` and `generateObject` resolve with, as far as it is read. */
interface Generation {
  usage?: unknown;
  totalUsage?: unknown;
  finishReason?: unknown;
  response?: unknown;
}

/**
 * Runs one `generateText` or `generateObject` as a model call, and takes usage, model, id and finish reason from its result.
 * For services without the AI SDK's telemetry: with `experimental_telemetry` the processor sees the same by itself.
 * Streams are told best by telemetry: what they used is known only when they are read.
 */
export function withVercelAiGeneration<T>(
  apie: ModelClient,
  input: GenerationInput,
  fn: (call: LlmCall) => T | PromiseLike<T>,
): Promise<T> {
  return apie.withLlmCall({ stepName: "vercel-ai.generateText", ...input }, async (call) => {
    const result = await fn(call);
    tell(call, result);
    return result;
  });
}

function tell(call: LlmCall, result: unknown): void {
  if (typeof result !== "object" || result === null) return;
  const { totalUsage, usage, finishReason, response } = result as Generation;
  const used = fieldsOf(totalUsage ?? usage);
  const details = fieldsOf(used.inputTokenDetails);
  call.setUsage({
    inputTokens: numberIn(used.inputTokens),
    outputTokens: numberIn(used.outputTokens),
    totalTokens: numberIn(used.totalTokens),
    cacheReadTokens: numberIn(details.cacheReadTokens ?? used.cachedInputTokens),
    cacheWriteTokens: numberIn(details.cacheWriteTokens),
    reasoningTokens: numberIn(fieldsOf(used.outputTokenDetails).reasoningTokens ?? used.reasoningTokens),
  });
  const { id, modelId } = fieldsOf(response);
  call.setResponse({ id: textIn(id), model: textIn(modelId), finishReason: textIn(finishReason) });
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
const numberIn = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
const textIn = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
