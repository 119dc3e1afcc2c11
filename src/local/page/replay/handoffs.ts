/** Arrows between lanes: hand-offs, and runs that were delegated without one. */

import type { EventLine } from "../data/event-line.ts";
import { groupBy } from "../data/group-by.ts";
import type { Handoff } from "../data/records.ts";
import type { Lane } from "./lanes.ts";

export interface Arrow {
  readonly key: string;
  readonly kind: "handoff" | "delegation";
  readonly from: Lane;
  readonly to: Lane;
  readonly fromUs: number;
  readonly toUs: number;
  readonly status: "open" | "completed" | "failed";
  readonly label: string;
  /** The event that asked for it. */
  readonly eventId: string | undefined;
}

const STATUS: Readonly<Record<string, Arrow["status"]>> = {
  "agent.handoff.completed": "completed",
  "agent.handoff.failed": "failed",
};

/** How the hand-offs of one id ended, and the run they led to. */
function endings(lines: readonly EventLine[]): Map<string, EventLine[]> {
  const ended = lines.filter(
    ({ type, handoff_id }) =>
      handoff_id !== undefined && type.startsWith("agent.handoff.") && !type.endsWith(".requested"),
  );
  return groupBy(ended, ({ handoff_id }) => handoff_id ?? "");
}

export function arrowsOf(
  lanes: readonly Lane[],
  lines: readonly EventLine[],
  handoffs: readonly Handoff[],
): Arrow[] {
  const laneOf = new Map(lanes.map((lane) => [lane.id, lane]));
  const children = groupBy(lanes, ({ parent }) => parent ?? "");
  const handoffLines = lines.filter(({ type }) => type.startsWith("agent.handoff."));
  const endedBy = endings(handoffLines);
  const reached = new Set<string>();
  const arrows: Arrow[] = [];

  const targetOf = (asked: EventLine, from: Lane, ends: readonly EventLine[]): Lane | undefined => {
    const elsewhere = ends.find(({ run_id }) => run_id !== undefined && run_id !== from.id)?.run_id;
    const posted = handoffs.find(
      (handoff) => handoff.trigger_event_id === asked.event_id && handoff.target_run_id !== null,
    )?.target_run_id;
    const named = laneOf.get(asked.target_run_id ?? elsewhere ?? posted ?? "");
    if (named !== undefined) return named;
    const candidates = (children.get(from.id) ?? []).filter(({ id }) => !reached.has(id));
    return (
      candidates.find(({ name, agent }) => asked.target === name || asked.target === agent) ?? candidates[0]
    );
  };

  for (const asked of handoffLines) {
    if (!asked.type.endsWith(".requested")) continue;
    const from = laneOf.get(asked.run_id ?? "");
    const ends = endedBy.get(asked.handoff_id ?? "") ?? [];
    const to = from && targetOf(asked, from, ends);
    if (from === undefined || to === undefined || from === to) continue;
    reached.add(to.id);
    const status = ends.map(({ type }) => STATUS[type]).find((end) => end !== undefined) ?? "open";
    arrows.push({
      key: asked.event_id,
      kind: "handoff",
      from,
      to,
      fromUs: asked.replay_us,
      toUs: Math.max(asked.replay_us, to.startUs),
      status,
      label: `${from.name} hands over to ${to.name}${asked.reason === undefined ? "" : `: ${asked.reason}`}`,
      eventId: asked.event_id,
    });
  }
  for (const handoff of handoffs) {
    const from = laneOf.get(handoff.source_run_id ?? "");
    const to = laneOf.get(handoff.target_run_id ?? "");
    if (from === undefined || to === undefined || from === to || reached.has(to.id)) continue;
    reached.add(to.id);
    arrows.push({
      key: handoff.id,
      kind: "handoff",
      from,
      to,
      fromUs: Math.max(from.startUs, Math.min(to.startUs, from.endUs ?? to.startUs)),
      toUs: to.startUs,
      status: handoff.status === "completed" || handoff.status === "failed" ? handoff.status : "open",
      label: `${from.name} hands over to ${to.name}${handoff.reason === null ? "" : `: ${handoff.reason}`}`,
      eventId: handoff.trigger_event_id ?? undefined,
    });
  }
  for (const to of lanes) {
    const from = laneOf.get(to.parent ?? "");
    if (from === undefined || to.parent === undefined || reached.has(to.id)) continue;
    arrows.push({
      key: `delegation ${to.id}`,
      kind: "delegation",
      from,
      to,
      fromUs: Math.max(from.startUs, Math.min(to.startUs, from.endUs ?? to.startUs)),
      toUs: to.startUs,
      status: to.endUs === undefined ? "open" : to.run?.status === "failed" ? "failed" : "completed",
      label: `${from.name} delegates to ${to.name}`,
      eventId: undefined,
    });
  }
  return arrows;
}
