/** What a script sees of a request to the model, and what it may answer. The same for both of OpenAI's text APIs. */

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** Parsed JSON; the text itself where it is none. */
  readonly arguments: unknown;
}

export interface Message {
  readonly role: "user" | "assistant" | "tool";
  readonly text: string;
  /** Of an assistant's message. */
  readonly toolCalls: readonly ToolCall[];
  /** Of a tool's message: the call it answers. */
  readonly toolCallId: string | undefined;
}

export interface ModelRequest {
  readonly api: "chat" | "responses";
  readonly model: string;
  readonly stream: boolean;
  /** Text of all system and developer messages. */
  readonly instructions: string;
  /** The conversation, without instructions. What the model said in one turn is one message. */
  readonly messages: readonly Message[];
  /** Text of the last user message. */
  readonly prompt: string;
  /** How often the model has answered since the last user message: 0 at first, 1 after its tool calls were run, … */
  readonly step: number;
  /** Results of tools since the last user message, by tool name; of several calls the last. */
  readonly results: Readonly<Record<string, string>>;
  /** Names of the tools on offer. */
  readonly tools: readonly string[];
  /** 1 when this very body is sent for the first time, 2 for its first retry, … */
  readonly attempt: number;
  readonly body: unknown;
}

/** Tokens. */
export interface Usage {
  /** Cached ones included. */
  readonly input: number;
  /** Of `input`: read from the cache. */
  readonly cached: number;
  /** Reasoning included. */
  readonly output: number;
  /** Of `output`: reasoning that is not shown. */
  readonly reasoning: number;
}

export interface Answer {
  readonly text?: string;
  readonly toolCalls?: readonly { readonly name: string; readonly arguments?: unknown }[];
  /** Default: `tool_calls` with tool calls, else `stop`. */
  readonly finishReason?: "stop" | "length" | "tool_calls" | "content_filter";
  /** What is left out is estimated from the length of the texts, or 0. */
  readonly usage?: Partial<Usage>;
  /** Milliseconds before the answer, or its first piece, is sent. Default 0. */
  readonly delayMs?: number;
  /** Milliseconds between the pieces of a stream. Default 0. */
  readonly pauseMs?: number;
  /** Cut the connection after so many pieces of a stream. */
  readonly cutAfter?: number;
}

export interface Failure {
  readonly error: {
    /** HTTP status, 400 to 599. */
    readonly status: number;
    readonly message?: string;
    readonly type?: string;
    readonly code?: string;
    /** Sent as `retry-after-ms` and, rounded up, `retry-after`. */
    readonly retryAfterMs?: number;
  };
}

export type Turn = Answer | Failure;

/**
 * Decides what the model answers: one turn, or the turns of this part of the conversation, of which `request.step` chooses.
 * An agent's loop then works as with a real model: the first turn calls tools, the next sees their results.
 */
export type Script = (request: ModelRequest) => Turn | readonly Turn[];

/** The script has no answer for a request; the client gets it as an error it does not retry. */
export class ScriptError extends Error {}

/** @throws {ScriptError} */
export function chooseTurn(script: Script, request: ModelRequest): Turn {
  const turns = script(request);
  const turn = Array.isArray(turns) ? (turns as readonly Turn[])[request.step] : (turns as Turn | undefined);
  if (turn === undefined) {
    throw new ScriptError(`the script has no turn ${request.step + 1} for "${request.prompt}"`);
  }
  return turn;
}

const CHARACTERS_PER_TOKEN = 4;
const tokens = (text: string): number => Math.ceil(text.length / CHARACTERS_PER_TOKEN);

export function usageOf(request: ModelRequest, answer: Answer): Usage {
  const read = [
    request.instructions,
    ...request.messages.map(({ text, toolCalls }) => text + JSON.stringify(toolCalls)),
  ];
  const written = (answer.text ?? "") + JSON.stringify(answer.toolCalls ?? []);
  return { input: tokens(read.join("")), cached: 0, output: tokens(written), reasoning: 0, ...answer.usage };
}

/** What follows from the messages alone. */
export function factsOf(
  messages: readonly Message[],
): Pick<ModelRequest, "messages" | "prompt" | "step" | "results"> {
  const asked = messages.findLastIndex(({ role }) => role === "user");
  const since = messages.slice(asked + 1);
  const names = new Map(
    since.flatMap(({ toolCalls }) => toolCalls.map(({ id, name }) => [id, name] as const)),
  );
  const results = since
    .filter(({ role }) => role === "tool")
    .map(({ toolCallId, text }) => [names.get(toolCallId ?? "") ?? "unknown", text] as const);
  return {
    messages,
    prompt: messages[asked]?.text ?? "",
    step: since.filter(({ role }) => role === "assistant").length,
    results: Object.fromEntries(results),
  };
}

export function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** As models stream: a word at a time; the pieces joined are the text again. */
export function piecesOf(text: string): readonly string[] {
  return text.match(/\s*\S+\s*$|\s*\S+|\s+$/g) ?? [];
}
