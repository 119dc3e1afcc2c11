/** Brings an event below the size limit: what is long goes, in the order of how little it is missed, and the event says so. */
import { truncateText } from "./plain.ts";
import type { WireEvent } from "./wire.ts";

const MAX_ERROR = 200;
/** Longest texts of what is left, tried in turn. No word of the protocol (`wait_for_approval`, …) is longer than the last. */
const TEXT_LIMITS = [256, 64, 20] as const;

/**
 * @returns the event as JSON of at most `maxBytes` bytes. What says where an event belongs is never cut, so an event
 *   whose agent key alone is larger stays above.
 */
export function limitSize(event: WireEvent, maxBytes: number): string {
  const whole = JSON.stringify(event);
  if (fits(whole, maxBytes)) return whole;
  const mark = {
    payload_truncated: true,
    payload_bytes: Buffer.byteLength(whole),
    payload_max_bytes: maxBytes,
  };
  const trimmed = withoutPayload(event, mark);
  let shorter = JSON.stringify(trimmed);
  for (const limit of TEXT_LIMITS) {
    if (fits(shorter, maxBytes)) break;
    shorter = JSON.stringify(withShortTexts(trimmed, mark, limit));
  }
  return shorter;
}

/** A character takes at most three bytes as UTF-8: most events are known to fit without being measured. */
export const fits = (json: string, maxBytes: number): boolean =>
  json.length * 3 <= maxBytes || Buffer.byteLength(json) <= maxBytes;

type Mark = Readonly<Record<string, unknown>>;

function withoutPayload(event: WireEvent, mark: Mark): WireEvent {
  const { metadata, payload_summary, error, ...rest } = event;
  return {
    ...rest,
    metadata: { ...mark, ...pick(metadata, "capture_source", "otel") },
    ...(payload_summary === undefined
      ? {}
      : { payload_summary: { notice: "[TRUNCATED_FOR_SIZE]", ...pick(payload_summary, "usage") } }),
    ...(error === undefined ? {} : { error: { message: truncateText(error.message, MAX_ERROR) } }),
  };
}

function pick<Name extends string>(
  from: Readonly<Partial<Record<Name, unknown>>> | undefined,
  ...names: readonly Name[]
): Record<string, unknown> {
  const found = names.filter((name) => from?.[name] !== undefined);
  return Object.fromEntries(found.map((name) => [name, from?.[name]]));
}

/** Members that may hold long texts once payload and metadata are gone. */
const WITH_TEXTS = [
  "environment",
  "step_key",
  "step_name",
  "trigger_kind",
  "tool",
  "action",
  "resource",
  "decision",
  "approval",
  "error",
] as const satisfies readonly (keyof WireEvent)[];

/** The rest is names and ids of other systems: enough of each to be recognised. */
function withShortTexts(event: WireEvent, mark: Mark, limit: number): WireEvent {
  const short = (value: unknown): unknown => {
    if (typeof value === "string")
      return value.length <= limit ? value : `${value.slice(0, limit - 1).toWellFormed()}…`;
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, short(member)]));
  };
  const shortened = Object.entries(pick(event, ...WITH_TEXTS));
  return {
    ...event,
    ...Object.fromEntries(shortened.map(([name, value]) => [name, short(value)])),
    metadata: { ...mark, ...pick(event.metadata, "capture_source") },
    ...(event.payload_summary === undefined
      ? {}
      : { payload_summary: { notice: "[TRUNCATED_FOR_SIZE]", ...counts(event.payload_summary.usage) } }),
  };
}

/** Usage as the bridge writes it is small; anything else under that name is not kept at any cost. */
function counts(usage: unknown): Record<string, unknown> {
  if (typeof usage !== "object" || usage === null) return {};
  const numbers = Object.entries(usage).filter(([, value]) => typeof value === "number");
  return { usage: Object.fromEntries(numbers.slice(0, 8)) };
}
