/** What tracking is told at its making. */
import type { DeclaredAgent, ImplicitRuns } from "../config/index.ts";
import type { Bounds } from "./bounds.ts";

export interface TrackerOptions {
  agent: DeclaredAgent;
  agents: readonly DeclaredAgent[];
  implicitRuns: ImplicitRuns;
  idleTimeoutMs: number;
  /** Name of our own convention: its spans say which run they belong to. */
  ownConvention: string;
  /** Id of a run that no span names, always the same for the same span. */
  runIdFor: (traceId: string, spanId: string, index: number) => string;
  /** Monotonic ms. */
  now: () => number;
  bounds?: Partial<Bounds>;
}
