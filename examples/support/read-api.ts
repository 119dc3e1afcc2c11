/** The read API of the local Apie, as far as the examples look (`GET /api` lists all of it). */

export interface SessionRecord {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly input_summary: string | null;
  readonly output_summary: string | null;
  readonly metadata: Record<string, unknown> | null;
  readonly counts: {
    readonly runs: number;
    readonly running: number;
    readonly failed: number;
    readonly events: number;
  };
}

export interface RunRecord {
  readonly id: string;
  readonly session_id: string | null;
  readonly parent_run_id: string | null;
  readonly agent_key: string;
  readonly role: string | null;
  readonly step_name: string | null;
  readonly status: string;
  readonly input_summary: string | null;
  readonly metadata: Record<string, unknown> | null;
  readonly completion_metadata: Record<string, unknown> | null;
  readonly trace_id: string | null;
  readonly span_id: string | null;
}

export interface EventRecord {
  readonly event_id: string;
  readonly type: string;
  readonly run_id: string | null;
  readonly session_id: string | null;
  readonly agent_key: string;
  readonly sequence_number?: number;
  readonly session_sequence_number?: number;
  readonly timestamp: string;
  readonly step_name?: string;
  readonly payload_summary?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
  readonly tool?: { readonly name?: string; readonly provider?: string };
  readonly action?: { readonly type?: string; readonly name?: string };
  readonly resource?: { readonly type?: string; readonly external_id?: string };
  readonly decision?: { readonly policyDecision?: string; readonly effectiveDecision?: string };
  readonly approval?: { readonly approval_id?: string; readonly status?: string };
  readonly error?: { readonly message?: string };
}

export interface SpanRecord {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string | null;
  readonly name: string;
  readonly kind: string;
  readonly status: { readonly code: string; readonly message: string };
  readonly start_time_unix_nano: string;
  readonly attributes: Record<string, unknown>;
  readonly links: readonly {
    readonly trace_id: string;
    readonly span_id: string;
    readonly attributes: Record<string, unknown>;
  }[];
  readonly resource: { readonly attributes: Record<string, unknown> };
  readonly scope: { readonly name: string };
}

interface PageOf<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

export class ReadApi {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  /**
   * @param url address of a local Apie.
   * @param key where it was started with one.
   */
  constructor(url: string, key?: string) {
    this.#url = url;
    this.#headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  }

  /** Newest first. */
  sessions(): Promise<SessionRecord[]> {
    return this.#all("/api/sessions");
  }

  /** All, in or outside of a session, newest first. */
  runs(): Promise<RunRecord[]> {
    return this.#all("/api/runs");
  }

  async session(id: string): Promise<SessionRecord> {
    return (await this.#get<{ session: SessionRecord }>(`/api/sessions/${id}`)).session;
  }

  /** In the order they were opened. */
  runsOf(sessionId: string): Promise<RunRecord[]> {
    return this.#all(`/api/sessions/${sessionId}/runs`);
  }

  /** In the order of the session. */
  eventsOf(sessionId: string): Promise<EventRecord[]> {
    return this.#all(`/api/sessions/${sessionId}/events`);
  }

  eventsOfRun(runId: string): Promise<EventRecord[]> {
    return this.#all(`/api/runs/${runId}/events`);
  }

  /** By start; none when the trace is not (yet) known. */
  spansOf(traceId: string): Promise<SpanRecord[]> {
    return this.#all(`/api/traces/${traceId}/spans`, 404);
  }

  async #all<T>(path: string, meansNone?: number): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = cursor === "" ? "" : `?cursor=${encodeURIComponent(cursor)}`;
      const page: PageOf<T> = await this.#get<PageOf<T>>(`${path}${query}`, meansNone);
      items.push(...page.items);
      cursor = page.next_cursor;
    }
    return items;
  }

  async #get<T>(path: string, meansNone?: number): Promise<T> {
    const response = await fetch(`${this.#url}${path}`, { headers: this.#headers });
    if (response.status === meansNone) return { items: [], next_cursor: null } as T;
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
}
