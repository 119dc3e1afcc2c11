export { recordAgentSpans } from "./record-agent-spans.ts";
export type { SamplerLike, SamplingResultLike } from "./sampler.ts";
export { isPureSampler, wouldDrop } from "./would-drop.ts";
