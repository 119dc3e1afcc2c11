/** Reads the input of POST /v1/responses: a text, or items, some of which only point at what was said before. */
import { z } from "zod";
import { type Api, UnknownReference } from "./exchange.ts";
import { factsOf, type Message, parseArguments } from "./script.ts";

const CONTENT = z.union([
  z.string(),
  z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
]);

const ITEM = z.union([
  z.looseObject({
    type: z.literal("function_call"),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.looseObject({ type: z.literal("function_call_output"), call_id: z.string(), output: CONTENT }),
  z.looseObject({ type: z.literal("item_reference"), id: z.string() }),
  z.looseObject({
    type: z.literal("message").optional(),
    role: z.enum(["system", "developer", "user", "assistant"]),
    content: CONTENT,
  }),
  // Reasoning and whatever else is no part of the conversation for a script.
  z.looseObject({ type: z.string() }).transform(() => ({ type: "other" as const })),
]);

export type Item = z.infer<typeof ITEM>;

const REQUEST = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(ITEM)]),
  instructions: z.string().nullish(),
  previous_response_id: z.string().nullish(),
  stream: z.boolean().nullish(),
  tools: z.array(z.looseObject({ name: z.string().optional() })).optional(),
});

const MAX_REMEMBERED = 1_000;

/** What clients point at later: items and whole responses, as the real service stores them. */
export class ResponseMemory {
  readonly #items = new Map<string, Item>();
  readonly #responses = new Map<string, readonly Item[]>();

  /** Keeps a response with the conversation that led to it. */
  add(id: string, body: unknown, output: readonly Item[]): void {
    for (const item of output) {
      if ("id" in item && typeof item.id === "string") this.#keep(this.#items, item.id, item);
    }
    this.#keep(this.#responses, id, [...this.inputOf(REQUEST.parse(body)), ...output]);
  }

  /** The whole conversation a request goes on with. @throws {UnknownReference} */
  inputOf({ input, previous_response_id: previous }: z.infer<typeof REQUEST>): readonly Item[] {
    const before = typeof previous === "string" ? this.#responses.get(previous) : [];
    if (before === undefined)
      throw new UnknownReference(`Previous response with id '${previous}' not found.`);
    const items: readonly Item[] = typeof input === "string" ? [{ role: "user", content: input }] : input;
    return [...before, ...items.map((item) => (item.type === "item_reference" ? this.#item(item.id) : item))];
  }

  #item(id: unknown): Item {
    const item = this.#items.get(String(id));
    if (item === undefined) throw new UnknownReference(`Item with id '${id}' not found.`);
    return item;
  }

  #keep<T>(map: Map<string, T>, id: string, value: T): void {
    const [oldest] = map.size < MAX_REMEMBERED ? [] : map.keys();
    if (oldest !== undefined) map.delete(oldest);
    map.set(id, value);
  }
}

function textOf(content: z.infer<typeof CONTENT>): string {
  return typeof content === "string" ? content : content.map(({ text }) => text ?? "").join("");
}

/** What the model said in one turn comes as several items: they become one message. */
function addAssistant(messages: Message[], text: string, calls: Message["toolCalls"]): void {
  const last = messages.at(-1);
  if (last?.role === "assistant") {
    messages[messages.length - 1] = {
      ...last,
      text: last.text + text,
      toolCalls: [...last.toolCalls, ...calls],
    };
  } else {
    messages.push({ role: "assistant", text, toolCalls: calls, toolCallId: undefined });
  }
}

function conversationOf(items: readonly Item[]): { messages: Message[]; instructions: string[] } {
  const messages: Message[] = [];
  const instructions: string[] = [];
  for (const item of items) {
    if (item.type === "function_call") {
      const call = { id: item.call_id, name: item.name, arguments: parseArguments(item.arguments) };
      addAssistant(messages, "", [call]);
    } else if (item.type === "function_call_output") {
      messages.push({ role: "tool", text: textOf(item.output), toolCalls: [], toolCallId: item.call_id });
    } else if (item.type === undefined || item.type === "message") {
      if (item.role === "assistant") addAssistant(messages, textOf(item.content), []);
      else if (item.role === "user")
        messages.push({ role: "user", text: textOf(item.content), toolCalls: [], toolCallId: undefined });
      else instructions.push(textOf(item.content));
    }
  }
  return { messages, instructions };
}

/** @throws {z.ZodError}, {@link UnknownReference} */
export function readResponsesRequest(body: unknown, memory: ResponseMemory): ReturnType<Api["read"]> {
  const request = REQUEST.parse(body);
  const { messages, instructions } = conversationOf(memory.inputOf(request));
  return {
    api: "responses",
    model: request.model,
    stream: request.stream ?? false,
    instructions: [...(request.instructions ? [request.instructions] : []), ...instructions].join("\n"),
    tools: (request.tools ?? []).flatMap(({ name }) => name ?? []),
    ...factsOf(messages),
    body,
  };
}
