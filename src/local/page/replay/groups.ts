/** The list of a replay: events in order under the run and step they belong to. */

import type { EventLine } from "../data/event-line.ts";
import { groupBy } from "../data/group-by.ts";
import type { Lane } from "./lanes.ts";

export type Grouping = "time" | "run";

export type Item =
  | {
      readonly kind: "group";
      readonly lane: Lane | undefined;
      readonly step: string | undefined;
      /** Whether the run begins here; otherwise it goes on after something else. */
      readonly isBeginning: boolean;
    }
  | {
      readonly kind: "event";
      readonly line: EventLine;
      readonly lane: Lane | undefined;
    }
  | { readonly kind: "end"; readonly lane: Lane };

function inRuns(lines: readonly EventLine[], lanes: readonly Lane[]): EventLine[] {
  const byRun = groupBy(lines, ({ run_id }) => run_id ?? "");
  return lanes.flatMap(({ id }) => byRun.get(id) ?? []);
}

/** @param lines in the order of the replay */
export function itemsOf(lines: readonly EventLine[], lanes: readonly Lane[], grouping: Grouping): Item[] {
  const laneOf = new Map(lanes.map((lane) => [lane.id, lane]));
  const ordered = grouping === "time" ? lines : inRuns(lines, lanes);
  const last = new Map<string, EventLine>();
  for (const line of ordered) last.set(line.run_id ?? "", line);
  const items: Item[] = [];
  const begun = new Set<string>();
  let run: string | undefined;
  let step: string | undefined;
  for (const line of ordered) {
    const id = line.run_id ?? "";
    const lane = laneOf.get(id);
    if (id !== run || line.step !== step) {
      run = id;
      step = line.step;
      items.push({ kind: "group", lane, step, isBeginning: !begun.has(id) });
      begun.add(id);
    }
    items.push({ kind: "event", line, lane });
    if (lane?.endUs !== undefined && lane.run !== undefined && last.get(id) === line) {
      items.push({ kind: "end", lane });
      run = undefined;
    }
  }
  // Runs in which nothing happened, or nothing that is shown.
  for (const lane of lanes) {
    if (begun.has(lane.id) || lane.events > 0) continue;
    items.push({ kind: "group", lane, step: undefined, isBeginning: true });
    if (lane.endUs !== undefined) items.push({ kind: "end", lane });
  }
  return items;
}
