/** A local Apie per test, closed after it, and plain HTTP to talk to it. */
import { type IncomingMessage, request } from "node:http";
import { afterEach } from "vitest";
import { type LocalApie, type LocalApieOptions, startLocalApie } from "../../src/local/index.ts";

const started: LocalApie[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((apie) => apie.close()));
});

export async function startApie(options?: LocalApieOptions): Promise<LocalApie> {
  const apie = await startLocalApie({
    onError: (error) => {
      throw error;
    },
    ...options,
  });
  started.push(apie);
  return apie;
}

/** What tests look into in answers of many shapes: each test knows which of these its own answer has. */
export interface Json {
  readonly [name: string]: unknown;
  readonly agent_id: string;
  readonly agent_key: string;
  readonly agent_version_id: string;
  readonly config_hash: string;
  readonly decision_id: string;
  readonly event_id: string;
  readonly events_cursor: string;
  readonly id: string;
  readonly key: string;
  readonly message: string;
  readonly name: string;
  readonly path: string;
  readonly report_id: string;
  readonly start_time_unix_nano: string;
  readonly status: string;
  readonly step_name: string;
  readonly tool: string;
  readonly type: string;
  readonly web_url: string;
  readonly dashboard_url: string;
  readonly received_at: string;
  readonly timestamp: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly method: string;
  readonly summary: string;
  readonly cursor: string | null;
  readonly last_cursor: string | null;
  readonly next_cursor: string | null;
  readonly parent_run_id: string | null;
  readonly role: string | null;
  readonly accepted: number;
  readonly code: number;
  readonly duplicates: number;
  readonly flags: number;
  readonly step_index: number;
  readonly duration_ms: number;
  readonly seq: number;
  readonly agent: Json;
  readonly approval: Json;
  readonly boundary: Json;
  readonly counts: Json;
  readonly event: Json;
  readonly error: Json;
  readonly export_urls: Json;
  readonly report: Json;
  readonly run: Json;
  readonly session: Json;
  readonly unopened: Json;
  readonly nested: Json;
  readonly drift: Json;
  readonly metadata: Json;
  readonly partialSuccess: Json;
  readonly capabilities: Json[];
  readonly declared: Json[];
  readonly items: Json[];
  readonly issues: Json[];
  readonly observed: Json[];
  readonly previews: Json[];
  readonly routes: Json[];
  readonly runs: Json[];
  readonly tools: Json[];
  readonly versions: Json[];
  readonly attributes: Json;
  readonly created: boolean;
  readonly events: Json;
  readonly json: string;
  readonly raw: unknown;
  readonly warnings: string[];
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it came. */
  readonly text: string;
  readonly body: Json;
}

export async function call(
  apie: { url: string },
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${apie.url}${path}`, {
    method,
    headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text,
  };
}

export const post = (apie: { url: string }, path: string, body: unknown, headers?: Record<string, string>) =>
  call(apie, "POST", path, body, headers);

export async function get(
  apie: { url: string },
  path: string,
  headers?: Record<string, string>,
): Promise<Json> {
  const answer = await call(apie, "GET", path, undefined, headers);
  if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** A request as node:http writes it, for headers that fetch does not let one set, and for bodies of any bytes. */
export function rawRequest(
  apie: { url: string },
  options: { method?: string; path: string; headers?: Record<string, string>; body?: string | Uint8Array },
): Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${apie.url}${options.path}`, {
      method: options.method ?? "GET",
      ...(options.headers === undefined ? {} : { headers: options.headers }),
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.end(options.body);
  });
}

export async function openSession(apie: LocalApie, fields: object = {}): Promise<string> {
  return (await post(apie, "/v1/sessions", { kind: "pipeline", ...fields })).body.id;
}

export async function openRun(apie: LocalApie, fields: object = {}, sessionId?: string): Promise<string> {
  const path = sessionId === undefined ? "/v1/runs" : `/v1/sessions/${sessionId}/runs`;
  const answer = await post(apie, path, { agent_key: "tester", ...fields });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body.id;
}

export const sendEvents = (apie: LocalApie, ...events: object[]) =>
  post(apie, "/v1/events", { events: events.map((event) => ({ agent_key: "tester", ...event })) });

/** All pages of a list. */
export async function allPages(apie: LocalApie, path: string): Promise<{ items: Json[]; pages: number }> {
  const items: Json[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const separator = path.includes("?") ? "&" : "?";
    const page: Json = await get(apie, cursor === null ? path : `${path}${separator}cursor=${cursor}`);
    items.push(...page.items);
    cursor = page.next_cursor;
    pages++;
  } while (cursor !== null);
  return { items, pages };
}

/** Everything the read API tells, to show that a request changed nothing. */
export async function everything(apie: LocalApie): Promise<Json> {
  const lists = ["agents", "sessions", "runs", "events", "decisions", "approvals"];
  return Object.fromEntries(
    await Promise.all(lists.map(async (list) => [list, await get(apie, `/api/${list}`)])),
  );
}
