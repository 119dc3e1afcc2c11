/** Times as the wire has them. */

const SECOND = 1_000;
let lastSecond = Number.NaN;
let lastPrefix = "";

/** ISO 8601 in UTC with milliseconds. Events come by the thousand per second: the part up to the second is made once. */
export function isoTime(ms: number): string {
  const whole = Math.floor(ms);
  const second = Math.floor(whole / SECOND);
  if (second !== lastSecond) {
    lastPrefix = new Date(second * SECOND).toISOString().slice(0, -4);
    lastSecond = second;
  }
  const rest = whole - second * SECOND;
  // Of two pieces: the shorter one is in one piece itself.
  const ending = `${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}Z`;
  return lastPrefix + ending;
}

/** To the microsecond. */
export const roundedMs = (ms: number): number => Math.round(ms * 1_000) / 1_000;
