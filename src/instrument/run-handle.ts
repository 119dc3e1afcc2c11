/** A paused run as plain JSON, and how it is read back: it comes from a store or another process, and is checked. */
import type { SpanContext } from "@opentelemetry/api";
import { ApieError } from "../model/errors.ts";
import type { RunProgress } from "../model/scope.ts";
import { wholeNumber } from "./attributes.ts";
import { type Given, idOf, members } from "./given.ts";
import { parseTraceparent } from "./handles.ts";
import type { SessionHandle } from "./sessions.ts";

export interface PauseInput {
  /** The approval the run waits for. */
  approvalId?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
}

/** A paused run: to be stored, sent to another process, and resumed there. */
export interface RunHandle {
  /** Our id of the run; the same in every segment. */
  id: string;
  /** Absent when Apie could not be asked in time: the run can then be resumed only where it was paused. */
  apieId?: string | undefined;
  agentKey: string;
  agentName?: string | undefined;
  /** Segments so far: the next one's index. */
  segments: number;
  /** W3C trace context of the last segment's span; absent without an OpenTelemetry SDK. */
  traceparent?: string | undefined;
  session?: SessionHandle | undefined;
  /** What it had done. */
  progress?: RunProgress | undefined;
  /** What it waits for. */
  approval?: { id: string; traceparent?: string | undefined } | undefined;
}

/** What a handle says, read so that nothing about it can throw but this. */
export interface PausedRun {
  readonly id: string;
  readonly apieId: string | undefined;
  readonly agentKey: string | undefined;
  readonly agentName: string | undefined;
  readonly segment: number;
  readonly spanContext: SpanContext | undefined;
  readonly session: SessionHandle | undefined;
  readonly progress: RunProgress;
  readonly approval: { id: string; spanContext: SpanContext | undefined } | undefined;
}

/** @throws {ApieError} code `invalid_run` when it is no handle of a run. */
export function readHandle(handle: unknown): PausedRun {
  const given: Given<RunHandle> = members(handle as RunHandle | undefined);
  const id = typeof given.id === "string" ? idOf(given.id) : undefined;
  if (id === undefined) {
    throw new ApieError("invalid_run", "run handle: id: expected the text that run.pause() gave");
  }
  const approval = members(given.approval);
  const approvalId = idOf(approval.id);
  return {
    id,
    apieId: idOf(given.apieId),
    agentKey: idOf(given.agentKey),
    agentName: typeof given.agentName === "string" ? given.agentName : undefined,
    segment: Math.max(1, wholeNumber(given.segments) ?? 1),
    spanContext: parseTraceparent(given.traceparent),
    session: given.session,
    progress: readProgress(given.progress),
    approval:
      approvalId === undefined
        ? undefined
        : { id: approvalId, spanContext: parseTraceparent(approval.traceparent) },
  };
}

function readProgress(given: RunProgress | undefined): RunProgress {
  const { sequence, modelCalls, toolCalls, failures, usage } = members(given);
  const used = members(usage);
  return {
    sequence: wholeNumber(sequence) ?? 0,
    modelCalls: wholeNumber(modelCalls) ?? 0,
    toolCalls: wholeNumber(toolCalls) ?? 0,
    failures: wholeNumber(failures) ?? 0,
    usage:
      usage === undefined
        ? undefined
        : {
            input: wholeNumber(used.input),
            output: wholeNumber(used.output),
            total: wholeNumber(used.total),
            cacheRead: wholeNumber(used.cacheRead),
            cacheWrite: wholeNumber(used.cacheWrite),
            reasoning: wholeNumber(used.reasoning),
          },
  };
}
