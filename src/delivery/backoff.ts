/** Delays between attempts: exponential with full jitter, so that many clients do not come back at once. */

const MAX_DELAY_MS = 30_000;

/** @param attempt 1 for the first failure. @param retryAfterMs what the server asked for; never undercut. */
export function backoffMs(
  attempt: number,
  baseMs: number,
  retryAfterMs: number | undefined,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(MAX_DELAY_MS, baseMs * 2 ** Math.min(attempt - 1, 20));
  const jittered = ceiling * random();
  // A time that is none would hold everything back for good.
  if (retryAfterMs === undefined || Number.isNaN(retryAfterMs)) return jittered;
  return Math.max(0, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)) + jittered;
}

/** A server that asks for more than this is asked again sooner: events would outlive their age limit. */
const MAX_RETRY_AFTER_MS = 5 * 60_000;
