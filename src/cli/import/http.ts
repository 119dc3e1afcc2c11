/**
 * Reads of the system runs are imported from: bounded in size and time, tried again where that helps, and never with the
 * token to another address than the one it was given for.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { retryAfterMs } from "../../apie-api/index.ts";
import { PACKAGE_NAME, VERSION } from "../../config/index.ts";
import { ApieError, reasonOf } from "../../model/errors.ts";
import { piecesOf } from "../shared/pieces.ts";

export interface SourceAddress {
  /** With the path the API is mounted at, without a slash at the end. */
  readonly baseUrl: string;
  /** What it is, for messages: `an AgentOS`, `ag.dev`. */
  readonly what: string;
  /** Headers that carry the token; none without one. */
  readonly auth: Readonly<Record<string, string>>;
  readonly token: string | undefined;
  /** Environment variable the token is read from. */
  readonly tokenVariable: string;
}

export interface ReadLimits {
  /** Longest wait for an answer to begin, and then for more of it; all of it may take ten times as long. */
  readonly timeoutMs: number;
  readonly maxBytes?: number | undefined;
  /** Times a read is tried before its failure is told. */
  readonly attempts?: number | undefined;
  readonly firstWaitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told why a read is tried again. */
  readonly tell?: ((note: string) => void) | undefined;
}

const MAX_BYTES = 256 * 1024 * 1024;
const ATTEMPTS = 5;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
/** A server that wants more is not waited for. */
const LONGEST_ASKED_MS = 120_000;
const MAX_REDIRECTS = 5;
const MAX_SAID = 300;

/** What is asked for, and what to call it when it is not there. */
export interface Asked {
  /** Below the base URL, with its query. */
  readonly path: string;
  /** E.g. `session 42`. */
  readonly what: string;
  /** Fields of a form; the request is a POST, then. */
  readonly form?: Readonly<Record<string, string>> | undefined;
  readonly accept?: string | undefined;
}

/** Whether another try may go better. */
export const passes = (error: unknown): boolean =>
  error instanceof ApieError &&
  (error.code === "network" || error.code === "timeout" || isPassing(error.status ?? 0));

const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** Waits for a while; less when it is told to stop. */
export const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);

/** Exponential, with full jitter. */
export const backoffMs = (failures: number, firstMs: number, longestMs = LONGEST_WAIT_MS): number =>
  Math.min(longestMs, firstMs * 2 ** failures) * (0.5 + Math.random() / 2);

export class SourceHttp {
  readonly #address: SourceAddress;
  readonly #limits: ReadLimits;

  constructor(address: SourceAddress, limits: ReadLimits) {
    this.#address = address;
    this.#limits = limits;
  }

  get baseUrl(): string {
    return this.#address.baseUrl;
  }

  get signal(): AbortSignal | undefined {
    return this.#limits.signal;
  }

  /**
   * The answer, parsed.
   *
   * @throws {ApieError} `http_<status>`, `network`, `timeout`, `too_large`, `not_json`, `redirected`; `stopped` after the signal.
   */
  json(asked: Asked): Promise<unknown> {
    return this.#trying(async () => {
      const { response, over } = await this.#request(asked, "application/json");
      try {
        return this.#parsed(await this.#text(response), response);
      } finally {
        over();
      }
    });
  }

  /** A stream as it comes, for as long as it lasts; only its beginning is waited for and tried again. */
  stream(asked: Asked): Promise<ReadableStream<Uint8Array>> {
    return this.#trying(async () => {
      const { response } = await this.#request(asked, "text/event-stream", true);
      const type = response.headers.get("content-type") ?? "";
      if (response.body === null || !type.startsWith("text/event-stream")) {
        await response.body?.cancel();
        throw new ApieError(
          "not_a_stream",
          `${urlOf(this.baseUrl, asked)} answered ${this.withoutToken(type) || "nothing"}, no stream of events`,
        );
      }
      return response.body;
    });
  }

  async #trying<T>(read: () => Promise<T>): Promise<T> {
    const { attempts = ATTEMPTS, firstWaitMs = FIRST_WAIT_MS, signal, tell } = this.#limits;
    for (let failures = 0; ; failures += 1) {
      try {
        return await read();
      } catch (error) {
        if (signal?.aborted === true) throw new ApieError("stopped", "stopped", { cause: error });
        if (!passes(error) || failures + 1 >= attempts) throw error;
        const asked = error instanceof RetryLater ? error.afterMs : undefined;
        if (asked !== undefined && asked > LONGEST_ASKED_MS) throw error;
        const waitMs = asked ?? backoffMs(failures, firstWaitMs);
        tell?.(`${reasonOf(error)}; trying again in ${(waitMs / 1_000).toFixed(1)} s`);
        await pause(waitMs, signal);
      }
    }
  }

  /** @returns an answer of 200 to 299, and what ends the watch over how long it takes. */
  async #request(
    asked: Asked,
    accept: string,
    isStream = false,
  ): Promise<{ response: Response; over: () => void }> {
    const { timeoutMs, signal } = this.#limits;
    let url = urlOf(this.baseUrl, asked);
    const stop = new AbortController();
    const whole = isStream ? undefined : setTimeout(() => stop.abort(TOO_SLOW), timeoutMs * 10);
    const over = (): void => clearTimeout(whole);
    const ended = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
    try {
      for (let redirects = 0; ; redirects += 1) {
        const beginning = setTimeout(() => stop.abort(TOO_SLOW), timeoutMs);
        const response = await fetch(url, {
          method: asked.form === undefined ? "GET" : "POST",
          body: asked.form === undefined ? null : new URLSearchParams(asked.form),
          headers: { accept, "user-agent": `${PACKAGE_NAME}/${VERSION}`, ...this.#address.auth },
          redirect: "manual",
          signal: ended,
        }).finally(() => clearTimeout(beginning));
        const location = response.headers.get("location");
        if (response.status >= 300 && response.status < 400 && location !== null) {
          await response.body?.cancel();
          url = this.#redirected(url, location, redirects);
          continue;
        }
        if (!response.ok) throw await this.#refused(asked, url, response);
        // A stream lasts as long as the run: who reads it ends it.
        return { response, over };
      }
    } catch (error) {
      over();
      throw this.#told(error, url, ended);
    }
  }

  #redirected(from: string, location: string, redirects: number): string {
    const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
    if (to === undefined || redirects >= MAX_REDIRECTS)
      throw new ApieError("redirected", `${from} leads nowhere: it redirects ${redirects + 1} times`);
    if (to.origin !== new URL(from).origin)
      throw new ApieError(
        "redirected",
        `${from} redirects to ${to.origin}, where the token is not sent: if that is right, give it as --base-url`,
      );
    return to.href;
  }

  async #refused(asked: Asked, url: string, response: Response): Promise<ApieError> {
    const { status } = response;
    const { token, tokenVariable, what } = this.#address;
    const said = await this.#said(response);
    const code = `http_${status}`;
    if (status === 401 || status === 403) {
      const why =
        token === undefined
          ? `no token was given: set ${tokenVariable}`
          : `the token in ${tokenVariable} ${status === 401 ? "is not accepted" : "may not read this"}`;
      return new ApieError(code, `${what} at ${this.baseUrl} answered ${status}: ${why}${said}`, { status });
    }
    if (status === 404)
      return new ApieError(code, `${what} at ${this.baseUrl} has no ${asked.what}${said}`, { status });
    const message = `${url} answered ${status}${said}`;
    return new RetryLater(
      code,
      message,
      status,
      retryAfterMs(response.headers.get("retry-after") ?? undefined),
    );
  }

  /** The server's own words, if they are few. */
  async #said(response: Response): Promise<string> {
    let text: string;
    try {
      text = await this.#text(response, 64 * 1024);
    } catch {
      // What went wrong is the status; that it says nothing readable more is no news.
      return "";
    }
    const { detail, message, error } = membersOf(text);
    const words = [detail, message, error].find((value) => typeof value === "string") ?? "";
    const line = this.withoutToken(String(words))
      .replace(/\p{Cc}+/gu, " ")
      .slice(0, MAX_SAID);
    return line === "" ? "" : ` (${line})`;
  }

  #told(error: unknown, url: string, signal: AbortSignal): ApieError {
    if (error instanceof ApieError) return error;
    if (signal.reason === TOO_SLOW)
      return new ApieError("timeout", `${url} did not answer within ${this.#limits.timeoutMs} ms`);
    const { cause } = error as { cause?: unknown };
    const reason = this.withoutToken(reasonOf(cause ?? error));
    return new ApieError("network", `${url}: ${reason}`, { cause: error });
  }

  /** Servers repeat what they were sent, and what they say is told. */
  withoutToken(text: string): string {
    const { token } = this.#address;
    return token === undefined || token === "" ? text : text.replaceAll(token, "[redacted]");
  }

  #parsed(text: string, response: Response): unknown {
    try {
      return JSON.parse(text);
    } catch {
      const type = this.withoutToken(response.headers.get("content-type") ?? "text of no type");
      throw new ApieError(
        "not_json",
        `${response.url} answered ${type}, which is no JSON: is it the address of ${this.#address.what}?`,
      );
    }
  }

  async #text(response: Response, maxBytes = this.#limits.maxBytes ?? MAX_BYTES): Promise<string> {
    const { timeoutMs } = this.#limits;
    if (response.body === null) return "";
    const silent = () => new ApieError("timeout", `${response.url} sent nothing more for ${timeoutMs} ms`);
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    try {
      for await (const piece of piecesOf(response.body, timeoutMs, silent)) {
        bytes += piece.length;
        if (bytes > maxBytes)
          throw new ApieError("too_large", `${response.url} answers with more than ${maxBytes} bytes`);
        pieces.push(piece);
      }
      return new TextDecoder().decode(Buffer.concat(pieces));
    } catch (error) {
      if (error instanceof ApieError) throw error;
      const reason =
        error === TOO_SLOW ? `took longer than ${timeoutMs * 10} ms` : `broke off: ${reasonOf(error)}`;
      throw new ApieError(error === TOO_SLOW ? "timeout" : "network", `${response.url} ${reason}`, {
        cause: error,
      });
    }
  }
}

/** Reason of our own for ending an exchange. */
const TOO_SLOW = new Error("too slow");

class RetryLater extends ApieError {
  readonly afterMs: number | undefined;

  constructor(code: string, message: string, status: number, afterMs: number | undefined) {
    super(code, message, { status });
    this.afterMs = afterMs;
  }
}

const urlOf = (baseUrl: string, { path }: Asked): string => `${baseUrl}${path}`;

function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
