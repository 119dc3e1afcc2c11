/** The names in the README's snippets that a reader has: as types for the compiler, as values for a run. */

export const SUPPLIED_TYPES = `
import type { SpanProcessor } from "@opentelemetry/sdk-trace-base";
interface Message { role: "user"; content: string }
interface Completion {
  id: string;
  model: string;
  choices: { finish_reason: string; message: { content: string | null } }[];
  usage?: { prompt_tokens: number; completion_tokens: number };
}
declare global {
  const yours: SpanProcessor;
  function search(text: string): Promise<string[]>;
  function ask(hits: string[]): Message[];
  function refund(ticket: string): Promise<string>;
  function answer(question: string): Promise<string>;
  function deploy(service: string): Promise<string>;
  const openai: {
    chat: { completions: { create(input: { model: string; messages: Message[] }): Promise<Completion> } };
  };
}
`;

export const SUPPLIED_VALUES = `
const nothing = async () => {};
globalThis.yours = { onStart() {}, onEnd() {}, forceFlush: nothing, shutdown: nothing };
globalThis.search = async (text) => ["about " + text];
globalThis.ask = (hits) => hits.map((content) => ({ role: "user", content }));
globalThis.refund = async (ticket) => "refunded " + ticket;
globalThis.deploy = async (service) => "deployed " + service;
globalThis.answer = async (question) => "An answer to " + question;
const completion = {
  id: "chatcmpl-1",
  model: "gpt-4o-mini-2024-07-18",
  choices: [{ finish_reason: "stop", message: { content: "Yes." } }],
  usage: { prompt_tokens: 12, completion_tokens: 3 },
};
globalThis.openai = { chat: { completions: { create: async () => completion } } };
`;
