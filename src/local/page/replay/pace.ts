/** How long a playing replay stays at an event: as long as it was, within what one likes to watch. */

const SHORTEST_MS = 40;
const LONGEST_MS = 1_200;

export const SPEEDS = [0.5, 1, 2, 5, 20] as const;

export const stayMs = (fromUs: number, toUs: number, speed: number): number =>
  Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (toUs - fromUs) / 1000)) / speed;
