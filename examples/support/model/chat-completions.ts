/** POST /v1/chat/completions (https://platform.openai.com/docs/api-reference/chat). */
import { z } from "zod";
import type { Api, Exchange, ServerEvent } from "./exchange.ts";
import { factsOf, type Message, parseArguments, piecesOf, type Usage } from "./script.ts";

const CONTENT = z
  .union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))])
  .nullish();

const REQUEST = z.looseObject({
  model: z.string(),
  messages: z
    .array(
      z.looseObject({
        role: z.enum(["system", "developer", "user", "assistant", "tool"]),
        content: CONTENT,
        tool_call_id: z.string().optional(),
        tool_calls: z
          .array(
            z.looseObject({
              id: z.string(),
              function: z.object({ name: z.string(), arguments: z.string() }),
            }),
          )
          .optional(),
      }),
    )
    .min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }).optional() })).optional(),
});

function textOf(content: z.infer<typeof CONTENT>): string {
  if (typeof content === "string") return content;
  return (content ?? []).map(({ text }) => text ?? "").join("");
}

const usageOf = ({ input, cached, output, reasoning }: Usage) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: reasoning,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
});

const toolCallsOf = ({ answer, id }: Exchange) =>
  (answer.toolCalls ?? []).map((call) => ({
    id: id("call"),
    type: "function" as const,
    function: { name: call.name, arguments: JSON.stringify(call.arguments ?? {}) },
  }));

const common = ({ request, createdAt }: Exchange) => ({
  created: createdAt,
  model: request.model,
  service_tier: "default",
  system_fingerprint: "fp_scripted",
});

export const chatCompletions: Api = {
  read(body) {
    const { model, messages, stream, tools } = REQUEST.parse(body);
    const isInstruction = (role: string): boolean => role === "system" || role === "developer";
    const conversation = messages
      .filter(({ role }) => !isInstruction(role))
      .map(
        ({ role, content, tool_calls, tool_call_id }): Message => ({
          role: role as Message["role"],
          text: textOf(content),
          toolCalls: (tool_calls ?? []).map(({ id, function: { name, arguments: args } }) => ({
            id,
            name,
            arguments: parseArguments(args),
          })),
          toolCallId: tool_call_id,
        }),
      );
    return {
      api: "chat",
      model,
      stream: stream ?? false,
      instructions: messages
        .filter(({ role }) => isInstruction(role))
        .map(({ content }) => textOf(content))
        .join("\n"),
      tools: (tools ?? []).flatMap((tool) => tool.function?.name ?? []),
      ...factsOf(conversation),
      body,
    };
  },

  whole(exchange) {
    const toolCalls = toolCallsOf(exchange);
    return {
      id: exchange.id("chatcmpl"),
      object: "chat.completion",
      ...common(exchange),
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: exchange.answer.text ?? null,
            refusal: null,
            annotations: [],
            ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
          },
          logprobs: null,
          finish_reason: exchange.finishReason,
        },
      ],
      usage: usageOf(exchange.usage),
    };
  },

  *stream(exchange): Iterable<ServerEvent> {
    const id = exchange.id("chatcmpl");
    const withUsage = REQUEST.parse(exchange.request.body).stream_options?.include_usage === true;
    const chunk = (choices: unknown[], usage: unknown = null) => ({
      id,
      object: "chat.completion.chunk",
      ...common(exchange),
      choices,
      // Present, and null until the last chunk, only when it was asked for.
      ...(withUsage ? { usage } : {}),
    });
    const choice = (delta: object, finish_reason: string | null = null) =>
      chunk([{ index: 0, delta, logprobs: null, finish_reason }]);

    yield { data: choice({ role: "assistant", content: exchange.answer.text === undefined ? null : "" }) };
    for (const piece of piecesOf(exchange.answer.text ?? "")) {
      yield { data: choice({ content: piece }), isPiece: true };
    }
    for (const [index, { id: callId, type, function: called }] of toolCallsOf(exchange).entries()) {
      const opening = { index, id: callId, type, function: { name: called.name, arguments: "" } };
      yield { data: choice({ tool_calls: [opening] }) };
      for (const piece of piecesOf(called.arguments)) {
        yield { data: choice({ tool_calls: [{ index, function: { arguments: piece } }] }), isPiece: true };
      }
    }
    yield { data: choice({}, exchange.finishReason) };
    if (withUsage) yield { data: chunk([], usageOf(exchange.usage)) };
    yield { data: "[DONE]" };
  },
};
