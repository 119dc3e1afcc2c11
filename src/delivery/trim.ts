/** The short form of an event: what is tried once Apie has refused the whole one. */

/** Members without which an event is no event of its type; the rest can be done without. */
const ESSENTIAL = new Set([
  "type",
  "agent_key",
  "agent_id",
  "agent_version_id",
  "run_id",
  "session_id",
  "event_id",
  "sequence_number",
  "session_sequence_number",
  "timestamp",
  "environment",
  "event_category",
  "tool",
  "action",
  "resource",
  "approval",
  "decision",
]);

const MAX_MESSAGE = 200;

/** @returns `undefined` when nothing can be taken away. */
export function trimmed(json: string): string | undefined {
  const event: Record<string, unknown> = JSON.parse(json);
  const kept = Object.fromEntries(Object.entries(event).filter(([name]) => ESSENTIAL.has(name)));
  if (Object.keys(kept).length === Object.keys(event).length) return undefined;
  const error = event.error as { message?: unknown } | undefined;
  return JSON.stringify({
    ...kept,
    ...(typeof error?.message === "string"
      ? { error: { message: error.message.slice(0, MAX_MESSAGE) } }
      : {}),
    metadata: { trimmed: true, trimmed_bytes: Buffer.byteLength(json) },
  });
}
