/** The whole process: microseconds of CPU per span until the last one was delivered. */
import { cpuSince } from "../numbers.mjs";
import { SPANS_PER_RUN } from "../shapes.mjs";

export default async function cpu({ job, destination, atSink, slice, turn, warmUp }) {
  await warmUp();
  const before = process.cpuUsage();
  for (let made = 0; made < job.spans; made += SPANS_PER_RUN) {
    slice();
    await turn();
  }
  await destination.finish();
  return { cpuUs: cpuSince(before) / job.spans, sink: await atSink() };
}
