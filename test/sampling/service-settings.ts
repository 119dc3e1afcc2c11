/** What the service of these tests is told, and what it tells at the end of a part. */
import type { FlushReport } from "../../src/index.ts";

export type SamplerName =
  | "always_on"
  | "always_off"
  | "traceidratio"
  | "parentbased_always_on"
  | "parentbased_always_off"
  | "parentbased_traceidratio";

export interface ServiceSettings {
  /** `bridge`: our processor, and the sampler wrapped. */
  with: "nothing" | "bridge";
  otlpUrl: string;
  apieUrl: string;
  /** Who the service calls: a model, and a thing to look up. */
  downstreamUrl: string;
}

export interface PartEnd {
  /** Of the client, where there is one. */
  report?: FlushReport | undefined;
  /** How many ids of spans were given out; they count from 1. */
  spans: number;
}
