/**
 * Leaks: a service that makes very many spans, of which one in ten never ends, in a process with a small heap. The suite makes a
 * tenth of a million; `npm run test:many-spans` a whole one.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { FlushReport } from "../../src/index.ts";
import { cleanup } from "../support/client.ts";
import { runProgram } from "../support/program.ts";

const SPANS = Number(process.env.MANY_SPANS ?? 100_000);
/** Of the heap, in MB. With a dead Apie the queue is full: that alone takes some 80. */
const HEAP_MB = 256;
const TIMEOUT_MS = 60_000 + SPANS / 2;
/** In each request of ten spans: four calls of a model or tool, with five or seven events, of which a fourth may be missing. */
const EVENTS_PER_REQUEST = 9;

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

interface Printed {
  made: number;
  ended: number;
  endsHeard: number;
  held: { spans: number; openRuns: number; queued: { count: number; bytes: number } };
  report: FlushReport;
  events: FlushReport["events"];
  runs: FlushReport["runs"];
  peakMb: number;
  cpuSeconds: number;
}

async function serviceOf(address: string): Promise<Printed> {
  const args = [`--max-old-space-size=${HEAP_MB}`, pathOf("scripts/many-spans.mjs"), String(SPANS), address];
  const { code, stdout, stderr } = await runProgram(process.execPath, args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const printed = JSON.parse(stdout) as Printed;
  console.log(`${SPANS} spans: ${Math.round(printed.peakMb)} MB, ${printed.cpuSeconds.toFixed(1)} s of CPU`);
  return printed;
}

/** What holds whatever Apie does. */
function expectBounded({ made, ended, endsHeard, held, events, runs }: Printed): void {
  expect(made).toBeGreaterThanOrEqual(SPANS);
  expect(ended / made).toBeCloseTo(0.9, 2);
  // Everybody else heard of all of them.
  expect(endsHeard).toBe(ended);
  expect(held.spans).toBeLessThanOrEqual(50_000);
  expect(held.openRuns).toBeLessThanOrEqual(10_000);
  expect(held.queued.count).toBeLessThanOrEqual(100_000);
  expect(held.queued.bytes).toBeLessThanOrEqual(67_108_864);
  // Each is in one counter.
  expect([events.pending, runs.pending]).toEqual([0, 0]);
  expect(events.delivered + events.dropped + events.rejected).toBe((made / 10) * EVENTS_PER_REQUEST);
}

test(
  "with an Apie that is down",
  async () => {
    const printed = await serviceOf("http://127.0.0.1:9");
    expectBounded(printed);
    expect(printed.events.delivered).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  "with an Apie that is there",
  async () => {
    const sink: ChildProcess = fork(pathOf("../../bench/src/sink.mjs"), { stdio: "ignore" });
    cleanup(async () => sink.disconnect());
    const { port } = await new Promise<{ port: number }>((resolve) => sink.once("message", resolve as never));
    const printed = await serviceOf(`http://127.0.0.1:${port}`);
    expectBounded(printed);
    expect(printed.events.rejected).toBe(0);
    const { events } = (await (await fetch(`http://127.0.0.1:${port}/count`)).json()) as { events: number };
    expect(events).toBe(printed.events.delivered);
    expect(events).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
