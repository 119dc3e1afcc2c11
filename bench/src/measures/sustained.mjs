/**
 * Sustained load: the highest rung of a ladder of rates at which nothing is lost and nothing piles up.
 *
 * Spans come at their times whether or not the process keeps up (open loop): what is due is made every millisecond. A rung
 * holds when all of it arrived at every destination, and no more was waiting at its end than the batch processor can hold: a
 * larger queue that only grows is no sustained load. One that fails is tried once more, for the machine may have been busy.
 * The ladder is the same for all: up in large steps until one does not hold, then halving what is between.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { llmSpan, SPANS_PER_RUN, startRun } from "../shapes.mjs";

/** Spans per second: seven steps double it. */
const LADDER = Array.from({ length: 50 }, (_, step) => Math.round(2_000 * 2 ** (step / 7)));
const LARGE_STEP = 7;
const TRIES = 2;
/** Spans: 2,048 in its queue and 512 on their way. */
const MAX_WAITING = 2_560;

export default async function sustained(bench) {
  const { job, destination, ask, atSink } = bench;
  await bench.warmUp(150);

  async function holds(rate) {
    await ask("/reset");
    const made = await load(bench.tracer, rate, job.rungMs);
    const waiting = destination.waiting?.() ?? 0;
    await destination.finish();
    const sink = await atSink();
    const isKept = waiting <= destination.eventsOf({ calls: MAX_WAITING });
    const isWhole = sink.spans === destination.spansOf(made) && sink.events === destination.eventsOf(made);
    return isWhole && isKept;
  }
  async function holdsOnce(rate) {
    for (let attempt = 0; attempt < TRIES; attempt += 1) if (await holds(rate)) return true;
    return false;
  }

  let low = -1;
  let high = 0;
  while (high < LADDER.length && (await holdsOnce(LADDER[high]))) {
    low = high;
    high += LARGE_STEP;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await holdsOnce(LADDER[middle])) low = middle;
    else high = middle;
  }
  return { rate: low < 0 ? 0 : LADDER[low] };
}

/** @returns how many model calls, and runs of them, were made. */
async function load(tracer, rate, ms) {
  const made = { calls: 0, runs: 0 };
  let run;
  const start = performance.now();
  for (let at = 0; at < ms; at = performance.now() - start) {
    const due = Math.floor((rate * at) / 1_000);
    while (made.calls < due) {
      run ??= startRun(tracer);
      llmSpan(tracer, run.parent);
      made.calls += 1;
      if (made.calls % SPANS_PER_RUN === 0) run = ended(run, made);
    }
    await sleep(1);
  }
  if (run !== undefined) ended(run, made);
  return made;
}

function ended(run, made) {
  run.root.end();
  made.runs += 1;
  return undefined;
}
