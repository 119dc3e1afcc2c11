/**
 * An AgentOS as Agno 2.9 answers (docs.agno.com, reference-api): runs of sessions, single runs, and the streams of runs that
 * are at work, which are buffered, resumed after an event, and replayed when they are over.
 */
import type { ServerResponse } from "node:http";
import type { Json } from "../support.ts";
import { ForeignServer, type Reply, type Request } from "./server.ts";

const RUN = /^\/(agent|team|workflow)s\/([^/]+)\/runs\/([^/]+)(\/resume)?$/;
const SESSION = /^\/sessions\/([^/]+)\/runs(?:\/([^/]+))?$/;

const missing = (what: string): Reply => ({ status: 404, body: { detail: `${what} not found` } });

/** As a session lists it: less than is stored. */
function listed({ session_id: _, agent_name: __, team_name: ___, input, created_at, ...run }: Json): Json {
  const { input_content } = (input ?? {}) as Json;
  return {
    ...run,
    run_input: typeof input_content === "string" ? input_content : JSON.stringify(input_content ?? ""),
    created_at: typeof created_at === "number" ? new Date(created_at * 1_000).toISOString() : created_at,
  };
}

interface Live {
  readonly path: string;
  readonly events: Json[];
  status: string;
  readonly listeners: Set<ServerResponse>;
}

export class AgentOsServer extends ForeignServer {
  /** Bearer token that is demanded. */
  token: string | undefined;
  readonly #stored = new Map<string, Json>();
  readonly #live = new Map<string, Live>();

  /** Puts a raw run where its owner and its session find it. */
  store(run: Json): void {
    this.#stored.set(String(run.run_id), run);
  }

  /** A run that is at work in the background: its stream can be followed. */
  begin(path: string, runId: string): void {
    this.#live.set(runId, { path, events: [], status: "running", listeners: new Set() });
  }

  /** Says something on the stream of a run. */
  say(runId: string, ...events: readonly Json[]): void {
    const live = this.#liveOf(runId);
    for (const event of events) {
      live.events.push({ ...event, event_index: live.events.length });
      const frame = frameOf(live.events.at(-1) as Json);
      for (const listener of live.listeners) listener.write(frame);
    }
  }

  /** The stream is over. */
  end(runId: string, status: "completed" | "error" | "cancelled" | "paused"): void {
    const live = this.#liveOf(runId);
    live.status = status;
    for (const listener of live.listeners) listener.end();
    live.listeners.clear();
  }

  /** A run that was paused goes on. */
  resume(runId: string): void {
    this.#liveOf(runId).status = "running";
  }

  /** Cuts its streams in the middle of a frame. */
  cut(runId: string): void {
    const live = this.#liveOf(runId);
    for (const listener of live.listeners) {
      const half = frameOf({ event: "RunContent", content: "never whole", run_id: runId }).slice(0, 40);
      listener.write(half, () => listener.destroy());
    }
    live.listeners.clear();
  }

  /** Says something to those who listen that is not kept. */
  raw(runId: string, text: string): void {
    for (const listener of this.#liveOf(runId).listeners) listener.write(text);
  }

  /** The process was started anew: of streams it knows nothing. */
  forgetStreams(): void {
    this.#live.clear();
  }

  listeners(runId: string): number {
    return this.#liveOf(runId).listeners.size;
  }

  protected override answer(request: Request, response: ServerResponse): Reply | undefined {
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`)
      return { status: 401, body: { detail: "Invalid authentication token" } };
    const run = RUN.exec(request.path);
    if (run !== null) {
      const [, type = "", owner = "", runId = "", resume] = run;
      if (resume !== undefined)
        return request.method === "POST" ? this.#resume(runId, request, response) : { status: 405, body: {} };
      const stored = this.#stored.get(runId);
      if (!request.query.has("session_id"))
        return { status: 422, body: { detail: [{ loc: ["query", "session_id"], msg: "Field required" }] } };
      const isOwn = stored?.[`${type}_id`] === owner && stored.session_id === request.query.get("session_id");
      return isOwn ? { body: stored } : missing("Run");
    }
    const [, sessionId, runId] = SESSION.exec(request.path) ?? [];
    if (sessionId === undefined) return missing("Route");
    const runs = [...this.#stored.values()].filter((one) => one.session_id === sessionId);
    if (runs.length === 0) return missing(`Session with ID ${sessionId}`);
    if (runId === undefined) return { body: runs.map(listed) };
    const one = runs.find((candidate) => candidate.run_id === runId);
    return one === undefined ? missing(`Run with ID ${runId}`) : { body: listed(one) };
  }

  #liveOf(runId: string): Live {
    const live = this.#live.get(runId);
    if (live === undefined) throw new Error(`run ${runId} has no stream`);
    return live;
  }

  #resume(runId: string, { form, path }: Request, response: ServerResponse): undefined {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    response.flushHeaders();
    const live = this.#live.get(runId);
    if (live === undefined) {
      this.#fromStore(runId, form.get("session_id"), response);
      return undefined;
    }
    if (!path.startsWith(live.path)) throw new Error(`${path} is no path of ${live.path}`);
    const after = form.has("last_event_index") ? Number(form.get("last_event_index")) : -1;
    const missed = live.events.slice(after + 1);
    const common = { run_id: runId, status: live.status };
    if (live.status !== "running") {
      const total = { total_events: missed.length, total_buffered: live.events.length };
      response.write(frameOf({ event: "replay", ...common, ...total, last_event_index_requested: after }));
      for (const event of missed) response.write(frameOf(event));
      response.end();
      return undefined;
    }
    if (missed.length > 0) {
      response.write(frameOf({ event: "catch_up", ...common, missed_events: missed.length }));
      for (const event of missed) response.write(frameOf(event));
    }
    response.write(frameOf({ event: "subscribed", ...common, current_event_count: live.events.length }));
    live.listeners.add(response);
    response.on("close", () => live.listeners.delete(response));
    return undefined;
  }

  #fromStore(runId: string, sessionId: string | null, response: ServerResponse): void {
    const stored = this.#stored.get(runId);
    if (stored === undefined || stored.session_id !== sessionId) {
      response.end(frameOf({ event: "error", error: `Run ${runId} not found in buffer or database` }));
      return;
    }
    const events = (stored.events ?? []) as Json[];
    response.write(
      frameOf({ event: "replay", run_id: runId, status: stored.status, total_events: events.length }),
    );
    for (const [index, event] of events.entries()) response.write(frameOf({ ...event, event_index: index }));
    response.end();
  }
}

export const frameOf = (event: Json): string =>
  `event: ${String(event.event)}\ndata: ${JSON.stringify(event)}\n\n`;
