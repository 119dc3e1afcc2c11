/** What the writing of spans needs of the client it belongs to. */
import type { DropInfo, RunSpans, TracerProviderLike } from "../config/index.ts";
import type { Inferred } from "../conventions/index.ts";
import type { Reporter } from "../diagnostics/index.ts";
import type { Redactor } from "../events/index.ts";
import type { RunProgress } from "../model/scope.ts";

/** Ids Apie gave, by ours and back. */
export interface KnownIds {
  ourIdOf(apieId: string): string | undefined;
  current(ourId: string): string | undefined;
  whenKnown(ourId: string): Promise<string | undefined>;
  /** As `whenKnown`, but with `undefined` as soon as an attempt has failed. */
  whenTried(ourId: string): Promise<string | undefined>;
}

/** A run or session whose span nobody records: the processor never hears of it. */
export type NotRecorded = Pick<DropInfo, "what" | "type" | "reason" | "runId" | "sessionId"> & {
  readonly what: "run" | "session";
};

export interface InstrumentHost {
  /** Identity of the client: its processor takes only spans of its own scope. */
  readonly owner: object;
  readonly agent: { readonly key: string; readonly name: string };
  readonly agentVersion: string | undefined;
  readonly framework: string | undefined;
  readonly captureContent: boolean;
  readonly runSpans: RunSpans;
  readonly runMarker: boolean;
  readonly apieIdsOnSpans: boolean;
  readonly baggage: { readonly read: boolean; readonly write: readonly string[] | boolean };
  readonly redactor: Redactor;
  readonly reporter: Reporter;
  readonly tracerProvider: TracerProviderLike | undefined;
  /** Action and resource of a tool by its name, where the client was told to infer them for its own calls. */
  readonly infer: ((tool: string) => Inferred | undefined) | undefined;
  /** Absent while the client is switched off. */
  readonly runIds: KnownIds | undefined;
  readonly sessionIds: KnownIds | undefined;
  /** Id of the registered agent, once known. */
  readonly agentId: () => string | undefined;
  /** Spans whose start our processor has seen; it grows when our processor is in the provider that is used. */
  readonly spansSeen: () => number;
  /** Sends what was told so far soon, without waiting for it. */
  readonly hurry: () => void;
  /** Work nobody waits for and whose end is told: a flush waits for it. It must not reject. */
  readonly awaits: (work: Promise<unknown>) => void;
  /** How far a run had come whose span has just ended as paused. */
  readonly pausedRun: (runId: string) => RunProgress | undefined;
  /** Counts what was not recorded among the losses. */
  readonly notRecorded: (loss: NotRecorded) => void;
}
