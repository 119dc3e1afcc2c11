/** The read API over HTTP. */
import { isKeyWanted, keyHeaders } from "./key.ts";
import { membersOf, textOf } from "./members.ts";
import type { PageOf } from "./records.ts";

/** A request that was not answered with what it asked for. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** HTTP status; 0 when the server could not be reached. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type Query = Readonly<Record<string, string | number | undefined>>;

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers: { ...init.headers, ...keyHeaders() } });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "The server does not answer.");
  }
  if (response.ok) return response;
  if (response.status === 401) isKeyWanted.value = true;
  const body: unknown = await response.json().catch(() => undefined);
  const { message } = membersOf(membersOf(body).error);
  throw new ApiError(response.status, textOf(message) ?? `The server answered ${response.status}.`);
}

/** @throws ApiError; the signal's reason when that aborts */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const response = await ask(withQuery(path, query), signal === undefined ? {} : { signal });
  return (await response.json()) as T;
}

/** A stream of bytes that goes on. @throws as `get` */
export async function open(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const { body } = await ask(path, { signal });
  if (body === null) throw new ApiError(0, "The server sent nothing.");
  return body;
}

export async function post<T>(path: string, body: unknown): Promise<T> {
  const response = await ask(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await response.json()) as T;
}

/** Pages of a list until there are so many items, or all. */
export async function getUpTo<T>(
  path: string,
  count: number,
  pageSize: number,
  query: Query = {},
  signal?: AbortSignal,
): Promise<{ items: T[]; hasMore: boolean }> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(pageSize, count - items.length);
    const page: PageOf<T> = await get<PageOf<T>>(path, { ...query, limit, cursor }, signal);
    items.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && items.length < count);
  return { items, hasMore: cursor !== undefined };
}
