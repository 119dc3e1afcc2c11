export { withoutSecrets } from "./identify.ts";
export type { ApieIds } from "./ids.ts";
export { NOTHING_SENT } from "./nothing-sent.ts";
export { Pipeline } from "./pipeline.ts";
export { ApieSpanProcessor } from "./processor.ts";
export { queueState } from "./queue-state.ts";
