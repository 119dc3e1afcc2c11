/** What is read of an AgentOS of Agno: runs of a session, one run, and a run while it is at work. */
import { ApieError } from "../../model/errors.ts";
import { type EventSourceMessage, messagesOf } from "../shared/messages.ts";
import type { SourceHttp } from "./http.ts";

export const COMPONENTS = ["agent", "team", "workflow"] as const;
export type ComponentType = (typeof COMPONENTS)[number];

/** Whose run it is. */
export interface Component {
  readonly type: ComponentType;
  readonly id: string;
}

export type Run = Readonly<Record<string, unknown>>;

/** A subscribed stream gives a sign every 30 s. */
const SILENCE_MS = 90_000;

const isObject = (value: unknown): value is Run =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, value);
  return given.size === 0 ? path : `${path}?${given.toString()}`;
}

export class AgentOs {
  readonly #http: SourceHttp;

  constructor(http: SourceHttp) {
    this.#http = http;
  }

  get baseUrl(): string {
    return this.#http.baseUrl;
  }

  /** All runs of a session, as it lists them. */
  async sessionRuns(sessionId: string, type: ComponentType | undefined): Promise<readonly unknown[]> {
    const path = withQuery(`/sessions/${encodeURIComponent(sessionId)}/runs`, { type });
    const runs = await this.#http.json({ path, what: `session ${sessionId}` });
    // Servers of 2.0 may answer with the only run.
    if (isObject(runs) && text(runs.run_id) !== undefined) return [runs];
    if (!Array.isArray(runs)) throw unexpected(`${this.baseUrl}${path}`, "a list of runs");
    return runs;
  }

  /** One run as its session lists it: less is known of it there. */
  async listedRun(sessionId: string, runId: string, type: ComponentType | undefined): Promise<Run> {
    const path = withQuery(`/sessions/${encodeURIComponent(sessionId)}/runs/${encodeURIComponent(runId)}`, {
      type,
    });
    try {
      return this.#runIn(await this.#http.json({ path, what: `run ${runId} in session ${sessionId}` }), path);
    } catch (error) {
      // The route came with 2.2.
      if (!isMissing(error)) throw error;
      const runs = await this.sessionRuns(sessionId, type);
      const found = runs.find((run) => isObject(run) && run.run_id === runId);
      if (found === undefined) throw error;
      return found as Run;
    }
  }

  /** One run with all that is stored of it. */
  async run(component: Component, sessionId: string, runId: string): Promise<Run> {
    const path = withQuery(`${runPath(component, runId)}`, { session_id: sessionId });
    const what = `run ${runId} of ${component.type} ${component.id} in session ${sessionId}`;
    return this.#runIn(await this.#http.json({ path, what }), path);
  }

  /**
   * What a run has said after an event, and what it says from now on, until the server ends the stream.
   *
   * @param after index of the last event that was received.
   */
  async *events(
    component: Component,
    sessionId: string,
    runId: string,
    after: number | undefined,
  ): AsyncGenerator<EventSourceMessage, void, void> {
    const form = {
      session_id: sessionId,
      ...(after === undefined ? {} : { last_event_index: String(after) }),
    };
    const path = `${runPath(component, runId)}/resume`;
    const what = `run ${runId} of ${component.type} ${component.id}, or cannot stream it`;
    const body = await this.#http.stream({ path, what, form });
    yield* messagesOf(body, { silenceMs: SILENCE_MS });
  }

  #runIn(answer: unknown, path: string): Run {
    if (!isObject(answer) || text(answer.run_id) === undefined)
      throw unexpected(`${this.baseUrl}${path}`, "a run");
    return answer;
  }
}

const runPath = ({ type, id }: Component, runId: string): string =>
  `/${type}s/${encodeURIComponent(id)}/runs/${encodeURIComponent(runId)}`;

const unexpected = (url: string, expected: string): ApieError =>
  new ApieError("unexpected", `${url} answered JSON that is not ${expected}`);

export const isMissing = (error: unknown): boolean => error instanceof ApieError && error.status === 404;
/** The server keeps it from this token. */
export const isDenied = (error: unknown): boolean =>
  error instanceof ApieError && (error.status === 401 || error.status === 403);

/** Whose run it is, as far as the run says. */
export function componentOf(run: Run): Component | undefined {
  const team = text(run.team_id);
  if (team !== undefined) return { type: "team", id: team };
  const agent = text(run.agent_id);
  if (agent !== undefined) return { type: "agent", id: agent };
  const workflow = text(run.workflow_id);
  return workflow === undefined ? undefined : { type: "workflow", id: workflow };
}

const OVER: ReadonlySet<string> = new Set(["COMPLETED", "CANCELLED", "ERROR", "REGENERATED"]);

/** Whether a run has come to its end; servers before 2.5 do not say how runs stand: what they list is over. */
export const isOver = ({ status }: Run): boolean => {
  const said = text(status);
  return said === undefined || OVER.has(said.toUpperCase());
};

/** Runs of a list that a run has started, and those that these have. */
export function startedBy(runs: readonly unknown[], runId: string): readonly Run[] {
  const found = new Set([runId]);
  const started: Run[] = [];
  for (let before = -1; started.length > before; ) {
    before = started.length;
    for (const run of runs) {
      if (!isObject(run)) continue;
      const id = text(run.run_id);
      const parent = text(run.parent_run_id);
      if (id === undefined || parent === undefined || found.has(id) || !found.has(parent)) continue;
      found.add(id);
      started.push(run);
    }
  }
  return started;
}
