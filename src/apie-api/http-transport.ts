/** The built-in transport: node:http(s) with kept-alive sockets (a third of the CPU of `fetch` for a small POST). */
import http from "node:http";
import https from "node:https";
import type { TransportResult } from "../config/index.ts";
import { detached } from "./detached.ts";
import { exchange, type HttpRequest, type Shared } from "./http-exchange.ts";
import { BodyBuffers } from "./long-body.ts";

export interface HttpTransport {
  send(request: HttpRequest): Promise<TransportResult>;
  /** Ends requests under way (as failures) and closes the kept-alive sockets; nothing is sent any more. */
  close(): void;
}

const CLOSED: TransportResult = { kind: "failure", sent: "notSent", message: "aborted", code: "ABORT_ERR" };

export function createHttpTransport(): HttpTransport {
  const options = { keepAlive: true, maxSockets: 32, maxFreeSockets: 8, scheduling: "lifo" as const };
  const agents = { "http:": new http.Agent(options), "https:": new https.Agent(options) };
  const shared: Shared = {
    agents,
    buffers: new BodyBuffers(),
    cuts: new Set(),
    headerLists: new WeakMap(),
  };
  let isClosed = false;

  return {
    send: (request) =>
      new Promise((resolve) => {
        if (isClosed) {
          resolve(CLOSED);
          return;
        }
        detached(() => {
          try {
            exchange(request, shared, resolve);
          } catch (cause) {
            const { message, code } = cause as NodeJS.ErrnoException;
            resolve({ kind: "failure", sent: "notSent", message, code });
          }
        });
      }),
    close() {
      isClosed = true;
      for (const cut of [...shared.cuts]) cut();
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}
