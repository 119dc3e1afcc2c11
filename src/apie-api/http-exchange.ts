/** One request over node:http(s), and what became of it. */
import http from "node:http";
import type https from "node:https";
import type { TransportRequest, TransportResult } from "../config/index.ts";
import { type BodyBuffers, type LongBody, MIN_LONG_BODY } from "./long-body.ts";

/** Whose sockets a request may use. */
export type SocketPool = "delivery" | "decisions" | "approvals" | "others";

export interface HttpRequest extends Omit<TransportRequest, "body"> {
  body?: string | LongBody | undefined;
  /** Nobody waits for it: it keeps the process alive for a moment only. */
  background?: boolean | undefined;
  /** Default: delivery's. */
  pool?: SocketPool | undefined;
  /** Called when it no longer waits for a socket: what becomes of it from here on is the server's doing. */
  onBegun?: ((queuedMs: number) => void) | undefined;
}

/** What requests of one client share. */
export interface Shared {
  readonly agents: Readonly<Record<SocketPool, { "http:": http.Agent; "https:": https.Agent }>>;
  readonly buffers: BodyBuffers;
  /** Ends each request under way. */
  readonly cuts: Set<() => void>;
  /** Headers as the list they are written from: those of a client are always the same. */
  readonly headerLists: WeakMap<object, readonly string[]>;
}

/** Answers of Apie are small; what is longer is cut, so that a broken server cannot fill the memory. */
export const MAX_RESPONSE_BYTES = 1_048_576;

/** A process that has nothing else left to do waits this long for a request nobody waits for: most are answered by then. */
const LINGER_MS = 1_000;

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

/**
 * Requests are made with the `ClientRequest` class itself, because instrumentations patch `http.request`: without a context
 * manager, the suppression key alone would not keep our calls out of the user's traces.
 *
 * @throws when it cannot be made at all: an address or a header that is none.
 */
export function exchange(
  request: HttpRequest,
  shared: Shared,
  resolve: (result: TransportResult) => void,
): void {
  const url = new URL(request.url);
  const secure = url.protocol === "https:";
  const agents = shared.agents[request.pool ?? "delivery"];
  let begun = false;
  let answer: http.IncomingMessage | undefined;
  let connected = false;
  let settled = false;
  let size = 0;
  const chunks: Buffer[] = [];
  const { buffer, body, bytes } = bodyOf(request.body, shared.buffers);

  const settle = (result: TransportResult): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    clearTimeout(lingering);
    shared.cuts.delete(onAbort);
    request.signal?.removeEventListener("abort", onAbort);
    if (buffer !== undefined && outgoing.writableFinished) shared.buffers.giveBack(buffer);
    resolve(result);
  };
  const settleWithAnswer = (message: http.IncomingMessage, truncated: boolean): void =>
    settle({
      kind: "response",
      status: message.statusCode ?? 0,
      headers: plainHeaders(message.headers),
      body: textOf(chunks),
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
    headers: headerList(request.headers, url.host, bytes, shared),
    agent: secure ? agents["https:"] : agents["http:"],
    ...(secure ? { servername: /^[\d.]+$|:/.test(url.hostname) ? "" : url.hostname } : {}),
  });
  const madeAt = performance.now();
  const timer = setTimeout(() => {
    const missing = begun ? "answer" : "free connection";
    fail(`no ${missing} within ${request.timeoutMs} ms`, "ETIMEDOUT");
  }, request.timeoutMs);
  timer.unref();

  let lingering: NodeJS.Timeout | undefined;
  outgoing.once("socket", (socket) => {
    begun = true;
    request.onBegun?.(performance.now() - madeAt);
    if (request.background === true) lingering = setTimeout(() => socket.unref(), LINGER_MS).unref();
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
  shared.cuts.add(onAbort);
  if (request.signal?.aborted) onAbort();
  else request.signal?.addEventListener("abort", onAbort, { once: true });
  // A text leaves in one piece with the headers, a buffer in one packet.
  outgoing.end(body);
}

interface Body {
  readonly body: string | Buffer | undefined;
  readonly bytes: number | undefined;
  /** What the body is a part of, to be given back. */
  readonly buffer?: Buffer;
}

function bodyOf(given: HttpRequest["body"], buffers: BodyBuffers): Body {
  if (given === undefined) return { body: undefined, bytes: undefined };
  if (typeof given === "string") return { body: given, bytes: Buffer.byteLength(given) };
  if (given.bytes < MIN_LONG_BODY) return bodyOf(given.text(), buffers);
  const buffer = buffers.take(given.bytes);
  const bytes = given.writeInto(buffer);
  return { body: buffer.subarray(0, bytes), bytes, buffer };
}

/** A list is written as it is; members of an object would be looked at one by one for each request. */
function headerList(
  headers: Readonly<Record<string, string>>,
  host: string,
  bytes: number | undefined,
  shared: Shared,
): string[] {
  let known = shared.headerLists.get(headers);
  if (known === undefined) {
    known = Object.entries(headers).flat();
    shared.headerLists.set(headers, known);
  }
  const length = bytes === undefined ? [] : ["content-length", String(bytes)];
  return Object.hasOwn(headers, "host") ? [...known, ...length] : ["host", host, ...known, ...length];
}

const textOf = (chunks: readonly Buffer[]): string =>
  chunks.length === 1 && chunks[0] !== undefined
    ? chunks[0].toString("utf8")
    : Buffer.concat(chunks).toString("utf8");

function plainHeaders(headers: http.IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return plain;
}
