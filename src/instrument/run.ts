/** A run as the application holds it, and what it counts of itself. */
import {
  ATTR_AGENT_RUN_LLM_CALL_COUNT,
  ATTR_AGENT_RUN_TOOL_CALL_COUNT,
  ATTR_AGENT_RUN_USAGE_INPUT_TOKENS,
  ATTR_AGENT_RUN_USAGE_OUTPUT_TOKENS,
  ATTR_AGENT_RUN_USAGE_TOTAL_TOKENS,
} from "../semconv/index.ts";
import { wholeNumber } from "./attributes.ts";
import { type Given, requireFunction } from "./given.ts";
import { traceparentOf } from "./handles.ts";
import type { UsageInput } from "./inputs.ts";
import type { PauseInput, RunHandle } from "./run-handle.ts";
import type { Work } from "./work.ts";

/** A run in progress. */
export interface Run {
  /** Our id (a UUID), known at once; on every span of the run. */
  readonly id: string;
  /** Our id of the session, when there is one. */
  readonly sessionId: string | undefined;
  readonly agentKey: string;
  /** `traceparent` of the run's root span (https://www.w3.org/TR/trace-context/); absent without an OpenTelemetry SDK. */
  readonly traceparent: string | undefined;
  /**
   * Apie's id, once its server has given it; `undefined` when the run never came to be there. Waiting for it is optional, and
   * lasts as long as Apie is out of reach.
   */
  apieId(): Promise<string | undefined>;
  /**
   * Ends this segment of the run, which Apie goes on to take for running; `runs.resume` continues it, here or in another
   * process. Return from its callback after that: work that is told later is of no run.
   *
   * @param input.approvalId approval the run waits for; the decision then leads back to where it was asked for.
   * @returns plain JSON to store. Waits for Apie's id of the run as `sessions.start` does.
   * @throws {ApieError} code `run_ended` when it has ended already.
   */
  pause(input?: PauseInput): Promise<RunHandle>;
  /** Runs `fn` inside the run, for runs opened with `runs.start`. */
  in<T>(fn: () => T): T;
  /** One line on what came of the run. */
  setOutputSummary(summary: string): void;
  /** The result, instead of what the callback returns; recorded only with `captureContent`. */
  setOutput(output: unknown): void;
}

interface RunDetails {
  id: string;
  sessionId: string | undefined;
  agentKey: string;
  /** 0 for the first, one more after each pause. */
  segment: number;
  work: Work;
  apieId: () => Promise<string | undefined>;
  pause: (input: PauseInput | undefined) => Promise<RunHandle>;
  setOutput: (output: { summary: string } | { value: unknown }) => void;
}

export class LiveRun implements Run {
  readonly id: string;
  readonly sessionId: string | undefined;
  readonly agentKey: string;
  readonly #details: RunDetails;

  constructor(details: RunDetails) {
    this.id = details.id;
    this.sessionId = details.sessionId;
    this.agentKey = details.agentKey;
    this.#details = details;
  }

  /** Also for what is no object, or throws when it is looked at. */
  static is(value: unknown): value is LiveRun {
    return typeof value === "object" && value !== null && #details in value;
  }

  get segment(): number {
    return this.#details.segment;
  }

  get work(): Work {
    return this.#details.work;
  }

  get traceparent(): string | undefined {
    return traceparentOf(this.work);
  }

  apieId(): Promise<string | undefined> {
    return this.#details.apieId();
  }

  pause(input?: PauseInput): Promise<RunHandle> {
    return this.#details.pause(input);
  }

  in<T>(fn: () => T): T {
    requireFunction("run.in", fn);
    return this.work.within(fn);
  }

  setOutputSummary(summary: string): void {
    this.#details.setOutput({ summary });
  }

  setOutput(value: unknown): void {
    this.#details.setOutput({ value });
  }
}

/**
 * What was told of a run's work through this API, written on its span at its end. Work that other instrumentation writes
 * inside is not known here: a 0 would deny it, so what was not counted is not written.
 */
export class RunStats {
  llmCalls = 0;
  toolCalls = 0;
  #usage: { input: number; output: number; total: number } | undefined;

  addUsage(usage: Given<UsageInput>): void {
    const input = wholeNumber(usage.inputTokens) ?? 0;
    const output = wholeNumber(usage.outputTokens) ?? 0;
    this.#usage ??= { input: 0, output: 0, total: 0 };
    this.#usage.input += input;
    this.#usage.output += output;
    this.#usage.total += wholeNumber(usage.totalTokens) ?? input + output;
  }

  attributes(): Record<string, number | undefined> {
    return {
      [ATTR_AGENT_RUN_LLM_CALL_COUNT]: this.llmCalls || undefined,
      [ATTR_AGENT_RUN_TOOL_CALL_COUNT]: this.toolCalls || undefined,
      [ATTR_AGENT_RUN_USAGE_INPUT_TOKENS]: wholeNumber(this.#usage?.input),
      [ATTR_AGENT_RUN_USAGE_OUTPUT_TOKENS]: wholeNumber(this.#usage?.output),
      [ATTR_AGENT_RUN_USAGE_TOTAL_TOKENS]: wholeNumber(this.#usage?.total),
    };
  }
}
