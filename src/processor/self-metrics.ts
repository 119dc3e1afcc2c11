/** What the pipeline's own metrics are made of. */
import { SelfMetrics } from "../diagnostics/index.ts";
import type { Hooks } from "./hooks.ts";
import type { Pipeline } from "./pipeline.ts";
import type { Pump } from "./pump.ts";
import { queueState } from "./queue-state.ts";

/** @param pump may come to be only later. */
export function selfMetricsOf(pipeline: Pipeline, pump: () => Pump, hooks: Hooks): SelfMetrics {
  const { maxQueueSize, maxQueueBytes, baseUrl } = pipeline.config;
  return new SelfMetrics({
    state: () => ({
      queue: queueState(pipeline),
      limits: { items: maxQueueSize, bytes: maxQueueBytes },
      processed: { ...pump().processed },
      journal: pump().journal,
    }),
    baseUrl,
    onFailure: (cause) => hooks.failed("the meter provider", cause),
  });
}
