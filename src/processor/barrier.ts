/**
 * What a flush waits for before it counts what is queued: what was noted is read, work that is to be told has ended, and what
 * arrived ended is told.
 */
import { nextTurn } from "../apie-api/index.ts";
import type { FlushReport } from "../delivery/index.ts";
import type { Awaited } from "./awaited.ts";
import type { EndOnlyTraces } from "./end-only/index.ts";
import type { Pump } from "./pump.ts";

export interface Barrier {
  readonly pump: Pump;
  readonly awaited: Awaited;
  readonly endOnly: EndOnlyTraces;
}

export interface Passed {
  /** Ms left of the time there was. */
  readonly leftMs: number;
  /** All was read in it, and told. */
  readonly isRead: boolean;
  /** Starts and ends of spans, of those noted before, that are not read yet, or not told. */
  readonly unread: () => number;
}

/**
 * Resolves at the end of the time at the latest, but for one slice of the pump.
 * @param release lets traces go that are to be told; told whether all is read, or could not be in time.
 */
export async function passBarrier(
  { pump, awaited, endOnly: { walks } }: Barrier,
  withinMs: number,
  release: (isRead: boolean) => void,
): Promise<Passed> {
  const deadline = performance.now() + withinMs;
  const leftMs = (): number => Math.max(0, deadline - performance.now());
  // Some libraries say what a span is a tick after its start.
  await Promise.resolve();
  // Before the wait for that work too, or there may be no time left for it.
  await readNoted(pump, leftMs);
  await awaited.settled(leftMs());
  const { noted } = pump;
  const isRead = await readNoted(pump, leftMs);
  release(isRead);
  const { released } = walks;
  const isTold = await toldReleased(walks, leftMs);
  return {
    leftMs: leftMs(),
    isRead: isRead && isTold,
    unread: () => pump.unreadOf(noted) + walks.untoldOf(released),
  };
}

/** Resolves when all that arrived until now is told to tracking, however long that takes: Apie is not asked. */
export async function allTold({ pump, endOnly }: Pick<Barrier, "pump" | "endOnly">): Promise<void> {
  const unlimited = (): number => Number.POSITIVE_INFINITY;
  await readNoted(pump, unlimited);
  endOnly.releaseComplete();
  await toldReleased(endOnly.walks, unlimited);
}

/** @returns whether all that was noted until now is read. */
async function readNoted(pump: Pump, leftMs: () => number): Promise<boolean> {
  const { noted } = pump;
  while (!pump.readsUpTo(noted)) {
    if (leftMs() === 0) return false;
    await nextTurn();
  }
  // Nor is what a shutdown holds back.
  return pump.unreadOf(noted) === 0;
}

/** @returns whether all that was released until now is told. */
async function toldReleased(walks: EndOnlyTraces["walks"], leftMs: () => number): Promise<boolean> {
  const { released } = walks;
  while (walks.untoldOf(released) > 0) {
    if (leftMs() === 0) return false;
    // In which some of it is told.
    await nextTurn();
  }
  return true;
}

/**
 * A report that counts, one event each, what could not be read in time.
 * @param as `pending`: it will be read; `dropped`: then nothing of it is sent any more.
 */
export function withUnread(report: FlushReport, passed: Passed, as: "pending" | "dropped"): FlushReport {
  if (passed.isRead) return report;
  const unread = passed.unread();
  const { events, reasons, lastError } = report;
  return {
    ...report,
    ok: false,
    timedOut: true,
    events: { ...events, [as]: events[as] + unread },
    reasons: as === "pending" ? reasons : { ...reasons, shutdown: (reasons.shutdown ?? 0) + unread },
    lastError: lastError ?? "starts and ends of spans could not be read in time",
  };
}
