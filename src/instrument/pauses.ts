/**
 * Runs that are let go of before they are done, and taken up later, here or in another process. Each segment is a span of its
 * own with the same run id, tied to the one before by a link; Apie's run stays open in between.
 */
import { ApieError } from "../model/errors.ts";
import { ATTR_AGENT_METADATA, ATTR_AGENT_RUN_STATUS } from "../semconv/index.ts";
import { idOf, members, requireFunction } from "./given.ts";
import { ANSWER_DEADLINE_MS, answered, traceparent, traceparentOf } from "./handles.ts";
import type { LiveScopes } from "./live.ts";
import type { LiveRun, Run } from "./run.ts";
import { type PauseInput, type RunHandle, readHandle } from "./run-handle.ts";
import type { Runs } from "./runs.ts";
import type { Sessions } from "./sessions.ts";
import type { SpanWriter } from "./writer.ts";

export class Pauses {
  readonly #writer: SpanWriter;
  readonly #live: LiveScopes;
  readonly #runs: Runs;
  readonly #sessions: Sessions;
  readonly #deadlineMs: number;

  /** @param timeoutMs longest wait for Apie the application allows. */
  constructor(writer: SpanWriter, live: LiveScopes, runs: Runs, sessions: Sessions, timeoutMs: number) {
    this.#writer = writer;
    this.#live = live;
    this.#runs = runs;
    this.#sessions = sessions;
    this.#deadlineMs = Math.min(ANSWER_DEADLINE_MS, timeoutMs);
    runs.onPause = (run, input) => this.#pause(run, input);
  }

  async resume<T>(handle: RunHandle, fn: (run: Run) => T | PromiseLike<T>): Promise<T> {
    requireFunction("runs.resume", fn);
    const paused = readHandle(handle);
    if (paused.approval?.spanContext !== undefined)
      this.#live.approvals.set(paused.approval.id, paused.approval.spanContext);
    const session = paused.session === undefined ? undefined : this.#sessions.scopeOf(paused.session);
    const agent = this.#runs.agentOf({ key: paused.agentKey, name: paused.agentName });
    return this.#runs.runIn(
      this.#runs.begin({ input: { trigger: "resume" }, agent, resume: { ...paused, session } }),
      fn,
    );
  }

  async #pause(run: LiveRun, input: PauseInput | undefined): Promise<RunHandle> {
    const { host, text } = this.#writer;
    const { work } = run;
    if (work.ended) throw new ApieError("run_ended", "run.pause: the run has ended already");
    const given = members(input);
    work.set({
      [ATTR_AGENT_RUN_STATUS]: "paused",
      [ATTR_AGENT_METADATA]: text.json(given.metadata, "metadata"),
    });
    this.#runs.endPaused(run);
    const progress = host.pausedRun(run.id);
    const session = this.#live.sessionOfRun(run.id);
    const apieId = work.isSeen ? await answered(host.runIds?.whenTried(run.id), this.#deadlineMs) : undefined;
    const approvalId = idOf(given.approvalId);
    return withoutAbsent({
      id: run.id,
      apieId,
      agentKey: run.agentKey,
      agentName: work.scope.run?.agentName,
      segments: run.segment + 1,
      traceparent: traceparentOf(work),
      session: session === undefined ? undefined : this.#sessions.handleOf(session),
      progress,
      approval:
        approvalId === undefined
          ? undefined
          : withoutAbsent({ id: approvalId, traceparent: traceparent(this.#live.approvals.get(approvalId)) }),
    });
  }
}

/** What is absent is not written: handles are stored as JSON and compared. */
const withoutAbsent = <T extends object>(members: T): T =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
