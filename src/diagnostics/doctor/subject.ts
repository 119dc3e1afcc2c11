/** What the doctor examines: a span processor of ours, and what stands around it. */
import type { Answer, ApieClient, Registration } from "../../apie-api/index.ts";
import type { ApieConfig } from "../../config/index.ts";
import type { Redactor } from "../../events/index.ts";
import type { QueueDiagnostics } from "../queue.ts";

export type Refusal = Exclude<Answer<unknown>, { kind: "ok" }>;

/** The way to Apie; absent while the client is switched off. */
export interface ApieSide {
  readonly client: ApieClient;
  readonly redactor: Redactor;
  /** As far as Apie has answered. */
  registration(): Registration;
  /** Registers the agent unless it is registered; resolves with what stands in the way. */
  register(): Promise<Refusal | undefined>;
}

export interface Subject {
  readonly config: ApieConfig;
  readonly apie: ApieSide | undefined;
  /** As a provider holds it. */
  readonly processor: object;
  /** Spans that reached the processor so far. */
  readonly spansSeen: number;
  /** Whether a span that `start` starts reaches the processor, which takes no further notice of it. */
  hears(start: () => void): boolean;
  queue(): QueueDiagnostics;
}
