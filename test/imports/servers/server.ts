/** A loopback HTTP server that stands for a system runs are imported from: what it was asked is kept, and it fails on demand. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { cleanup } from "../../support/client.ts";

export interface Request {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  /** Fields of a form. */
  form: URLSearchParams;
  headers: IncomingMessage["headers"];
  status: number | undefined;
}

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  /** Sent as it is instead of `body`. */
  text?: string;
}

/** A reply, `hang` (never answer), `reset` (cut the connection), or a handler. */
export type Fault = Reply | "hang" | "reset" | ((response: ServerResponse, request: Request) => void);

export abstract class ForeignServer {
  readonly requests: Request[] = [];
  readonly #server: Server = createServer();
  readonly #sockets = new Set<Socket>();
  readonly #faults: { path: RegExp; fault: Fault; left: number }[] = [];

  async listen(): Promise<this> {
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("request", (request, response) => void this.#handle(request, response));
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    cleanup(() => this.close());
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Fails requests of a path, with its query, `times` times; after that they are answered as usual. */
  fail(path: RegExp, fault: Fault, times = Number.POSITIVE_INFINITY): void {
    this.#faults.unshift({ path, fault, left: times });
  }

  mend(): void {
    this.#faults.length = 0;
  }

  /** Requests to a path, in order of arrival. */
  to(path: RegExp): Request[] {
    return this.requests.filter((request) => path.test(request.path));
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.dropConnections();
    await closed;
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** @returns `undefined` when it answers by itself. */
  protected abstract answer(request: Request, response: ServerResponse): Reply | undefined;

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", this.url);
    const request: Request = {
      method: incoming.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      form: new URLSearchParams(await text(incoming)),
      headers: incoming.headers,
      status: undefined,
    };
    this.requests.push(request);
    const failing = this.#faults.find(({ path, left }) => left > 0 && path.test(incoming.url ?? ""));
    if (failing !== undefined) failing.left -= 1;
    const fault = failing?.fault;
    if (fault === "hang") return;
    if (fault === "reset") {
      incoming.socket.destroy();
      return;
    }
    if (typeof fault === "function") {
      fault(response, request);
      return;
    }
    const reply = fault ?? this.answer(request, response);
    if (reply === undefined) return;
    request.status = reply.status ?? 200;
    response.writeHead(request.status, { "content-type": "application/json", ...reply.headers });
    response.end(reply.text ?? JSON.stringify(reply.body ?? {}));
  }
}
