/** Storing a batch of checked events: duplicates left out, counters of runs and sessions kept. */
import type { Change } from "../changes.ts";
import { newId } from "../ids.ts";
import { addCounts, type Counters, noCounts } from "../store/counters.ts";
import type { Store } from "../store/index.ts";
import type { WireEvent } from "../wire/events.ts";
import { approvalChange } from "./approvals.ts";
import { eventContext, memo } from "./event-context.ts";
import { countsOf, factsOf } from "./event-facts.ts";

export interface IncomingEvent {
  readonly event: WireEvent;
  /** As it came, which is how it is stored. */
  readonly raw: unknown;
}

export interface Recorded {
  readonly accepted: number;
  readonly duplicates: number;
  readonly warnings: readonly string[];
  readonly changes: readonly Change[];
}

/** Sums of counters by id. */
class Tally {
  readonly sums = new Map<string, Counters>();

  add(id: string | null | undefined, counts: Counters): void {
    if (!id) return;
    const sum = this.sums.get(id) ?? noCounts();
    addCounts(sum, counts);
    this.sums.set(id, sum);
  }
}

/** Call it inside a transaction. */
export function recordEvents(store: Store, incoming: readonly IncomingEvent[], now: string): Recorded {
  const warnings: string[] = [];
  const changes: Change[] = [];
  const runs = new Tally();
  const sessions = new Tally();
  const context = eventContext(store);
  const agentOf = memo((key) => {
    const { agent, created } = store.agents.touch(key, now);
    if (created) changes.push({ kind: "agent", id: agent.id });
    return agent;
  });

  let accepted = 0;
  for (const { event, raw } of incoming) {
    const run = context.run(event);
    const stored = {
      id: event.event_id ?? newId("evt"),
      type: event.type,
      agent_id: agentOf(event.agent_key).id,
      agent_key: event.agent_key,
      run_id: event.run_id ?? null,
      // Events sent without their session still belong in its replay.
      session_id: event.session_id ?? run?.session_id ?? null,
      sequence_number: event.sequence_number ?? null,
      session_sequence_number: event.session_sequence_number ?? null,
      received_at: now,
      ...factsOf(event, now),
      body: JSON.stringify(raw),
    };
    if (!store.events.insert(stored)) continue;
    accepted++;
    runs.add(run?.id, countsOf(event));
    sessions.add(stored.session_id, countsOf(event));
    warnings.push(...context.warnings(event));
    changes.push({ kind: "event", id: stored.id, run_id: stored.run_id, session_id: stored.session_id });
    changes.push(...approvalChange(store, stored, event, now));
  }
  for (const [id, counts] of runs.sums) {
    store.runs.addCounts(id, counts);
    changes.push({ kind: "run", id });
  }
  for (const [id, counts] of sessions.sums) {
    if (store.sessions.addCounts(id, counts)) changes.push({ kind: "session", id });
  }
  return { accepted, duplicates: incoming.length - accepted, warnings, changes };
}
