/** What lanes wait for in each other: a run's open for its session's and its parent's, a session's complete for its runs'. */
import type { Lane } from "./lane.ts";

/** The run is one its session waits for. */
export function joinSession(lane: Lane): void {
  if (!lane.isRun || lane.session === undefined) return;
  lane.session.unfinishedRuns += 1;
  lane.holdsSession = true;
}

/** @returns the session, if it waited for the run and does no more. */
export function leaveSession(lane: Lane): Lane | undefined {
  if (!lane.holdsSession || lane.session === undefined) return undefined;
  lane.holdsSession = false;
  lane.session.unfinishedRuns -= 1;
  return lane.session;
}

/** The lane is told when what it is opened after is settled. */
export function awaitOthers(lane: Lane): void {
  for (const other of lane.opensAfter) {
    if (other.isSettled) continue;
    other.awaitedBy ??= new Set();
    other.awaitedBy.add(lane);
  }
}

export function awaitNoMore(lane: Lane): void {
  for (const other of lane.opensAfter) other.awaitedBy?.delete(lane);
}

/** Lanes that waited for this one to be settled; no more from now on. */
export function takeWaiting(lane: Lane): Iterable<Lane> {
  const waiting = lane.awaitedBy ?? [];
  lane.awaitedBy = undefined;
  return waiting;
}
