/** When work truly was. Apie stamps runs and sessions when it hears of them; their own times are in their metadata. */
import { membersOf, numberOf, textOf } from "../data/members.ts";
import type { Run, Session } from "../data/records.ts";

export const micros = (iso: string | undefined): number | undefined => {
  const ms = iso === undefined ? Number.NaN : Date.parse(iso);
  return Number.isNaN(ms) ? undefined : ms * 1000;
};

/**
 * Microseconds; infinite where nothing says.
 *
 * @param firstUs of its events.
 */
export function startOf(run: Run | undefined, firstUs: number | undefined): number {
  const opened = micros(textOf(membersOf(run?.metadata).started_at)) ?? micros(run?.started_at);
  return Math.min(opened ?? Number.POSITIVE_INFINITY, firstUs ?? Number.POSITIVE_INFINITY);
}

/** Milliseconds; null while it runs. */
export function tookOf({
  metadata,
  completion_metadata,
  duration_ms,
}: Pick<Run | Session, "metadata" | "completion_metadata" | "duration_ms">): number | null {
  const end = membersOf(completion_metadata);
  const told = numberOf(end.duration_ms);
  if (told !== undefined) return told;
  const startUs = micros(textOf(membersOf(metadata).started_at));
  const endUs = micros(textOf(end.ended_at));
  return startUs === undefined || endUs === undefined ? duration_ms : (endUs - startUs) / 1000;
}
