/** Runs: a root span each, tied to session, parent and cause by links. */
import { context, type Link } from "@opentelemetry/api";
import { told } from "../events/index.ts";
import { ApieError } from "../model/errors.ts";
import type { RemoteIds, RunScope, Scope, SessionScope } from "../model/scope.ts";
import { readBaggage, withBaggage } from "../propagation/index.ts";
import {
  ATTR_AGENT_FRAMEWORK_NAME,
  ATTR_AGENT_HANDOFF_ID,
  ATTR_AGENT_METADATA,
  ATTR_AGENT_ROLE,
  ATTR_AGENT_RUN_INPUT_SUMMARY,
  ATTR_AGENT_RUN_INPUT_VALUE,
  ATTR_AGENT_RUN_OUTPUT_SUMMARY,
  ATTR_AGENT_RUN_OUTPUT_VALUE,
  ATTR_AGENT_RUN_PARENT_ID,
  ATTR_AGENT_RUN_SEGMENT_INDEX,
  ATTR_AGENT_RUN_STATUS,
  ATTR_AGENT_RUN_TIME_TO_FIRST_TOKEN,
  ATTR_AGENT_RUN_TRIGGER,
  ATTR_AGENT_SESSION_KIND,
  ATTR_AGENT_VERSION,
  ATTR_APIE_RUN_ID,
  ATTR_APIE_SESSION_ID,
  ATTR_GEN_AI_OPERATION_NAME,
} from "../semconv/index.ts";
import { type Given, members, requireFunction } from "./given.ts";
import type { AgentRef, ChildRunInput, RunInput, RunOutcome } from "./inputs.ts";
import type { LiveScopes } from "./live.ts";
import { Remembered } from "./remembered.ts";
import { LiveRun, type Run, RunStats } from "./run.ts";
import type { PausedRun, PauseInput, RunHandle } from "./run-handle.ts";
import { markRun, runLinks } from "./run-links.ts";
import { uuidv7 } from "./uuid.ts";
import type { Work } from "./work.ts";
import type { AgentIdentity, SpanWriter } from "./writer.ts";

export interface RunStart {
  input: Given<RunInput>;
  /** Run that delegates. */
  parent?: RunScope | undefined;
  agent?: AgentIdentity | undefined;
  handoff?: { id: string; links: readonly Link[] } | undefined;
  /** The run that goes on, and its session. */
  resume?: (Omit<PausedRun, "session"> & { session: SessionScope | undefined }) | undefined;
}

export interface CompleteInput {
  /** Default `completed`; `failed` when an `error` is given. */
  status?: RunOutcome | undefined;
  outputSummary?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
  /** Why it failed. */
  error?: unknown;
}

const OUTCOMES = ["completed", "failed", "cancelled"] as const satisfies RunOutcome[];

export class Runs {
  readonly #writer: SpanWriter;
  readonly #live: LiveScopes;
  readonly #open = new Remembered<LiveRun>();
  readonly #stats = new WeakMap<RunScope, RunStats>();
  /** Runs the application gave a status, or a result, of its own. */
  readonly #hasStatus = new WeakSet<Work>();
  readonly #hasOutput = new WeakSet<Work>();

  /** How a run is paused; set by what pauses them. */
  onPause: (run: LiveRun, input: PauseInput | undefined) => Promise<RunHandle> = () =>
    Promise.reject(new ApieError("internal", "run.pause: nothing pauses runs"));

  constructor(writer: SpanWriter, live: LiveScopes) {
    this.#writer = writer;
    this.#live = live;
  }

  async withRun<T>(input: RunInput, fn: (run: Run) => T | PromiseLike<T>): Promise<T> {
    requireFunction("withRun", fn);
    return this.runIn(this.begin({ input: members(input) }), fn);
  }

  async withChildRun<T>(input: ChildRunInput, fn: (run: Run) => T | PromiseLike<T>): Promise<T> {
    requireFunction("withChildRun", fn);
    const given = members(input);
    const parentId = this.#writer.text.id(given.parentRunId);
    const parent = parentId === undefined ? this.#live.active()?.run : this.#live.run(parentId);
    const agent = this.agentOf({ key: given.agentKey, name: given.agentName });
    return this.runIn(this.begin({ input: given, parent, agent }), fn);
  }

  /** A run that is ended by `complete`, or by `shutdown` as failed. */
  start(input?: RunInput): Run {
    return this.begin({ input: members(input) });
  }

  /** @returns whether the run was open here. */
  complete(run: Run | string, input?: CompleteInput): boolean {
    const open = this.#find(run);
    if (open === undefined || open.work.ended) return false;
    const { text } = this.#writer;
    const given = members(input);
    const said = text.choice(given.status, OUTCOMES, "runs.complete: status");
    const status = said ?? (given.error === undefined ? "completed" : "failed");
    this.#hasStatus.add(open.work);
    open.work.set({
      [ATTR_AGENT_RUN_STATUS]: status,
      [ATTR_AGENT_RUN_OUTPUT_SUMMARY]: text.text(given.outputSummary),
      [ATTR_AGENT_METADATA]: text.json(given.metadata, "metadata"),
    });
    if (status === "failed") open.work.fail(given.error ?? new Error("run failed"));
    else open.work.end();
    return true;
  }

  /** Makes of `fn` a function each call of which is a run. */
  wrap<Args extends unknown[], R>(
    fn: (...args: Args) => R,
    input?: Omit<RunInput, "inputSummary"> & {
      inputSummary?: string | ((...args: Args) => string) | undefined;
    },
  ): (...args: Args) => Promise<Awaited<R>> {
    requireFunction("wrap", fn);
    const { inputSummary, ...rest } = members(input);
    const runs = this;
    return function wrapped(this: unknown, ...args: Args): Promise<Awaited<R>> {
      const summary =
        typeof inputSummary === "function"
          ? runs.#summaryOf(args, () => inputSummary(...args))
          : inputSummary;
      return runs.withRun({ ...rest, inputSummary: summary }, () => fn.apply(this, args) as Awaited<R>);
    };
  }

  /** Runs `fn` as the run, whose result its value is unless the application said otherwise. */
  runIn<T>(run: LiveRun, fn: (run: Run) => T | PromiseLike<T>): Promise<T> {
    return run.work.run(
      () => fn(run),
      (value) => {
        if (!this.#hasOutput.has(run.work))
          run.work.set({ [ATTR_AGENT_RUN_OUTPUT_VALUE]: this.#writer.content(value, "output") });
      },
    );
  }

  /** Ends a segment whose status is written already. */
  endPaused(run: LiveRun): void {
    this.#hasStatus.add(run.work);
    run.work.end();
  }

  statsOf(run: RunScope | undefined): RunStats | undefined {
    return run === undefined ? undefined : this.#stats.get(run);
  }

  /** Whether work may still be told of this run: it is open here, or another process's. */
  mayTakeWork(run: RunScope): boolean {
    return run.apieId !== undefined || this.#open.get(run.id) !== undefined;
  }

  /** An agent the application names; of its own agent the name is known. */
  agentOf(ref: Given<AgentRef>): AgentIdentity | undefined {
    const { agent } = this.#writer.host;
    const key = this.#writer.text.id(ref.key);
    if (key === undefined) return undefined;
    return { key, name: this.#writer.text.text(ref.name) ?? (key === agent.key ? agent.name : undefined) };
  }

  begin({ input, parent: given, agent, handoff, resume }: RunStart): LiveRun {
    const writer = this.#writer;
    const { host, text } = writer;
    const mine = this.#live.active();
    const arrived = mine === undefined && host.baggage.read ? readBaggage(context.active()) : undefined;
    const remote = mine?.remote ?? arrived;
    const parent = given ?? this.#live.remoteRun(remote);
    const session =
      resume?.session ??
      this.#live.named(input) ??
      this.#live.sessionOf(parent) ??
      mine?.session ??
      this.#live.remoteSession(remote);
    const id = resume?.id ?? uuidv7();
    const of = agent ?? { key: host.agent.key, name: host.agent.name };
    const outer: Scope = {
      owner: host.owner,
      session,
      run: {
        id,
        apieId: resume?.apieId,
        agentKey: of.key,
        agentName: of.name,
        parentApieId: parent?.apieId,
        spanContext: undefined,
        resumed: resume?.progress,
      },
      step: undefined,
    };
    const inner: { -readonly [Name in keyof Scope]: Scope[Name] } = { ...outer };
    const startedAt = performance.now();
    const work = writer.start(
      {
        operation: "run",
        name: `invoke_agent ${text.text(of.name) ?? of.key}`,
        scope: outer,
        root: host.runSpans === "root",
        parent: context.active(),
        links: [
          ...runLinks(writer, { session, parent, handoff: handoff?.links ?? [] }),
          ...writer.link(resume?.spanContext, "resume_of"),
        ],
        agent: of,
        attributes: {
          ...writer.common(input, mine),
          [ATTR_GEN_AI_OPERATION_NAME]: "invoke_agent",
          [ATTR_AGENT_VERSION]: of.key === host.agent.key ? text.text(host.agentVersion) : undefined,
          [ATTR_AGENT_FRAMEWORK_NAME]: text.text(host.framework),
          [ATTR_AGENT_ROLE]: text.word(input.role),
          [ATTR_AGENT_RUN_PARENT_ID]: parent?.id,
          [ATTR_AGENT_RUN_SEGMENT_INDEX]: resume?.segment,
          [ATTR_AGENT_HANDOFF_ID]: handoff?.id,
          [ATTR_AGENT_RUN_TRIGGER]: text.text(input.trigger),
          [ATTR_AGENT_RUN_INPUT_SUMMARY]: text.text(input.inputSummary),
          [ATTR_AGENT_RUN_INPUT_VALUE]: writer.content(input.input, "input"),
          [ATTR_AGENT_SESSION_KIND]: session?.kind,
        },
      },
      inner,
    );
    const scope: RunScope = {
      id,
      agentKey: of.key,
      agentName: of.name,
      spanContext: work.span.spanContext(),
      apieId: resume?.apieId,
    };
    inner.run = scope;
    this.#announce(work, { sessionId: session?.id, apieSessionId: session?.apieId, runId: id });
    const stats = new RunStats();
    this.#stats.set(scope, stats);
    this.#live.addRun(scope, session);
    const run: LiveRun = new LiveRun({
      id,
      sessionId: session?.id,
      agentKey: of.key,
      segment: resume?.segment ?? 0,
      work,
      pause: (asked) => this.onPause(run, asked),
      apieId: async () => (work.isSeen ? host.runIds?.whenKnown(id) : undefined),
      setOutput: (output) => {
        if ("summary" in output) {
          work.set({ [ATTR_AGENT_RUN_OUTPUT_SUMMARY]: text.text(output.summary) });
          return;
        }
        this.#hasOutput.add(work);
        work.set({ [ATTR_AGENT_RUN_OUTPUT_VALUE]: writer.content(output.value, "output") });
      },
    });
    this.#open.set(id, run);
    work.onFirst = () =>
      work.set({ [ATTR_AGENT_RUN_TIME_TO_FIRST_TOKEN]: (performance.now() - startedAt) / 1_000 });
    work.onEnd = (failed) => {
      this.#open.delete(id);
      work.set(stats.attributes());
      if (!this.#hasStatus.has(work)) work.set({ [ATTR_AGENT_RUN_STATUS]: failed ? "failed" : "completed" });
      this.#noteApieIds(work, id, session);
    };
    if (host.runSpans === "root" && host.runMarker)
      markRun(writer, work, { scope, session, parent, agent: of });
    return run;
  }

  #find(run: unknown): LiveRun | undefined {
    if (LiveRun.is(run)) return run;
    const id = this.#writer.text.id(run);
    return id === undefined ? undefined : this.#open.get(this.#live.run(id).id);
  }

  #summaryOf(args: readonly unknown[], summarize: () => unknown): string | undefined {
    try {
      const summary = summarize();
      if (!(summary instanceof Promise)) return summary as string | undefined;
      // What it rejects with must not end the process.
      summary.catch((error: unknown) => this.#summaryFailed(error, args));
      throw new TypeError("it cannot be async");
    } catch (error) {
      this.#summaryFailed(error, args);
      return undefined;
    }
  }

  #summaryFailed(error: unknown, args: readonly unknown[]): void {
    const { reporter, redactor } = this.#writer.host;
    reporter.once("summary_failed", () => `wrap: inputSummary failed: ${told(error, args, redactor)}`);
  }

  /** With `baggage.write: true` every callee gets the ids, of Apie's those that are known by now. */
  #announce(work: Work, ids: RemoteIds): void {
    if (this.#writer.host.baggage.write === true) work.context = withBaggage(work.context, ids);
  }

  /** Opt-in: what Apie calls the run, where it is known before the span ends. */
  #noteApieIds(work: Work, id: string, session: SessionScope | undefined): void {
    const { host } = this.#writer;
    if (!host.apieIdsOnSpans) return;
    work.set({
      [ATTR_APIE_RUN_ID]: host.runIds?.current(id),
      [ATTR_APIE_SESSION_ID]:
        session === undefined ? undefined : (session.apieId ?? host.sessionIds?.current(session.id)),
    });
  }
}
