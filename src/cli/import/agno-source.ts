/** Runs of an AgentOS as documents: read once, or one newer version after the other while they are at work. */
import { ApieError, reasonOf } from "../../model/errors.ts";
import {
  type AgentOs,
  type Component,
  type ComponentType,
  componentOf,
  isDenied,
  isMissing,
  isOver,
  type Run,
  startedBy,
} from "./agent-os.ts";
import { EventLog } from "./event-log.ts";
import { backoffMs, pause } from "./http.ts";
import { type FollowOptions, Trying } from "./trying.ts";

export interface Asked {
  readonly sessionId: string;
  readonly type: ComponentType | undefined;
  /** Absent: all runs of the session. */
  readonly runId: string | undefined;
  /** Absent: found out. */
  readonly component: Component | undefined;
}

/** What came in the meantime is told together. */
const GATHER_MS = 100;
/** Of the time of a follower this part at most is spent on putting the run together anew. */
const SHARE = 4;
const LONGEST_REST_MS = 5_000;
/** The document of a run is stored a moment after its stream has ended. */
const STORED_AFTER_TRIES = 5;

/** @throws {ApieError} naming what was not found. */
export async function readAgno(
  agentOs: AgentOs,
  { sessionId, type, runId, component }: Asked,
): Promise<unknown> {
  if (runId === undefined) return agentOs.sessionRuns(sessionId, type);
  if (component !== undefined) return wholeRun(agentOs, component, sessionId, runId, type);
  const listed = await agentOs.listedRun(sessionId, runId, type);
  const found = componentOf(listed);
  if (found === undefined) return listed;
  try {
    return await wholeRun(agentOs, found, sessionId, runId, type);
  } catch (error) {
    // The list tells less, and is what this token may read.
    if (!isMissing(error) && !isDenied(error)) throw error;
    return listed;
  }
}

/** A run, and those that it started: a team keeps them beside it. */
async function wholeRun(
  agentOs: AgentOs,
  component: Component,
  sessionId: string,
  runId: string,
  type: ComponentType | undefined,
): Promise<unknown> {
  const run = await agentOs.run(component, sessionId, runId);
  if (component.type === "agent") return run;
  try {
    const started = startedBy(await agentOs.sessionRuns(sessionId, type), runId);
    return started.length === 0 ? run : [run, ...started];
  } catch (error) {
    if (!isMissing(error) && !isDenied(error)) throw error;
    return run;
  }
}

const mainOf = (document: unknown): Run => (Array.isArray(document) ? document[0] : document) as Run;

/** A session as it grows, until the signal. */
export async function* followSession(
  agentOs: AgentOs,
  asked: Asked,
  options: FollowOptions,
): AsyncGenerator<unknown, void, void> {
  const trying = new Trying(options);
  while (!options.signal.aborted) {
    const began = performance.now();
    const runs = await trying.orWait(() => agentOs.sessionRuns(asked.sessionId, asked.type));
    if (runs !== undefined) yield runs;
    const took = Math.min((performance.now() - began) * SHARE, LONGEST_REST_MS);
    await pause(Math.max(options.intervalMs, took), options.signal);
  }
}

/** A run as it goes on, until it is over. */
export class RunFollowing {
  readonly #agentOs: AgentOs;
  readonly #asked: Asked & { readonly runId: string };
  readonly #options: FollowOptions;
  readonly #log: EventLog;
  readonly #trying: Trying;
  #component: Component | undefined;
  /** The server cannot stream it. */
  #isPolled = false;
  /** The document as it was read last. */
  #last: unknown;
  #isOver = false;
  #isDone = false;
  #news = 0;
  #wake: () => void = () => undefined;

  constructor(agentOs: AgentOs, asked: Asked & { readonly runId: string }, options: FollowOptions) {
    this.#agentOs = agentOs;
    this.#asked = asked;
    this.#options = options;
    this.#component = asked.component;
    this.#log = new EventLog(asked.runId, options.tell);
    this.#trying = new Trying(options);
  }

  /**
   * Documents of the run, each newer than the one before. The last one is whole, unless it was stopped.
   *
   * @throws {ApieError} when the run is not there, may not be read, or its server does not answer for long.
   */
  async *versions(): AsyncGenerator<unknown, void, void> {
    const first = await this.#firstDocument();
    if (first !== undefined) yield first;
    if (first !== undefined && isOver(mainOf(first))) return;
    let failure: unknown;
    const reading = this.#read().catch((error: unknown) => {
      failure = error;
    });
    void reading.finally(() => this.#finished());
    let told = 0;
    while (!this.#isDone) {
      if (this.#news === told) await new Promise<void>((resolve) => (this.#wake = resolve));
      await pause(GATHER_MS, this.#options.signal);
      // A run that is over is told by its document, which is being read.
      if (this.#log.isOver || this.#isDone) {
        await reading;
        break;
      }
      told = this.#news;
      const began = performance.now();
      yield this.#document();
      const took = (performance.now() - began) * SHARE;
      await pause(Math.min(took, LONGEST_REST_MS), this.#options.signal);
    }
    await reading;
    // What only events tell is told while the run is open; then its document completes it.
    if (this.#isOver && this.#log.length > 0) yield this.#log.untilTheEnd();
    // What was read before it failed is told, too.
    if (failure === undefined || this.#news > told) yield this.#document();
    if (failure !== undefined) throw failure;
  }

  /** Before the run has begun, or while only its stream knows of it, there is none. */
  async #firstDocument(): Promise<unknown> {
    try {
      const document = await readAgno(this.#agentOs, { ...this.#asked, component: this.#component });
      this.#component ??= componentOf(mainOf(document));
      return document;
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (this.#component === undefined)
        throw new ApieError(
          "not_found",
          `${reasonOf(error)}. If it has only just begun, say whose it is: --agent, --team or --workflow ID`,
          { status: 404, cause: error },
        );
      return undefined;
    }
  }

  #document(): unknown {
    return this.#isOver || this.#log.length === 0 ? (this.#last ?? []) : this.#log.document();
  }

  #finished(): void {
    this.#isDone = true;
    this.#wake();
  }

  #hasNews(): void {
    this.#news += 1;
    this.#wake();
  }

  /** Until the run is over: its stream as long as there is one, and its document whenever that has ended. */
  async #read(): Promise<void> {
    const { signal, intervalMs, tell } = this.#options;
    for (let idle = 0; !signal.aborted; ) {
      const before = this.#log.length;
      if (!this.#isPolled) await this.#trying.orWait(() => this.#readStream());
      const tries = this.#log.isOver ? STORED_AFTER_TRIES : 1;
      for (let at = 0; at < tries && !signal.aborted; at += 1) {
        if (at > 0) await pause(intervalMs, signal);
        if (!(await this.#readDocument())) continue;
        // It came to its end while the stream was away: what was said meanwhile is still to be had.
        if (!this.#isPolled && !this.#log.isOver) await this.#trying.orWait(() => this.#readStream());
        return;
      }
      if (this.#log.isOver) {
        if (!signal.aborted) tell("the run's document is not there yet: told is what the stream has said");
        return;
      }
      idle = this.#log.length > before ? 0 : idle + 1;
      // A run that waits for somebody is looked at again and again, less often after a while.
      await pause(Math.max(intervalMs, Math.min(backoffMs(idle, intervalMs), 10 * intervalMs)), signal);
    }
  }

  async #readStream(): Promise<void> {
    const component = this.#component;
    if (component === undefined) {
      this.#isPolled = true;
      this.#options.tell(
        "the run does not say whose it is, so that it is read again and again; --agent, --team or --workflow ID says it",
      );
      return;
    }
    const { sessionId, runId } = this.#asked;
    try {
      for await (const { data } of this.#agentOs.events(component, sessionId, runId, this.#log.lastIndex)) {
        if (this.#log.add(data)) this.#hasNews();
        if (this.#log.isOver) return;
      }
    } catch (error) {
      const { status, code } = error as Partial<ApieError>;
      const cannot =
        status === 400 || status === 404 || status === 405 || status === 422 || code === "not_a_stream";
      if (!cannot || error instanceof ApieError === false) throw error;
      this.#isPolled = true;
      this.#options.tell(`${reasonOf(error)}; the run is read again and again instead`);
      return;
    }
    const failure = this.#log.takeFailure();
    if (failure === undefined) return;
    // A run that is not streamed in the background has no stream to resume, and will have none.
    this.#isPolled = true;
    this.#options.tell(`no stream to follow (${failure}); the run is read again and again instead`);
  }

  /** @returns whether the run is over. */
  async #readDocument(): Promise<boolean> {
    const document = await this.#trying.orWait(async () => {
      try {
        return await readAgno(this.#agentOs, { ...this.#asked, component: this.#component });
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
    if (document === undefined) return false;
    this.#last = document;
    this.#isOver = isOver(mainOf(document));
    if (this.#isOver || this.#log.length === 0) this.#hasNews();
    return this.#isOver;
  }
}
