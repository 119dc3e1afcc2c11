export { withoutSecrets } from "./identify.ts";
export { Pipeline } from "./pipeline.ts";
export { ApieSpanProcessor, NOTHING_SENT, type ProcessorInternals } from "./processor.ts";
