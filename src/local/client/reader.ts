/** Reads a local Apie over its read API, page by page. */
import { ApieError, reasonOf } from "../../model/errors.ts";
import type { StoredSpan } from "../store/spans.ts";
import type { EventRecord, HandoffRecord, PageOf, RunRecord, SessionRecord } from "./records.ts";

/** Filters of `GET /api/events`. */
export interface EventFilter {
  readonly session?: string | undefined;
  readonly run?: string | undefined;
  /** One type, or several with commas. */
  readonly type?: string | undefined;
  /** Key of the agent. */
  readonly agent?: string | undefined;
}

type Query = Readonly<Record<string, string | undefined>>;

/** A read must end, also when a proxy answers nothing. */
const TIMEOUT_MS = 30_000;

const segment = encodeURIComponent;

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** The message of an answer that is none: `{error: {message}}`, as this server writes it. */
async function saidBy(response: Response): Promise<{ ours: boolean; message: string }> {
  const text = await response.text().catch(() => "");
  try {
    const { error } = JSON.parse(text) as { error?: { code?: unknown; message?: unknown } };
    if (typeof error?.message === "string")
      return { ours: error.code === "not_found", message: error.message };
  } catch {
    // Not JSON: a proxy, or another server.
  }
  return { ours: false, message: text.slice(0, 200).trim() || response.statusText };
}

/**
 * @example
 * const reader = new LocalReader("http://127.0.0.1:4319");
 * const [session] = await reader.sessions();
 */
export class LocalReader {
  readonly url: string;
  readonly #headers: Readonly<Record<string, string>>;

  /**
   * @param url address of a local Apie.
   * @param key where it was started with one.
   */
  constructor(url: string, key?: string) {
    this.url = url.replace(/\/+$/, "");
    this.#headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  }

  /** Newest first. */
  sessions(): Promise<SessionRecord[]> {
    return all(this.items<SessionRecord>("/api/sessions"));
  }

  /** The one that was opened last. */
  async newestSession(): Promise<SessionRecord | undefined> {
    return (await this.get<PageOf<SessionRecord>>("/api/sessions", { limit: "1" })).items[0];
  }

  /** All, in or outside of a session, newest first. */
  runs(): Promise<RunRecord[]> {
    return all(this.items<RunRecord>("/api/runs"));
  }

  async session(id: string): Promise<SessionRecord> {
    return (await this.get<{ session: SessionRecord }>(`/api/sessions/${segment(id)}`)).session;
  }

  /** In the order they were opened. */
  runsOf(sessionId: string): Promise<RunRecord[]> {
    return all(this.items<RunRecord>(`/api/sessions/${segment(sessionId)}/runs`));
  }

  /** In the order of the session. */
  eventsOf(sessionId: string): Promise<EventRecord[]> {
    return all(this.eachEventOf(sessionId));
  }

  /** The same, one after the other, so that a long session needs no memory. */
  eachEventOf(sessionId: string): AsyncGenerator<EventRecord, void, void> {
    return this.items<EventRecord>(`/api/sessions/${segment(sessionId)}/events`);
  }

  handoffsOf(sessionId: string): Promise<HandoffRecord[]> {
    return all(this.items<HandoffRecord>(`/api/sessions/${segment(sessionId)}/handoffs`));
  }

  eventsOfRun(runId: string): Promise<EventRecord[]> {
    return all(this.items<EventRecord>(`/api/runs/${segment(runId)}/events`));
  }

  /** By start; none when the trace is not (yet) known. */
  spansOf(traceId: string): Promise<StoredSpan[]> {
    return all(this.eachSpanOf(traceId));
  }

  eachSpanOf(traceId: string): AsyncGenerator<StoredSpan, void, void> {
    return this.items<StoredSpan>(`/api/traces/${segment(traceId)}/spans`, {}, true);
  }

  /** A page of events by arrival; `last_cursor` goes on from there, also when nothing more has come yet. */
  events(
    filter: EventFilter & { order?: "oldest" | "newest"; limit?: number; cursor?: string | undefined },
    signal?: AbortSignal,
  ): Promise<PageOf<EventRecord> & { readonly last_cursor: string | null }> {
    const { session, run, type, agent, order, limit, cursor } = filter;
    const query = { session, run, type, agent, order, limit: limit?.toString(), cursor };
    return this.get("/api/events", query, signal);
  }

  /** `GET /api/stream`, open until it ends or the signal aborts. */
  async stream(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { body } = await this.#fetch("/api/stream", signal);
    if (body === null) throw new ApieError("protocol", `${this.url}/api/stream: the answer has no body`);
    return body;
  }

  /** Items of all pages of a list. @param mayLack 404 means that there are none. */
  async *items<T>(path: string, query: Query = {}, mayLack = false): AsyncGenerator<T, void, void> {
    let cursor: string | undefined;
    for (;;) {
      let page: PageOf<T>;
      try {
        page = await this.get<PageOf<T>>(path, { ...query, cursor });
      } catch (error) {
        if (mayLack && error instanceof ApieError && error.code === "not_found") return;
        throw error;
      }
      yield* page.items;
      if (page.next_cursor === null) return;
      cursor = page.next_cursor;
    }
  }

  async get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    const deadline = AbortSignal.timeout(TIMEOUT_MS);
    const response = await this.#fetch(
      withQuery(path, query),
      signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    );
    try {
      return (await response.json()) as T;
    } catch (cause) {
      throw new ApieError("protocol", `GET ${this.url}${path}: not JSON: ${reasonOf(cause)}`, { cause });
    }
  }

  async #fetch(path: string, signal: AbortSignal): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${this.url}${path}`, { headers: this.#headers, signal, redirect: "error" });
    } catch (cause) {
      throw this.#unreachable(cause);
    }
    if (!response.ok) throw await this.#refused(path, response);
    return response;
  }

  #unreachable(cause: unknown): ApieError {
    const inner = (cause as { cause?: unknown }).cause;
    const reason = reasonOf(inner ?? cause) || (inner as { code?: string } | undefined)?.code || "no answer";
    return new ApieError("network", `No Apie answers at ${this.url}: ${reason}`, { cause });
  }

  async #refused(path: string, response: Response): Promise<ApieError> {
    const { status } = response;
    const { ours, message } = await saidBy(response);
    const isMissing = status === 404;
    // A local Apie says in its own words that an id is not known; whoever else answers 404 has no such address.
    const code = isMissing ? (ours ? "not_found" : "no_read_api") : `http_${status}`;
    if (code === "not_found") return new ApieError(code, `${message} at ${this.url}`, { status });
    const text =
      code === "no_read_api"
        ? `${this.url} has no read API (GET ${path.split("?", 1)[0]}: 404): it is not a local Apie. Hosted Apie is read on its own pages`
        : `GET ${this.url}${path.split("?", 1)[0]}: HTTP ${status}: ${message}`;
    return new ApieError(code, text, { status });
  }
}
