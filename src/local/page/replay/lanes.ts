/** A lane of the timeline is a run: those it delegated to stand below it, one step further in. */

import type { EventLine } from "../data/event-line.ts";
import { groupBy } from "../data/group-by.ts";
import { membersOf, textOf } from "../data/members.ts";
import type { Run } from "../data/records.ts";
import { micros, startOf } from "./times.ts";

export interface Lane {
  /** Id of the run; empty for what happened outside of any. */
  readonly id: string;
  /** Absent where only events speak of the run. */
  readonly run: Run | undefined;
  readonly name: string;
  readonly agent: string;
  readonly depth: number;
  /** Place from above. */
  readonly index: number;
  readonly parent: string | undefined;
  readonly startUs: number;
  /** Absent while it runs. */
  readonly endUs: number | undefined;
  readonly events: number;
}

interface Seen {
  agent: string;
  firstUs: number;
  lastUs: number;
  events: number;
}

function seenIn(lines: readonly EventLine[]): Map<string, Seen> {
  const seen = new Map<string, Seen>();
  for (const line of lines) {
    const id = line.run_id ?? "";
    const known = seen.get(id);
    if (known === undefined) {
      seen.set(id, { agent: line.agent_key, firstUs: line.replay_us, lastUs: line.replay_us, events: 1 });
    } else {
      known.firstUs = Math.min(known.firstUs, line.replay_us);
      known.lastUs = Math.max(known.lastUs, line.replay_us);
      known.events++;
    }
  }
  return seen;
}

function timesOf(
  run: Run | undefined,
  seen: Seen | undefined,
): { startUs: number; endUs: number | undefined } {
  const startUs = startOf(run, seen?.firstUs);
  const ended =
    micros(textOf(membersOf(run?.completion_metadata).ended_at)) ?? micros(run?.completed_at ?? undefined);
  const isOpen = run !== undefined && ended === undefined;
  return {
    startUs: Number.isFinite(startUs) ? startUs : 0,
    endUs: isOpen ? undefined : Math.max(ended ?? 0, seen?.lastUs ?? 0, startUs),
  };
}

/**
 * The run that delegated. A run in another process, begun before its parent was known to Apie, names it in its metadata by
 * the id it had there.
 */
function parents(runs: readonly Run[]): Map<string, string> {
  const ids = new Set(runs.map(({ id }) => id));
  const byOwnId = new Map(runs.map((run) => [textOf(membersOf(run.metadata).run_id), run.id]));
  const found = new Map<string, string>();
  for (const run of runs) {
    const named = textOf(membersOf(run.metadata).parent_run);
    const parent = run.parent_run_id ?? (named === undefined ? undefined : byOwnId.get(named));
    if (parent !== undefined && parent !== run.id && ids.has(parent)) found.set(run.id, parent);
  }
  return found;
}

export const agentNameOf = (run: Run): string => textOf(membersOf(run.metadata).agent_name) ?? run.agent_key;

/** Roots by their start, each followed by what it delegated. */
export function lanesOf(runs: readonly Run[], lines: readonly EventLine[]): Lane[] {
  const seen = seenIn(lines);
  const parentOf = parents(runs);
  const known = new Map(runs.map((run) => [run.id, run]));
  const ids = [...new Set([...known.keys(), ...seen.keys()])];
  const unplaced = ids.map((id) => {
    const run = known.get(id);
    const events = seen.get(id);
    const agent = run?.agent_key ?? events?.agent ?? "";
    const name = run === undefined ? (id === "" ? "outside of runs" : agent) : agentNameOf(run);
    return {
      id,
      run,
      name,
      agent,
      parent: parentOf.get(id),
      events: events?.events ?? 0,
      ...timesOf(run, events),
    };
  });
  unplaced.sort((a, b) => a.startUs - b.startUs);
  const below = groupBy(unplaced, ({ parent }) => parent ?? null);
  const lanes: Lane[] = [];
  const placed = new Set<string>();
  const place = (list: readonly (typeof unplaced)[number][], depth: number): void => {
    for (const one of list) {
      if (placed.has(one.id)) continue;
      placed.add(one.id);
      lanes.push({ ...one, depth, index: lanes.length });
      place(below.get(one.id) ?? [], depth + 1);
    }
  };
  place(below.get(null) ?? [], 0);
  // Runs that name each other as parents have no root.
  place(unplaced, 0);
  return lanes;
}
