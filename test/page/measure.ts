/**
 * What the page's main thread does, measured by the browser. The clock also counts what others do on the machine, so what is
 * too slow by it is measured again, three times at most; processor time must hold each time.
 */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { traceOf } from "./support.ts";

const ROUNDS = 3;
const LONG_MS = 100;

interface Round {
  /** The longest task, in ms. */
  readonly clock: number;
  readonly processor: number;
  readonly tasks: number;
  /** How much longer than their processor time all tasks took: 1 on a machine that does nothing else. */
  readonly crowding: number;
}

async function round(page: Page, act: () => Promise<unknown>): Promise<Round> {
  const events = await traceOf(page, act);
  const main = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = events.filter(({ name, pid, tid }) => name.endsWith("RunTask") && main.has(`${pid} ${tid}`));
  const sum = (times: number[]): number => times.reduce((total, time) => total + time, 0);
  const clock = tasks.map(({ dur = 0 }) => dur / 1_000);
  const processor = tasks.map(({ tdur = 0 }) => tdur / 1_000);
  return {
    clock: Math.max(0, ...clock),
    processor: Math.max(0, ...processor),
    tasks: tasks.length,
    crowding: sum(clock) / Math.max(1, sum(processor)),
  };
}

/** More than that, and a task may be long by the clock because it had to wait for a processor. */
const CROWDED = 1.5;

/**
 * No task over 100 ms while something is done. Prints what was measured.
 * @param act what can be done again
 * @param rewind what has to be done before it can be done again; not measured
 */
export async function expectNoLongTask(
  page: Page,
  what: string,
  act: () => Promise<unknown>,
  rewind?: () => Promise<unknown>,
): Promise<void> {
  const rounds = [await round(page, act)];
  while (rounds.length < ROUNDS && (rounds.at(-1)?.clock ?? 0) >= LONG_MS) {
    await rewind?.();
    rounds.push(await round(page, act));
  }
  console.log(
    `${what}: the longest task takes ` +
      rounds
        .map(
          ({ clock, processor, tasks, crowding }) =>
            `${clock.toFixed(0)} ms, ${processor.toFixed(0)} ms of it processor time (of ${tasks} tasks, which waited ${((crowding - 1) * 100).toFixed(0)} %)`,
        )
        .join("; "),
  );
  for (const { processor, tasks } of rounds) {
    expect(tasks).toBeGreaterThan(50);
    expect(processor).toBeLessThan(LONG_MS);
  }
  const fair = rounds.filter(({ crowding }) => crowding < CROWDED);
  // On a machine that never had a processor free the clock tells nothing of the page; its processor time was judged.
  if (fair.length > 0) expect(Math.min(...rounds.map(({ clock }) => clock))).toBeLessThan(LONG_MS);
}

/** How long scripts ran since the page was opened, in ms: by the clock and in processor time. */
async function scripting(page: Page): Promise<() => Promise<{ clock: number; processor: number }>> {
  const meter = async (timeDomain: "timeTicks" | "threadTicks"): Promise<() => Promise<number>> => {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Performance.enable", { timeDomain });
    return async () => {
      const { metrics } = (await cdp.send("Performance.getMetrics")) as {
        metrics: { name: string; value: number }[];
      };
      return (metrics.find(({ name }) => name === "ScriptDuration")?.value ?? 0) * 1_000;
    };
  };
  const [clock, processor] = [await meter("timeTicks"), await meter("threadTicks")];
  return async () => ({ clock: await clock(), processor: await processor() });
}

/** Opens something in less than a second of scripting. @param open goes there and waits until all is shown */
export async function expectToOpenQuickly(
  page: Page,
  what: string,
  open: () => Promise<unknown>,
): Promise<void> {
  const measured = await scripting(page);
  const rounds: { clock: number; processor: number; shown: number }[] = [];
  do {
    await page.goto("about:blank");
    const began = performance.now();
    await open();
    rounds.push({ shown: performance.now() - began, ...(await measured()) });
  } while (rounds.length < ROUNDS && (rounds.at(-1)?.clock ?? 0) >= 1_000);
  const told = rounds.map(
    ({ clock, processor, shown }) =>
      `${clock.toFixed(0)} ms of scripting, ${processor.toFixed(0)} ms of it processor time, all shown after ${shown.toFixed(0)} ms`,
  );
  console.log(`${what} opens with ${told.join("; ")}`);
  for (const { processor } of rounds) {
    expect(processor).toBeGreaterThan(0);
    expect(processor).toBeLessThan(1_000);
  }
  expect(Math.min(...rounds.map(({ clock }) => clock))).toBeLessThan(1_000);
}
