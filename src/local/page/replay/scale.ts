/** Time across the width of a timeline, from 0 to 1. Long times in which nothing happened are drawn short. */

export interface Gap {
  readonly fromUs: number;
  readonly toUs: number;
  readonly from: number;
  readonly to: number;
}

export interface TimeScale {
  readonly startUs: number;
  readonly endUs: number;
  toX(us: number): number;
  toTime(x: number): number;
  /** Where time is drawn shorter than it was. */
  readonly gaps: readonly Gap[];
}

/** Shorter ones are part of the work. */
const IDLE_US = 2_000_000;
/** Share of the time worked that an idle time is drawn as. */
const IDLE_SHARE = 0.12;

/** The index of the last value that is not above. */
function lastNotAbove(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Of the two lists, which rise alike, the value of one at a value of the other. */
function between(value: number, from: readonly number[], to: readonly number[]): number {
  const at = Math.min(lastNotAbove(from, value), from.length - 2);
  const [low = 0, high = 0] = [from[at], from[at + 1]];
  const share = high === low ? 0 : Math.min(1, Math.max(0, (value - low) / (high - low)));
  return (to[at] ?? 0) + share * ((to[at + 1] ?? 0) - (to[at] ?? 0));
}

/** @param times of everything that is drawn, in µs, in any order */
export function timeScale(times: readonly number[]): TimeScale {
  const sorted = Float64Array.from(times).sort();
  const startUs = sorted[0] ?? 0;
  const endUs = Math.max(sorted.at(-1) ?? 0, startUs + 1);
  let worked = 0;
  const idle: [number, number][] = [];
  for (let index = 1; index < sorted.length; index++) {
    const [from = 0, to = 0] = [sorted[index - 1], sorted[index]];
    if (to - from > IDLE_US) idle.push([from, to]);
    else worked += to - from;
  }
  const drawn = Math.max(IDLE_US / 10, worked * IDLE_SHARE);
  const us = [startUs];
  const x = [0];
  const gaps: { fromUs: number; toUs: number; at: number }[] = [];
  for (const [from, to] of idle) {
    if (to - from <= drawn) continue;
    us.push(from, to);
    const before = (x.at(-1) ?? 0) + (from - (us.at(-3) ?? startUs));
    x.push(before, before + drawn);
    gaps.push({ fromUs: from, toUs: to, at: x.length - 2 });
  }
  x.push((x.at(-1) ?? 0) + (endUs - (us.at(-1) ?? startUs)));
  us.push(endUs);
  const width = x.at(-1) || 1;
  const shares = x.map((value) => value / width);
  return {
    startUs,
    endUs,
    toX: (time) => between(time, us, shares),
    toTime: (share) => between(share, shares, us),
    gaps: gaps.map(({ fromUs, toUs, at }) => ({
      fromUs,
      toUs,
      from: shares[at] ?? 0,
      to: shares[at + 1] ?? 0,
    })),
  };
}
