/** What a local Apie knows of one session: its runs and their events. */
import type { LocalReader } from "./reader.ts";
import type { EventRecord, RunRecord, SessionRecord } from "./records.ts";

export interface Replay {
  /** Absent for the runs that are in no session. */
  readonly session: SessionRecord | undefined;
  /** In the order they were opened. */
  readonly runs: readonly RunRecord[];
  /** In the order of the session. */
  readonly events: readonly EventRecord[];
}

/** @throws {ApieError} of code `not_found` when there is no such session. */
export async function readReplay(reader: LocalReader, sessionId: string): Promise<Replay> {
  const session = await reader.session(sessionId);
  return { session, runs: await reader.runsOf(sessionId), events: await reader.eventsOf(sessionId) };
}

/**
 * The run that delegated. A run in another process, begun before its parent was known to Apie, names it in its metadata by
 * the id it had there.
 */
export function parentRunOf(run: RunRecord, runs: readonly RunRecord[]): RunRecord | undefined {
  const { parent_run_id: parentId, metadata } = run;
  return runs.find(
    ({ id, metadata: other }) =>
      id === parentId || (metadata?.parent_run !== undefined && other?.run_id === metadata.parent_run),
  );
}
