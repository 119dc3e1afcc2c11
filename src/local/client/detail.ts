/** What an event says, on one line. */
import type { EventRecord } from "./records.ts";
import { printable, type Style } from "./text.ts";

type Members = Readonly<Record<string, unknown>>;

const MAX_DETAIL = 78;

export const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

export const joined = (separator: string, ...parts: unknown[]): string | undefined =>
  parts.map(text).filter(Boolean).join(separator) || undefined;

function usageOf({ usage }: Members): string | undefined {
  if (typeof usage !== "object" || usage === null) return undefined;
  const { input, output, cache_read: cached } = usage as Members;
  return `${input ?? 0}${cached ? ` (${cached} cached)` : ""} → ${output ?? 0} tokens`;
}

export function durationOf(...sources: Members[]): string | undefined {
  const duration = sources.map(({ duration_ms }) => duration_ms).find((value) => typeof value === "number");
  if (duration === undefined) return undefined;
  return duration < 10 ? `${duration.toFixed(1)} ms` : `${Math.round(duration)} ms`;
}

/** The type without the prefix that all share. */
export const shortType = (type: string): string => printable(type.replace(/^agent\./, ""), 60);

export const styleOf = (type: string): Style | undefined => (/failed$|error$/.test(type) ? "red" : undefined);

/** Whatever an event of any type can say, from what it is about to how it went. */
export function detailOf({ type, payload_summary, metadata, ...event }: EventRecord): string {
  const payload = payload_summary ?? {};
  const facts = metadata ?? {};
  const isHandoff = type.startsWith("agent.handoff.");
  const said = [
    payload.model,
    joined(" / ", payload.server, payload.tool),
    isHandoff
      ? joined(" → ", facts.source_name ?? payload.source, facts.target_name ?? payload.target)
      : undefined,
    event.tool?.name ?? event.action?.name,
    event.resource?.type === "unknown"
      ? undefined
      : joined(" ", event.resource?.type, event.resource?.external_id),
    joined(" → ", event.decision?.policyDecision, event.decision?.effectiveDecision),
    joined(" ", event.approval?.approval_id, event.approval?.status),
    facts.reason,
    facts.outcome,
    usageOf(payload),
    payload.finish_reason,
    event.error?.message,
    durationOf(payload, facts),
  ];
  return printable([...new Set(said.map(text).filter((part) => part !== undefined))].join(" · "), MAX_DETAIL);
}
