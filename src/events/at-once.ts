/** What most events need: JSON of the redacted event, without a copy. */
import type { RedactedJson } from "./redaction/index.ts";
import type { WireEvent } from "./wire.ts";

/** A text of Apie's own, as it is. */
const raw = (name: string, text: string | undefined): string =>
  text === undefined ? "" : `,"${name}":${JSON.stringify(text)}`;

/** Ids, times and words of ours: nothing in them is to be escaped. */
const own = (lead: string, text: string | undefined): string => (text === undefined ? "" : `${lead}${text}"`);

const number = (lead: string, value: number | undefined): string =>
  value === undefined ? "" : lead + String(value);

/**
 * Spelled out, for it is what an event costs most: members are few, and fewer are there.
 *
 * @param head the beginning: a brace, type and agent.
 * @param bound members to add as they are.
 * @returns `undefined` when it takes a copy to tell: a member cannot be walked, or names in it hold secrets.
 */
export function writtenAtOnce(
  event: WireEvent,
  head: string,
  json: RedactedJson,
  bound: string,
): string | undefined {
  try {
    return (
      head +
      raw("agent_id", event.agent_id) +
      raw("agent_version_id", event.agent_version_id) +
      raw("run_id", event.run_id) +
      raw("session_id", event.session_id) +
      own(',"event_id":"', event.event_id) +
      number(',"sequence_number":', event.sequence_number) +
      number(',"session_sequence_number":', event.session_sequence_number) +
      own(',"timestamp":"', event.timestamp) +
      own(',"event_category":"', event.event_category) +
      json.member("environment", event.environment) +
      json.member("step_key", event.step_key) +
      json.member("step_name", event.step_name) +
      number(',"step_index":', event.step_index) +
      json.member("payload_summary", event.payload_summary) +
      json.member("parent_event_id", event.parent_event_id) +
      json.member("caused_by_event_id", event.caused_by_event_id) +
      json.member("trigger_kind", event.trigger_kind) +
      json.member("metadata", event.metadata) +
      json.member("tool", event.tool) +
      json.member("action", event.action) +
      json.member("resource", event.resource) +
      json.member("decision", event.decision) +
      json.member("approval", event.approval) +
      json.member("error", event.error) +
      bound +
      "}"
    );
  } catch {
    return undefined;
  }
}
