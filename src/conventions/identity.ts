/**
 * Session and user under the many keys libraries use, tried on every recognised span that does not say them in its own
 * convention's way.
 */
import type { AttributesLike } from "../model/span.ts";
import { parseObject, parseText, readField, text } from "./read.ts";

export const SESSION = text(
  "gen_ai.conversation.id",
  "session.id",
  "ai.telemetry.metadata.sessionId",
  "ai.telemetry.metadata.conversationId",
  "ai.telemetry.metadata.threadId",
  "ai.telemetry.metadata.chatId",
  "ai.settings.context.sessionId",
  "ai.settings.context.conversationId",
  "ai.settings.context.threadId",
  "traceloop.association.properties.session_id",
  "traceloop.association.properties.conversation_id",
  "traceloop.association.properties.thread_id",
  "traceloop.association.properties.chat_id",
  "langfuse.session.id",
  "mastra.metadata.sessionId",
  "mastra.metadata.threadId",
);

export const USER = text(
  "user.id",
  "enduser.id",
  "ai.telemetry.metadata.userId",
  "ai.settings.context.userId",
  "traceloop.association.properties.user_id",
  "langfuse.user.id",
  "mastra.metadata.userId",
);

/** Members of OpenInference's `metadata` JSON that name a session. */
export const METADATA_SESSION = [
  "session_id",
  "sessionId",
  "thread_id",
  "threadId",
  "conversation_id",
  "conversationId",
];

export function sessionIdOf(attributes: AttributesLike): string | undefined {
  const id = readField(SESSION, attributes);
  if (id !== undefined) return id;
  const { metadata } = attributes;
  if (metadata === undefined) return undefined;
  // Parsing costs, and most metadata names no session.
  if (typeof metadata === "string" && !METADATA_SESSION.some((name) => metadata.includes(name)))
    return undefined;
  const members = parseObject(metadata);
  for (const name of METADATA_SESSION) {
    const member = parseText(members?.[name]);
    if (member !== undefined) return member;
  }
  return undefined;
}

export function userIdOf(attributes: AttributesLike): string | undefined {
  return readField(USER, attributes);
}
