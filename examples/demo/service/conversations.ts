/** Conversations with customers. Each is a session at Apie, from its first message until it is closed. */
import type { ModelMessage } from "ai";
import type { SessionHandle } from "apie-otel";
import { apie } from "./apie.ts";

export interface Conversation {
  readonly id: string;
  /** Plain JSON: a service with several instances keeps it in the store where it keeps the messages. */
  readonly session: SessionHandle;
  readonly messages: ModelMessage[];
}

const conversations = new Map<string, Conversation>();

export async function openConversation(id: string): Promise<Conversation> {
  const known = conversations.get(id);
  if (known !== undefined) return known;
  const session = await apie.sessions.start({ kind: "multi_agent", metadata: { conversation: id } });
  const conversation = { id, session, messages: [] };
  conversations.set(id, conversation);
  return conversation;
}

/** @returns whether there was one. */
export function closeConversation(id: string): boolean {
  const conversation = conversations.get(id);
  if (conversation === undefined) return false;
  conversations.delete(id);
  const turns = conversation.messages.filter(({ role }) => role === "user").length;
  apie.sessions.complete(conversation.session, { outputSummary: `Closed after ${turns} messages` });
  return true;
}

export function closeAllConversations(): void {
  for (const id of [...conversations.keys()]) closeConversation(id);
}
