/** POST /v1/responses (https://platform.openai.com/docs/api-reference/responses). */
import type { Api, Exchange, ServerEvent } from "./exchange.ts";
import { ResponseMemory, readResponsesRequest } from "./responses-input.ts";
import { piecesOf, type Usage } from "./script.ts";

const usageOf = ({ input, cached, output, reasoning }: Usage) => ({
  input_tokens: input,
  input_tokens_details: { cached_tokens: cached },
  output_tokens: output,
  output_tokens_details: { reasoning_tokens: reasoning },
  total_tokens: input + output,
});

/** Responses name an unfinished answer by why it is so. */
const INCOMPLETE: Readonly<Record<string, string>> = {
  length: "max_output_tokens",
  content_filter: "content_filter",
};

const textPart = (text: string) => ({ type: "output_text", text, annotations: [], logprobs: [] });

function messageItem(id: string, text: string) {
  return {
    id,
    type: "message" as const,
    status: "completed",
    role: "assistant" as const,
    content: [textPart(text)],
  };
}

function callItem(id: string, callId: string, call: { name: string; arguments?: unknown }) {
  return {
    id,
    type: "function_call" as const,
    status: "completed",
    call_id: callId,
    name: call.name,
    arguments: JSON.stringify(call.arguments ?? {}),
  };
}

type OutputItem = ReturnType<typeof messageItem> | ReturnType<typeof callItem>;

function itemsOf({ answer, id }: Exchange): OutputItem[] {
  const calls = (answer.toolCalls ?? []).map((call) => callItem(id("fc"), id("call"), call));
  return answer.text === undefined ? calls : [messageItem(id("msg"), answer.text), ...calls];
}

function responseOf(exchange: Exchange, id: string, output: readonly OutputItem[] | undefined) {
  const reason = INCOMPLETE[exchange.finishReason];
  const isDone = output !== undefined;
  const body = exchange.request.body as { previous_response_id?: string; tools?: unknown[] };
  return {
    id,
    object: "response",
    created_at: exchange.createdAt,
    status: isDone ? (reason === undefined ? "completed" : "incomplete") : "in_progress",
    error: null,
    incomplete_details: isDone && reason !== undefined ? { reason } : null,
    instructions: null,
    model: exchange.request.model,
    output: output ?? [],
    parallel_tool_calls: true,
    previous_response_id: body.previous_response_id ?? null,
    service_tier: "default",
    tool_choice: "auto",
    tools: body.tools ?? [],
    usage: isDone ? usageOf(exchange.usage) : null,
    metadata: {},
  };
}

interface StreamPart {
  readonly type: string;
  readonly fields: object;
  readonly isPiece?: boolean;
}

function* streamCall(item: ReturnType<typeof callItem>, output_index: number): Iterable<StreamPart> {
  const place = { item_id: item.id, output_index };
  for (const delta of piecesOf(item.arguments)) {
    yield { type: "response.function_call_arguments.delta", fields: { ...place, delta }, isPiece: true };
  }
  yield { type: "response.function_call_arguments.done", fields: { ...place, arguments: item.arguments } };
}

function* streamMessage(item: ReturnType<typeof messageItem>, output_index: number): Iterable<StreamPart> {
  const place = { item_id: item.id, output_index, content_index: 0 };
  const text = item.content.map((part) => part.text).join("");
  yield { type: "response.content_part.added", fields: { ...place, part: textPart("") } };
  for (const delta of piecesOf(text)) {
    yield { type: "response.output_text.delta", fields: { ...place, delta, logprobs: [] }, isPiece: true };
  }
  yield { type: "response.output_text.done", fields: { ...place, text, logprobs: [] } };
  yield { type: "response.content_part.done", fields: { ...place, part: textPart(text) } };
}

function* streamItem(item: OutputItem, output_index: number): Iterable<StreamPart> {
  const isCall = item.type === "function_call";
  const empty = { ...item, status: "in_progress", ...(isCall ? { arguments: "" } : { content: [] }) };
  yield { type: "response.output_item.added", fields: { output_index, item: empty } };
  yield* isCall ? streamCall(item, output_index) : streamMessage(item, output_index);
  yield { type: "response.output_item.done", fields: { output_index, item } };
}

function* streamResponse(
  exchange: Exchange,
  id: string,
  output: readonly OutputItem[],
): Iterable<StreamPart> {
  const fields = { response: responseOf(exchange, id, undefined) };
  yield { type: "response.created", fields };
  yield { type: "response.in_progress", fields };
  for (const [index, item] of output.entries()) yield* streamItem(item, index);
  const isIncomplete = INCOMPLETE[exchange.finishReason] !== undefined;
  yield {
    type: isIncomplete ? "response.incomplete" : "response.completed",
    fields: { response: responseOf(exchange, id, output) },
  };
}

/** Keeps what it answers, as the real service does: clients point at earlier items and responses. */
export function responsesApi(): Api {
  const memory = new ResponseMemory();
  return {
    read: (body) => readResponsesRequest(body, memory),

    whole(exchange) {
      const id = exchange.id("resp");
      const output = itemsOf(exchange);
      memory.add(id, exchange.request.body, output);
      return responseOf(exchange, id, output);
    },

    *stream(exchange): Iterable<ServerEvent> {
      const id = exchange.id("resp");
      const output = itemsOf(exchange);
      let sequence_number = 0;
      for (const { type, fields, isPiece } of streamResponse(exchange, id, output)) {
        yield { event: type, data: { type, sequence_number, ...fields }, isPiece: isPiece ?? false };
        sequence_number += 1;
      }
      memory.add(id, exchange.request.body, output);
    },
  };
}
