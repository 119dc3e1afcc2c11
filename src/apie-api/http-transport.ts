/**
 * The built-in transport: node:http(s) with kept-alive sockets (a third of the CPU of `fetch` for a small POST).
 *
 * Requests are made with the `ClientRequest` class itself, because instrumentations patch `http.request`: without a
 * context manager, the suppression key alone would not keep our calls out of the user's traces.
 */
import http from "node:http";
import https from "node:https";
import type { Transport, TransportRequest, TransportResult } from "../config/index.ts";
import { detached } from "./detached.ts";

/** Answers of Apie are small; what is longer is cut, so that a broken server cannot fill the memory. */
const MAX_RESPONSE_BYTES = 1_048_576;

/** Failures that happen before a byte of the request can have been sent. */
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

export interface HttpTransport {
  send: Transport;
  /** Closes the kept-alive sockets. */
  close(): void;
}

export function createHttpTransport(): HttpTransport {
  const options = { keepAlive: true, maxSockets: 32, maxFreeSockets: 8, scheduling: "lifo" as const };
  const agents = { "http:": new http.Agent(options), "https:": new https.Agent(options) };

  const send: Transport = (request) =>
    new Promise<TransportResult>((resolve) => {
      detached(() => {
        try {
          exchange(request, agents, resolve);
        } catch (cause) {
          // A request that cannot be made at all: an address or a header that is none.
          const { message, code } = cause as NodeJS.ErrnoException;
          resolve({ kind: "failure", sent: "notSent", message, code });
        }
      });
    });

  return {
    send,
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

function exchange(
  request: TransportRequest,
  agents: { "http:": http.Agent; "https:": https.Agent },
  resolve: (result: TransportResult) => void,
): void {
  const url = new URL(request.url);
  const { body } = request;
  const secure = url.protocol === "https:";
  let answer: http.IncomingMessage | undefined;
  let connected = false;
  let settled = false;
  let size = 0;
  const chunks: Buffer[] = [];

  const settle = (result: TransportResult): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    request.signal?.removeEventListener("abort", onAbort);
    resolve(result);
  };
  const settleWithAnswer = (message: http.IncomingMessage, truncated: boolean): void =>
    settle({
      kind: "response",
      status: message.statusCode ?? 0,
      headers: plainHeaders(message.headers),
      body: Buffer.concat(chunks).toString("utf8"),
      ...(truncated ? { truncated } : {}),
    });
  const fail = (message: string, code?: string): void => {
    // Once the status line is here the server has decided; a body that is late or cut does not change that.
    if (answer !== undefined) settleWithAnswer(answer, true);
    else
      settle({
        kind: "failure",
        sent: connected && !NOT_SENT.has(code ?? "") ? "unknown" : "notSent",
        message,
        code,
      });
    outgoing.destroy();
  };
  const onAbort = (): void => fail("aborted", "ABORT_ERR");

  const outgoing = new http.ClientRequest({
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
    method: request.method,
    headers: {
      ...request.headers,
      ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    },
    agent: secure ? agents["https:"] : agents["http:"],
    ...(secure ? { servername: /^[\d.]+$|:/.test(url.hostname) ? "" : url.hostname } : {}),
  });
  const timer = setTimeout(
    () => fail(`no answer within ${request.timeoutMs} ms`, "ETIMEDOUT"),
    request.timeoutMs,
  );
  timer.unref();

  outgoing.once("socket", (socket) => {
    if (!socket.connecting) connected = true;
    else socket.once(secure ? "secureConnect" : "connect", () => (connected = true));
  });
  // Stays until the end: a destroyed request may tell of it once more, and an error nobody hears ends the process.
  outgoing.on("error", (error: NodeJS.ErrnoException) =>
    fail(error.message || `connection failed (${error.code ?? "unknown"})`, error.code),
  );
  outgoing.once("response", (message) => {
    answer = message;
    message.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_RESPONSE_BYTES) chunks.push(chunk);
      else fail("answer too long");
    });
    message.once("end", () => settleWithAnswer(message, !message.complete));
    message.on("error", () => fail("answer cut off"));
  });
  if (request.signal?.aborted) onAbort();
  else request.signal?.addEventListener("abort", onAbort, { once: true });
  // Headers and body leave in one packet, but are not joined into yet another copy of the body before.
  outgoing.cork();
  outgoing.flushHeaders();
  outgoing.end(body);
}

function plainHeaders(headers: http.IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return plain;
}
