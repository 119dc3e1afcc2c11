/** The built-in transport: node:http(s) with kept-alive sockets (a third of the CPU of `fetch` for a small POST). */
import http from "node:http";
import https from "node:https";
import type { TransportResult } from "../config/index.ts";
import { detached } from "./detached.ts";
import { exchange, type HttpRequest, type Shared, type SocketPool } from "./http-exchange.ts";
import { BodyBuffers } from "./long-body.ts";

export interface HttpTransport {
  send(request: HttpRequest): Promise<TransportResult>;
  /** Ends requests under way (as failures) and closes the kept-alive sockets; nothing is sent any more. */
  close(): void;
}

/**
 * Sockets at once. What waits for long (an approval may, for half a minute each poll) or comes in crowds has sockets of its
 * own: neither a decision an agent waits for nor delivery queues up behind it.
 */
const MAX_SOCKETS: Readonly<Record<SocketPool, number>> = {
  // 64 POSTs of events, as many as may be configured, and the calls beside them.
  delivery: 80,
  decisions: 256,
  approvals: 48,
  others: 8,
};

const CLOSED: TransportResult = { kind: "failure", sent: "notSent", message: "aborted", code: "ABORT_ERR" };

export function createHttpTransport(): HttpTransport {
  const agents: Shared["agents"] = {
    delivery: agentsOf("delivery"),
    decisions: agentsOf("decisions"),
    approvals: agentsOf("approvals"),
    others: agentsOf("others"),
  };
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
      for (const pool of Object.values(agents)) for (const agent of Object.values(pool)) agent.destroy();
    },
  };
}

function agentsOf(pool: SocketPool): Shared["agents"][SocketPool] {
  const maxSockets = MAX_SOCKETS[pool];
  const options = { keepAlive: true, maxSockets, maxFreeSockets: 8, scheduling: "lifo" as const };
  return { "http:": new http.Agent(options), "https:": new https.Agent(options) };
}
