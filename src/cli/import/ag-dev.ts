/** What is read of ag.dev: a run, all its events, and the revision of the agent that it ran with. */
import { ApieError } from "../../model/errors.ts";
import { isDenied, isMissing } from "./agent-os.ts";
import { pause, type SourceHttp } from "./http.ts";
import { type FollowOptions, Trying } from "./trying.ts";

type Members = Readonly<Record<string, unknown>>;

/** The form `agDevRun` takes. */
export interface AgDevBundle {
  readonly run: Members;
  readonly events: readonly unknown[];
  readonly revision?: unknown;
  readonly agent?: unknown;
}

const PAGE = 100;
/** Beyond it something is wrong with the paging of the server. */
const MAX_EVENTS = 100_000;

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** Part of a list, and the query that gives the next one, in each of the forms the API has had. */
interface Page {
  readonly items: readonly unknown[];
  readonly next: string | undefined;
}

function pageOf(answer: unknown, offset: number, url: string): Page {
  if (Array.isArray(answer))
    return { items: answer, next: answer.length < PAGE ? undefined : byOffset(offset + answer.length) };
  if (isObject(answer) && Array.isArray(answer.data)) {
    const { data, pagination } = answer;
    const total = isObject(pagination) ? Number(pagination.total ?? Number.NaN) : Number.NaN;
    const end = offset + data.length;
    const isLast = Number.isNaN(total) ? data.length < PAGE : end >= total;
    return { items: data, next: isLast ? undefined : byOffset(end) };
  }
  if (isObject(answer) && Array.isArray(answer.items)) {
    const { items, page, pageSize, total } = answer;
    const size = Number(pageSize ?? PAGE);
    const at = Number(page ?? 1);
    const isLast = typeof total === "number" ? at * size >= total : items.length < size;
    return { items, next: isLast ? undefined : `page=${at + 1}&pageSize=${size}` };
  }
  throw new ApieError("unexpected", `${url} answered JSON that is no list of events`);
}

const byOffset = (offset: number): string => `limit=${PAGE}&offset=${offset}`;

export class AgDev {
  readonly #http: SourceHttp;
  readonly #agent: string;
  readonly #agentId: string;
  /** Revisions do not change; agents hardly do, and are read once. */
  readonly #kept = new Map<string, unknown>();

  constructor(http: SourceHttp, agentId: string) {
    this.#http = http;
    this.#agentId = agentId;
    this.#agent = `/agents/${encodeURIComponent(agentId)}`;
  }

  /** @throws {ApieError} naming what was not found. */
  async bundle(runId: string): Promise<AgDevBundle> {
    const path = `${this.#agent}/runs/${encodeURIComponent(runId)}`;
    const run = await this.#http.json({ path, what: `run ${runId} of agent ${this.#agentId}` });
    if (!isObject(run) || text(run.id) === undefined)
      throw new ApieError("unexpected", `${this.#http.baseUrl}${path} answered JSON that is not a run`);
    const events = await this.#events(path, runId);
    const { revision } = run;
    const revisionId =
      text(run.revisionId) ??
      text(run.agentRevisionId) ??
      (isObject(revision) ? text(revision.id) : undefined);
    return {
      run,
      events,
      revision:
        revisionId === undefined
          ? undefined
          : await this.#optional(`${this.#agent}/revisions/${encodeURIComponent(revisionId)}`),
      agent: await this.#optional(this.#agent),
    };
  }

  async #events(run: string, runId: string): Promise<unknown[]> {
    const events = new Map<string, unknown>();
    for (let query: string | undefined = byOffset(0); query !== undefined; ) {
      const path: string = `${run}/events?${query}`;
      const answer = await this.#http.json({ path, what: `events of run ${runId}` });
      const page: Page = pageOf(answer, events.size, `${this.#http.baseUrl}${path}`);
      const before = events.size;
      for (const [index, event] of page.items.entries()) {
        const id = isObject(event) ? text(event.id) : undefined;
        // Without an id it is told from others by its place.
        events.set(id ?? `#${before + index}`, event);
      }
      if (events.size > MAX_EVENTS)
        throw new ApieError("too_large", `run ${runId} has more than ${MAX_EVENTS} events`);
      // A server that gives the same page again and again has no more.
      query = events.size === before ? undefined : page.next;
    }
    return [...events.values()];
  }

  /** What makes more of a run, and is not needed for it. */
  async #optional(path: string): Promise<unknown> {
    const kept = this.#kept.get(path);
    if (kept !== undefined) return kept;
    try {
      const found = await this.#http.json({ path, what: path });
      this.#kept.set(path, found);
      return found;
    } catch (error) {
      if (!isMissing(error) && !isDenied(error)) throw error;
      return undefined;
    }
  }
}

const OVER: ReadonlySet<string | undefined> = new Set(["done", "error"]);

/** A run as it goes on, until it is done or has failed. ag.dev has no stream: it is read again and again. */
export async function* followAgDev(
  agDev: AgDev,
  runId: string,
  options: FollowOptions,
): AsyncGenerator<AgDevBundle, void, void> {
  const trying = new Trying(options);
  while (!options.signal.aborted) {
    const bundle = await trying.orWait(() => agDev.bundle(runId));
    if (bundle !== undefined) yield bundle;
    if (OVER.has(text(bundle?.run.status))) return;
    await pause(options.intervalMs, options.signal);
  }
}
