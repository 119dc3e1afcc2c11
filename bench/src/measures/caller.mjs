/** The caller's side: nanoseconds per span, median over slices; other work runs between slices. */
import { median } from "../numbers.mjs";
import { SPANS_PER_RUN } from "../shapes.mjs";

export default async function caller({ job, destination, slice, turn, warmUp }) {
  await warmUp();
  const times = [];
  for (let made = 0; made < job.spans; made += SPANS_PER_RUN) {
    const start = process.hrtime.bigint();
    slice();
    times.push(Number(process.hrtime.bigint() - start) / SPANS_PER_RUN);
    await turn();
  }
  await destination.finish();
  return { p50: median(times), worstSliceMs: (Math.max(...times) * SPANS_PER_RUN) / 1e6 };
}
