export { recordAgentSpans, type SamplerLike, type SamplingResultLike } from "./record-agent-spans.ts";
