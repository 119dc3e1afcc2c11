/**
 * A loopback HTTP server that answers as Apie does, records every request, and fails on demand. For what the embedded local
 * Apie cannot do: break, answer late, cut bodies short.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { until } from "./until.ts";

export interface RecordedRequest {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  /** Parsed JSON, or the text when it is none. */
  body: unknown;
  text: string;
  /** Status that was answered; `undefined` while it was not, or never was. */
  status: number | undefined;
  /** Body of the answer, where the server made it. */
  answer: unknown;
  /** Place among all arrivals and answers, from 1: tells what was known when a request was made. */
  arrived: number;
  answered: number | undefined;
  /** Number of the connection it came over. */
  connection: number;
}

export type WireRecord = Record<string, unknown> & { type: string };

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  /** Sent as it is instead of `body`. */
  text?: string;
  /** Answers this much later; alone, as usual. */
  delayMs?: number;
}

/** What to do with a request: a reply, `"default"`, `"hang"` (never answer), `"reset"` (cut the connection), or a handler. */
export type Behaviour =
  | Reply
  | "default"
  | "hang"
  | "reset"
  | ((response: ServerResponse, request: RecordedRequest) => void);

export type Rule = (request: RecordedRequest, nth: number) => Behaviour | undefined;

export class RecordingApie {
  readonly requests: RecordedRequest[] = [];
  readonly url: string;
  readonly port: number;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets = new Set<Socket>();
  readonly #connectionNumbers = new WeakMap<Socket, number>();
  #connectionCount = 0;
  #order = 0;
  readonly #hanging: ServerResponse[] = [];
  #rules: Rule[] = [];
  #ids = 0;

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.port}`;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      this.#connectionCount += 1;
      this.#connectionNumbers.set(socket, this.#connectionCount);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    server.on("request", (request, response) => void this.#handle(request, response));
  }

  /** @param port to come back at the address of a server that was closed. */
  static async start(port = 0): Promise<RecordingApie> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    return new RecordingApie(server);
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Cuts all connections; the server goes on. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Later rules are asked first; a rule that gives nothing leaves the request to the others. */
  rule(rule: Rule): () => void {
    this.#rules.unshift(rule);
    return () => {
      this.#rules = this.#rules.filter((other) => other !== rule);
    };
  }

  /** Fails requests of a path (a prefix, or a pattern) with one behaviour, `times` times. */
  fail(path: string | RegExp, behaviour: Behaviour, times = Number.POSITIVE_INFINITY): () => void {
    let left = times;
    return this.rule((request) => {
      const matches = typeof path === "string" ? request.path.startsWith(path) : path.test(request.path);
      if (!matches || left <= 0) return undefined;
      left -= 1;
      return behaviour;
    });
  }

  /** Requests to a path, in order of arrival. */
  to(path: string | RegExp): RecordedRequest[] {
    return this.requests.filter((request) =>
      typeof path === "string" ? request.path === path : path.test(request.path),
    );
  }

  /** Events of accepted batches, in order of arrival. */
  get events(): WireRecord[] {
    return this.to("/v1/events")
      .filter((request) => request.status !== undefined && request.status < 300)
      .flatMap((request) => (request.body as { events: WireRecord[] }).events);
  }

  eventsOf(type: string): WireRecord[] {
    return this.events.filter((event) => event.type === type);
  }

  get types(): string[] {
    return this.events.map((event) => event.type);
  }

  /** Everything that was received, as text: for what must not be in it. */
  get everything(): string {
    return this.requests
      .map((request) => `${request.path} ${JSON.stringify(request.headers)} ${request.text}`)
      .join("\n");
  }

  async received(path: string | RegExp, count = 1): Promise<RecordedRequest[]> {
    return until(`${count} requests to ${path}`, () => {
      const found = this.to(path);
      return found.length >= count && found;
    });
  }

  /** Lets hanging requests go, answered as usual. */
  release(): void {
    for (const response of this.#hanging.splice(0)) {
      if (!response.destroyed) response.writeHead(200, { "content-type": "application/json" }).end("{}");
    }
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.dropConnections();
    await closed;
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const request: RecordedRequest = {
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      headers: incoming.headers,
      body: parsed(text),
      text,
      status: undefined,
      answer: undefined,
      arrived: this.#next(),
      answered: undefined,
      connection: this.#connectionNumbers.get(incoming.socket) ?? 0,
    };
    this.requests.push(request);
    const nth = this.to(request.path).length;
    let behaviour: Behaviour = "default";
    for (const rule of this.#rules) {
      const given = rule(request, nth);
      if (given === undefined) continue;
      behaviour = given;
      break;
    }
    if (behaviour === "hang") {
      this.#hanging.push(response);
      return;
    }
    if (behaviour === "reset") {
      incoming.socket.destroy();
      return;
    }
    if (typeof behaviour === "function") {
      response.on("finish", () => {
        request.status = response.statusCode;
        request.answered = this.#next();
      });
      behaviour(response, request);
      return;
    }
    const given: Reply = behaviour === "default" ? {} : behaviour;
    if (given.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, given.delayMs));
    const isUsual = behaviour === "default" || Object.keys(given).join() === "delayMs";
    const reply = isUsual ? this.#answer(request) : given;
    request.status = reply.status ?? 200;
    request.answered = this.#next();
    request.answer = reply.body;
    response.writeHead(request.status, { "content-type": "application/json", ...reply.headers });
    response.end(reply.text ?? JSON.stringify(reply.body ?? {}));
  }

  #next(): number {
    this.#order += 1;
    return this.#order;
  }

  #answer({ path, body }: RecordedRequest): Reply {
    this.#ids += 1;
    if (path === "/health") return { body: { status: "ok", database: "connected" } };
    if (path === "/v1/agents/identify") {
      return { body: { agent_id: "agt_1", agent_version_id: "ver_1", workspace_id: "ws_1", created: true } };
    }
    if (path === "/v1/runs")
      return { status: 201, body: { id: `run_${this.#ids}`, session_id: null, status: "running" } };
    if (path === "/v1/sessions") return { status: 201, body: { id: `ses_${this.#ids}`, status: "running" } };
    const session = /^\/v1\/sessions\/([^/]+)\/runs$/.exec(path);
    if (session !== null) {
      return { status: 201, body: { id: `run_${this.#ids}`, session_id: session[1], status: "running" } };
    }
    if (/\/handoffs$/.test(path))
      return { status: 201, body: { id: `hof_${this.#ids}`, status: "requested" } };
    if (path === "/v1/events/validate") {
      const { events } = body as { events: unknown[] };
      return {
        body: {
          accepted: events.length,
          previews: events.map(() => ({ validation_status: "valid", warnings: [] })),
        },
      };
    }
    if (path === "/v1/guardrails/evaluate") {
      return {
        body: {
          policy_decision: "allow",
          effective_decision: "allow",
          enforcement_action: "proceed",
          mode: "monitor",
        },
      };
    }
    return { body: {} };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
