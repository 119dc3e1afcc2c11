/** What a call to Apie came to, as a value: every caller switches over it, nothing is thrown. */
import { REQUEST_ID_HEADERS, type TransportResult } from "../config/index.ts";
import { ApieError } from "../model/errors.ts";

export type Answer<T> = Accepted<T> | Invalid | Denied | Retryable;

export interface Accepted<T> {
  kind: "ok";
  status: number;
  value: T;
}

/**
 * Apie will never take the request as it is: 400, 413, 422, every other 4xx that is not below, and 2xx whose body is an error.
 * Without a status when it was not sent, because it cannot be written as JSON.
 */
export interface Invalid extends Failure {
  kind: "invalid";
}

/** Nothing is wrong with this request alone: key, payment, permission or address are. 401–405, redirects, web pages. */
export interface Denied extends Failure {
  kind: "denied";
  status: number;
}

/** Later it may work: 408, 409, 425, 429, 5xx, no answer. Where 409 is final is known to the caller. */
export interface Retryable extends Failure {
  kind: "retry";
  /** The server may have done the work although no answer says so. */
  ambiguous: boolean;
  /** From `Retry-After`, in ms. */
  retryAfterMs?: number | undefined;
}

interface Failure {
  status?: number | undefined;
  /** One line, safe to show. */
  message: string;
  requestId?: string | undefined;
  /** For failures without an answer: Node's error code, or `unserializable`. */
  cause?: string | undefined;
}

/** Statuses after which the work may be done all the same: the error is a proxy's, or came at the end. */
const AMBIGUOUS = new Set([408, 500, 502, 504]);
const RETRYABLE = new Set([408, 409, 425, 429]);

/** Of a request, or of one event of a batch. */
export const isRetryableStatus = (status: number): boolean => RETRYABLE.has(status) || status >= 500;

const DENIED = new Set([401, 402, 403, 404, 405, 407, 421]);

const HINTS: Readonly<Record<number, string>> = {
  401: "check the API key",
  402: "the workspace's plan or payment does not allow it",
  403: "the API key may not do this",
  404: "check baseUrl",
  405: "check baseUrl",
};

/** `Retry-After` in seconds (also fractions) or as an HTTP date, in ms from now; nothing for what is neither. */
export function retryAfterMs(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Number(text) * 1_000, Number.MAX_SAFE_INTEGER);
  // Without a time of day it is no HTTP date, and `Date.parse` makes one of nearly everything.
  const date = /\d\d:\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function parsed(body: string): unknown {
  if (body === "") return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** One line of at most 300 characters, cut when nothing is to be taken out any more: half of a secret is not known as one. */
export function lineOf(text: string): string {
  const line = text.slice(0, 4_096).replace(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

/** The server's own words. */
function saidBy(body: unknown): string | undefined {
  const parts = body as { error?: unknown; message?: unknown; detail?: unknown } | undefined;
  const inner = parts?.error;
  const text =
    typeof inner === "string"
      ? inner
      : ((inner as { message?: unknown } | undefined)?.message ?? parts?.message ?? parts?.detail);
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** The same as it may be told. */
function wordsOf(body: unknown, shown: (said: string) => string): string | undefined {
  const said = saidBy(body);
  return said === undefined ? undefined : lineOf(shown(said));
}

/** A web site answers every path with a page and 200: taking that for success would lose everything. */
function isWebPage({ headers, body }: { headers: Record<string, string>; body: string }): boolean {
  const start = body.trimStart().slice(0, 15).toLowerCase();
  if (start.startsWith("<!doctype html") || start.startsWith("<html")) return true;
  return headers["content-type"]?.startsWith("text/html") === true && start.startsWith("<");
}

/** Members of a body that tells of an error and of nothing else. */
const ERROR_MEMBERS = new Set(
  "success ok error message code detail details status type request_id requestId".split(" "),
);

/** Some gateways and frameworks answer 200 to what failed, and say so in the body alone. */
function tellsOfFailure(body: unknown): boolean {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return false;
  const { success, ok, error } = body as { success?: unknown; ok?: unknown; error?: unknown };
  const hasError =
    (typeof error === "string" && error !== "") || (typeof error === "object" && error !== null);
  const saysNo = success === false || ok === false;
  return (saysNo || hasError) && Object.keys(body).every((name) => ERROR_MEMBERS.has(name));
}

/** Reads what an answer gives; names of headers are in lower case. */
export type Reader<T> = (body: unknown, headers: Readonly<Record<string, string>>) => T;

/** @param shown what may be shown of the words of a server or a transport. */
export function readAnswer<T>(
  result: TransportResult,
  read: Reader<T>,
  shown: (said: string) => string = (said) => said,
): Answer<T> {
  if (result.kind === "failure") {
    return {
      kind: "retry",
      ambiguous: result.sent === "unknown",
      message: shown(result.message),
      cause: result.code,
    };
  }
  const { status } = result;
  const body = parsed(result.body);
  if (status >= 200 && status < 300) return readSuccess(result, body, read, shown);
  const requestId = REQUEST_ID_HEADERS.map((name) => result.headers[name]).find((id) => id !== undefined);
  const hint = HINTS[status];
  const message = [`HTTP ${status}`, wordsOf(body, shown), hint]
    .filter((part) => part !== undefined)
    .join(": ");
  if (isRetryableStatus(status) || status < 200) {
    return {
      kind: "retry",
      status,
      ambiguous: AMBIGUOUS.has(status),
      retryAfterMs: retryAfterMs(result.headers["retry-after"]),
      message,
      requestId,
    };
  }
  if (status < 400) {
    const target = result.headers.location;
    const where = target === undefined ? "" : ` to ${shown(target).slice(0, 200)}`;
    return {
      kind: "denied",
      status,
      message: `HTTP ${status}: redirected${where}; set baseUrl to the final address`,
      requestId,
    };
  }
  return { kind: DENIED.has(status) ? "denied" : "invalid", status, message, requestId };
}

/** What a status of success does not say: whether it is Apie that answered, and whether the body takes it back. */
function readSuccess<T>(
  result: Extract<TransportResult, { kind: "response" }>,
  body: unknown,
  read: Reader<T>,
  shown: (said: string) => string,
): Answer<T> {
  const { status } = result;
  if (isWebPage(result)) {
    return { kind: "denied", status, message: `HTTP ${status}: a web page, not Apie's API: check baseUrl` };
  }
  // Multi-Status: what became of the parts stands in the body alone.
  if (status === 207 && (typeof body !== "object" || body === null)) {
    return {
      kind: "retry",
      status,
      ambiguous: true,
      message: "HTTP 207: the body, which says what was taken, cannot be read",
    };
  }
  if (tellsOfFailure(body)) {
    return {
      kind: "invalid",
      status,
      message: `HTTP ${status}: ${wordsOf(body, shown) ?? "the body says that it failed"}`,
    };
  }
  return { kind: "ok", status, value: read(body, result.headers) };
}

/** Codes of errors for failures without an answer; all others are `network`. */
const CODES: Readonly<Record<string, string>> = { ETIMEDOUT: "timeout", unserializable: "unserializable" };

/** @param call what was asked, in words. */
export function toError(answer: Exclude<Answer<unknown>, { kind: "ok" }>, call: string): ApieError {
  const code =
    answer.status !== undefined ? `http_${answer.status}` : (CODES[answer.cause ?? ""] ?? "network");
  return new ApieError(code, `${call}: ${answer.message}`, {
    status: answer.status,
    requestId: answer.requestId,
  });
}
