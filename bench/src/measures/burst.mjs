/** One synchronous burst: what is lost, what memory it takes, how long the worst `span.end()` is. */
import { ROOT_CONTEXT } from "@opentelemetry/api";
import { llmSpan, SPANS_PER_RUN, startRun } from "../shapes.mjs";

export default async function burst({ job, destination, tracer, ask, atSink }) {
  await destination.finish();
  await ask("/reset");
  const baseline = process.memoryUsage().rss;
  let worst = 0n;
  let made = 0;
  while (made < job.spans) {
    const run = job.shape === "run-per-span" ? undefined : startRun(tracer);
    for (let j = 0; j < SPANS_PER_RUN && made < job.spans; j += 1, made += 1) {
      const start = process.hrtime.bigint();
      llmSpan(tracer, run?.parent ?? ROOT_CONTEXT);
      const took = process.hrtime.bigint() - start;
      if (took > worst) worst = took;
    }
    run?.root.end();
  }
  await destination.finish();
  return {
    made,
    worstSpanMs: Number(worst) / 1e6,
    baselineMb: baseline / 1e6,
    peakMb: process.resourceUsage().maxRSS / 1e3,
    sink: await atSink(),
  };
}
