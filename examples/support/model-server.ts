/**
 * A model server for examples and tests: it speaks OpenAI's HTTP protocol on a loopback port and answers from a script.
 * Chat Completions and Responses, whole and streamed, with tool calls and usage; embeddings; errors to order.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { ZodError, z } from "zod";
import { chatCompletions } from "./model/chat-completions.ts";
import { embeddings } from "./model/embeddings.ts";
import { type Api, type Exchange, UnknownReference } from "./model/exchange.ts";
import { responsesApi } from "./model/responses.ts";
import {
  chooseTurn,
  type Failure,
  type ModelRequest,
  type Script,
  ScriptError,
  usageOf,
} from "./model/script.ts";

export type { Answer, Failure, Message, ModelRequest, Script, Turn, Usage } from "./model/script.ts";

export interface ModelServer {
  /** What clients call their base URL, e.g. `http://127.0.0.1:43121/v1`. */
  readonly baseURL: string;
  /** Requests to the text APIs, in order of arrival. */
  readonly requests: readonly ModelRequest[];
  /** Cuts open connections and stops. Further calls return the same promise. */
  close(): Promise<void>;
}

class HttpError extends Error {
  readonly details: Failure["error"];

  constructor(details: Failure["error"]) {
    super(details.message ?? "The server had an error while processing your request");
    this.details = details;
  }
}

const invalid = (message: string): HttpError =>
  new HttpError({ status: 400, type: "invalid_request_error", message });

function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof ZodError) return invalid(z.prettifyError(error));
  if (error instanceof SyntaxError) return invalid(`The body is not JSON: ${error.message}`);
  if (error instanceof UnknownReference || error instanceof ScriptError) return invalid(error.message);
  return invalid(`The script threw: ${error instanceof Error ? error.message : String(error)}`);
}

function sendError(response: ServerResponse, error: unknown): void {
  const { details, message } = toHttpError(error);
  const { status, retryAfterMs } = details;
  const type = details.type ?? (status === 429 ? "rate_limit_error" : "server_error");
  const headers =
    retryAfterMs === undefined
      ? {}
      : { "retry-after-ms": String(retryAfterMs), "retry-after": String(Math.ceil(retryAfterMs / 1_000)) };
  sendJson(response, { error: { message, type, param: null, code: details.code ?? null } }, status, headers);
}

function sendJson(response: ServerResponse, body: unknown, status = 200, headers: object = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** Resolves when the piece has left, so that what a cut stream said before has been said. */
const write = (response: ServerResponse, text: string): Promise<unknown> =>
  new Promise((resolve) => response.write(text, resolve));

async function sendStream(response: ServerResponse, api: Api, exchange: Exchange): Promise<void> {
  const { cutAfter, pauseMs = 0 } = exchange.answer;
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  let pieces = 0;
  for (const { event, data, isPiece } of api.stream(exchange)) {
    if (response.destroyed) return;
    if (isPiece) {
      if (pieces === cutAfter) {
        response.destroy();
        return;
      }
      if (pieces > 0 && pauseMs > 0) await sleep(pauseMs);
      pieces += 1;
    }
    const name = event === undefined ? "" : `event: ${event}\n`;
    await write(response, `${name}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  }
  response.end();
}

/** Counts what it is given. */
class Tally {
  readonly #counts = new Map<string, number>();

  add(what: string): number {
    const count = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, count);
    return count;
  }
}

/** Starts a server on any free port of 127.0.0.1 that answers as the script says. */
export async function startModelServer(script: Script): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  const attempts = new Tally();
  const ids = new Tally();
  const apis: Readonly<Record<string, Api>> = {
    "/v1/chat/completions": chatCompletions,
    "/v1/responses": responsesApi(),
  };

  async function answer(api: Api, body: unknown, response: ServerResponse): Promise<void> {
    const request: ModelRequest = { ...api.read(body), attempt: attempts.add(JSON.stringify(body)) };
    requests.push(request);
    const turn = chooseTurn(script, request);
    if ("error" in turn) throw new HttpError(turn.error);
    if (turn.delayMs !== undefined) await sleep(turn.delayMs);
    const exchange: Exchange = {
      request,
      answer: turn,
      usage: usageOf(request, turn),
      finishReason: turn.finishReason ?? (turn.toolCalls === undefined ? "stop" : "tool_calls"),
      id: (kind) => `${kind}_${ids.add(kind)}`,
      createdAt: Math.floor(Date.now() / 1_000),
    };
    if (request.stream) await sendStream(response, api, exchange);
    else sendJson(response, api.whole(exchange));
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "").replace(/\?.*$/, "");
    const api = apis[path];
    if (request.method !== "POST" || (api === undefined && path !== "/v1/embeddings")) {
      const message = `Unknown request URL: ${request.method} ${path}`;
      throw new HttpError({ status: 404, type: "invalid_request_error", message });
    }
    const body: unknown = await json(request);
    if (api === undefined) sendJson(response, embeddings(body));
    else await answer(api, body, response);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendError(response, error);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  let closed: Promise<unknown> | undefined;
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    requests,
    async close() {
      if (closed === undefined) {
        closed = once(server, "close");
        server.close();
        server.closeAllConnections();
      }
      await closed;
    },
  };
}
