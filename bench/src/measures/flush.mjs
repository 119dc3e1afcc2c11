/**
 * CPU of a flush of 1,000 events, which are those of 500 model calls of a run that goes on, at 500 per POST; for an exporter,
 * of the same 500 spans in one POST. Median over many, in a process that is warm.
 *
 * `queued`: they wait to be sent, as spans do in the batch processor. For Apie they are read and placed by then, and wait
 * because the sink has not answered for their run; it answers as the flush begins. `ended`: the spans have just ended, and
 * what is to be read is part of the flush.
 */
import { cpuSince, median } from "../numbers.mjs";
import { llmSpan, startRun } from "../shapes.mjs";

const CALLS = 500;
const EVENTS = 2 * CALLS;
const WARM = 20;

export default async function flush({ job, destination, tracer, ask, turn, warmUp }) {
  await warmUp();
  const times = { queued: [], ended: [] };
  for (let round = 0; round < WARM + job.times; round += 1) {
    for (const state of ["queued", "ended"]) {
      const took = await once(state, { destination, tracer, ask, turn });
      if (round >= WARM) times[state].push(took / CALLS);
    }
  }
  return { queuedUs: median(times.queued), endedUs: median(times.ended) };
}

async function once(state, { destination, tracer, ask, turn }) {
  const waits = state === "queued" && destination.waiting !== undefined;
  if (waits) await ask("/hold");
  const { root, parent } = startRun(tracer);
  if (!waits) await destination.finish();
  for (let call = 0; call < CALLS; call += 1) llmSpan(tracer, parent);
  if (waits) {
    while (destination.waiting() < EVENTS) await turn();
    await ask("/release");
  }
  const before = process.cpuUsage();
  await destination.processors[0].forceFlush();
  const took = cpuSince(before);
  root.end();
  await destination.finish();
  return took;
}
