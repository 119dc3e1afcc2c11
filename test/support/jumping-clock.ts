/** A clock for what takes its time and waits for long, too: it goes on, and jumps. */
import { vi } from "vitest";
import { cleanup } from "./client.ts";

/** Timers ring when they are jumped over, and not before. @returns jumps, by so many ms. */
export function jumpingClock(): (ms: number) => void {
  const { performance } = globalThis;
  const real = performance.now.bind(performance);
  let ahead = 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const clock = vi.spyOn(performance, "now").mockImplementation(() => real() + ahead);
  cleanup(async () => {
    clock.mockRestore();
    vi.useRealTimers();
  });
  return (ms) => {
    ahead += ms;
    vi.advanceTimersByTime(ms);
  };
}
