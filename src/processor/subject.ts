/** A processor as the doctor examines it. */
import type { Subject } from "../diagnostics/index.ts";
import type { ApieSpanProcessor } from "./processor.ts";
import { queueState } from "./queue-state.ts";

export function subjectOf(processor: ApieSpanProcessor): Subject {
  const { config, pipeline } = processor;
  return {
    config,
    apie:
      pipeline === undefined
        ? undefined
        : {
            client: pipeline.client,
            redactor: pipeline.redactor,
            registration: () => pipeline.delivery.registration.value,
            async register() {
              const error = await pipeline.delivery.whenRegistered();
              const { failure } = pipeline.delivery.registration;
              if (error === undefined || failure !== undefined) return failure;
              return { kind: "retry", ambiguous: false, message: error.message, cause: "ABORT_ERR" };
            },
          },
    processor,
    spansSeen: processor.startedSpans,
    hears: (start) => processor.hears(start),
    queue: () => queueState(pipeline),
  };
}
