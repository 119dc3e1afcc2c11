/** The endpoints of Apie that the bridge calls. One method, one request; retrying is the caller's. */
import { setMaxListeners } from "node:events";
import type { FetchLike, Transport } from "../config/index.ts";
import { LEFT_OUT, withoutEcho } from "../model/echo.ts";
import { Given } from "../model/given.ts";
import { type Answer, type Reader, readAnswer } from "./answer.ts";
import { createBoundedTransport } from "./bounded-transport.ts";
import { readEventsAnswer } from "./events-answer.ts";
import { createFetchTransport } from "./fetch-transport.ts";
import { type Fields, fieldsOf, flagOf, listOf, textOf, textsOf } from "./fields.ts";
import type { SocketPool } from "./http-exchange.ts";
import { createHttpTransport, type HttpTransport } from "./http-transport.ts";
import type { LongBody } from "./long-body.ts";
import { joined } from "./signals.ts";
import type {
  CompleteBody,
  Created,
  EvaluateBody,
  EventsAnswer,
  HandoffBody,
  Health,
  IdentifyBody,
  Registration,
  RunBody,
  SessionBody,
  ValidateAnswer,
} from "./wire.ts";

export interface ClientOptions {
  /** Without a trailing slash; paths are appended. */
  baseUrl: string;
  apiKey: string;
  /** Longest wait for a whole answer. */
  timeoutMs: number;
  /** Sent along; `Authorization`, `Content-Type` and `Accept` are always ours. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Instead of the built-in HTTP client; wins over `fetch`. */
  transport?: Transport | undefined;
  fetch?: FetchLike | undefined;
  /** Takes secrets out of what a server or a transport says before it is shown: some servers repeat the key they refuse. */
  shown?: ((text: string) => string) | undefined;
  /** Called after each request. Must not throw. */
  onExchange?: ((exchange: Exchange) => void) | undefined;
}

/** A request that has ended. */
export interface Exchange {
  path: string;
  seconds: number;
  status: number | undefined;
  /** Node's code of the failure, where there was no answer. */
  cause: string | undefined;
}

export interface CallOptions {
  /** Default: the client's. */
  timeoutMs?: number | undefined;
  /** Ends the request, as a failure. */
  signal?: AbortSignal | undefined;
  /** Called when it no longer waits for a free connection. Must not throw. */
  onBegun?: ((queuedMs: number) => void) | undefined;
}

/** Of the client itself. */
interface OwnOptions extends CallOptions {
  pool?: SocketPool | undefined;
}

/** A server that repeats all it was sent is not listened to for longer: in one message, and in all of one answer. */
const MAX_SAID = 4_096;
const MAX_SAID_IN_ALL = 65_536;

/** @param shown what may be shown of the words of a server or a transport. */
type AnswerReader<T> = (
  body: unknown,
  headers: Readonly<Record<string, string>>,
  shown: (said: string) => string,
) => T;

function readCreated(body: unknown): Created | undefined {
  const fields = fieldsOf(body);
  const id = textOf(fields.id);
  if (id === undefined) return undefined;
  return {
    id,
    sessionId: textOf(fields.session_id),
    status: textOf(fields.status),
    startedAt: textOf(fields.started_at),
  };
}

/** Ids may come from elsewhere as any text; lone surrogates cannot be written into an address. */
const segment = (id: string): string => encodeURIComponent(id.toWellFormed());

/** The user's, if there is one: closing it is the user's too. @param closing tells it when the client is closed. */
function transportOf({ transport, fetch }: ClientOptions, closing: AbortSignal): HttpTransport {
  const given = transport ?? (fetch === undefined ? undefined : createFetchTransport(fetch));
  if (given === undefined) return createHttpTransport();
  const send = createBoundedTransport(given);
  return {
    async send({ body, signal, background: _, pool: __, onBegun, ...request }) {
      const text = typeof body === "object" ? body.text() : body;
      // Its connections are its own.
      onBegun?.(0);
      if (signal === undefined) return send({ ...request, body: text, signal: closing });
      const either = joined(closing, signal);
      try {
        return await send({ ...request, body: text, signal: either.signal });
      } finally {
        either.release();
      }
    },
    close: () => undefined,
  };
}

export class ApieClient {
  readonly #options: ClientOptions;
  readonly #transport: HttpTransport;
  readonly #headers: Record<string, string>;
  readonly #abort: AbortController;
  readonly #isBackground: boolean;

  /** @param foreground the same client, for whom nobody waits: see `inBackground`. */
  constructor(options: ClientOptions, foreground?: ApieClient) {
    this.#options = options;
    this.#isBackground = foreground !== undefined;
    this.#abort = foreground === undefined ? new AbortController() : foreground.#abort;
    this.#transport =
      foreground === undefined ? transportOf(options, this.#abort.signal) : foreground.#transport;
    // Each request under way listens; there may be more than the ten after which Node 20 warns of a leak.
    setMaxListeners(0, this.#abort.signal);
    const given = Object.entries(options.headers ?? {}).map(([name, value]): [string, string] => [
      name.toLowerCase(),
      value,
    ]);
    this.#headers = {
      ...Object.fromEntries(given),
      authorization: `Bearer ${options.apiKey}`,
      "content-type": "application/json",
      accept: "application/json",
    };
  }

  /** This client, over the same connections, for requests nobody waits for: they do not keep the process alive for long. */
  inBackground(): ApieClient {
    return new ApieClient(this.#options, this);
  }

  identify(body: IdentifyBody): Promise<Answer<Registration>> {
    return this.#post("/v1/agents/identify", body, (answer) => {
      const fields = fieldsOf(answer);
      return {
        agentId: textOf(fields.agent_id),
        agentVersionId: textOf(fields.agent_version_id),
        workspaceId: textOf(fields.workspace_id),
        configHash: textOf(fields.config_hash),
        created: flagOf(fields.created),
        versionCreated: flagOf(fields.version_created),
        dashboardUrl: textOf(fields.dashboard_url),
        recommendedNextStep: textOf(fields.recommended_next_step),
      };
    });
  }

  declareCapabilities(agentId: string, capabilities: readonly unknown[]): Promise<Answer<Fields>> {
    return this.#post(`/v1/agents/${segment(agentId)}/capabilities/declare`, { capabilities }, fieldsOf);
  }

  defineTool(agentId: string, tool: Readonly<Record<string, unknown>>): Promise<Answer<Fields>> {
    return this.#post(`/v1/agents/${segment(agentId)}/tools/define`, tool, fieldsOf, { pool: "others" });
  }

  createRun(body: RunBody): Promise<Answer<Created | undefined>> {
    return this.#post("/v1/runs", body, readCreated);
  }

  createSessionRun(sessionId: string, body: RunBody): Promise<Answer<Created | undefined>> {
    return this.#post(`/v1/sessions/${segment(sessionId)}/runs`, body, readCreated);
  }

  completeRun(runId: string, body: CompleteBody): Promise<Answer<undefined>> {
    return this.#post(`/v1/runs/${segment(runId)}/complete`, body, () => undefined);
  }

  createSession(body: SessionBody): Promise<Answer<Created | undefined>> {
    return this.#post("/v1/sessions", body, readCreated);
  }

  completeSession(sessionId: string, body: CompleteBody): Promise<Answer<undefined>> {
    return this.#post(`/v1/sessions/${segment(sessionId)}/complete`, body, () => undefined);
  }

  createHandoff(sessionId: string, body: HandoffBody): Promise<Answer<Created | undefined>> {
    return this.#post(`/v1/sessions/${segment(sessionId)}/handoffs`, body, readCreated);
  }

  /**
   * @param body JSON text of `{ "events": [...] }`: batches are written once, by the caller.
   * @param eventIds of those events, in their order: by them the answer is read.
   */
  sendEvents(
    body: string | LongBody,
    eventIds: readonly (string | undefined)[],
  ): Promise<Answer<EventsAnswer>> {
    return this.#exchange("POST", "/v1/events", body, {}, (answer, _headers, shown) =>
      readEventsAnswer(answer, eventIds, shown),
    );
  }

  validateEvents(events: readonly unknown[], options?: CallOptions): Promise<Answer<ValidateAnswer>> {
    const read = (answer: unknown): ValidateAnswer => {
      const fields = fieldsOf(answer);
      return {
        accepted: typeof fields.accepted === "number" ? fields.accepted : undefined,
        previews: listOf(fields.previews).map((preview) => ({
          validationStatus: textOf(preview.validation_status) ?? "unknown",
          warnings: textsOf(preview.warnings),
        })),
      };
    };
    return this.#post("/v1/events/validate", { events }, read, { ...options, pool: "others" });
  }

  evaluate(body: EvaluateBody, options?: CallOptions): Promise<Answer<Fields>> {
    return this.#post("/v1/guardrails/evaluate", body, fieldsOf, { ...options, pool: "decisions" });
  }

  /** Long poll: answers when it is resolved, or after `waitMs`. */
  waitForApproval(approvalId: string, waitMs: number, options?: CallOptions): Promise<Answer<Fields>> {
    const path = `/v1/approvals/${segment(approvalId)}/wait?timeout=${Math.trunc(waitMs)}`;
    return this.#exchange("GET", path, undefined, { ...options, pool: "approvals" }, fieldsOf);
  }

  approval(approvalId: string, options?: CallOptions): Promise<Answer<Fields>> {
    const path = `/v1/approvals/${segment(approvalId)}`;
    const read = (body: unknown): Fields => fieldsOf(fieldsOf(body).approval);
    return this.#exchange("GET", path, undefined, { ...options, pool: "approvals" }, read);
  }

  /** Longest wait for an answer, where a call says no other. */
  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** Given once the client is closed. */
  get closing(): AbortSignal {
    return this.#abort.signal;
  }

  health(options: CallOptions = {}): Promise<Answer<Health>> {
    return this.#exchange("GET", "/health", undefined, options, (answer, headers) => ({
      status: textOf(fieldsOf(answer).status),
      database: textOf(fieldsOf(answer).database),
      date: headers.date,
    }));
  }

  /** Ends requests under way (as failures) and closes the sockets. */
  close(): void {
    this.#abort.abort();
    this.#transport.close();
  }

  async #post<T>(path: string, body: unknown, read: Reader<T>, options: OwnOptions = {}): Promise<Answer<T>> {
    let text: string;
    try {
      text = JSON.stringify(body);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: "invalid", message: `cannot be written as JSON: ${reason}`, cause: "unserializable" };
    }
    return this.#exchange("POST", path, text, options, read);
  }

  async #exchange<T>(
    method: "GET" | "POST",
    path: string,
    body: string | LongBody | undefined,
    options: OwnOptions,
    read: AnswerReader<T>,
  ): Promise<Answer<T>> {
    const sentAt = performance.now();
    const result = await this.#transport.send({
      method,
      url: this.#options.baseUrl + path,
      headers: this.#headers,
      body,
      timeoutMs: options.timeoutMs ?? this.#options.timeoutMs,
      signal: options.signal,
      background: this.#isBackground,
      pool: options.pool,
      onBegun: options.onBegun,
    });
    this.#options.onExchange?.({
      path,
      seconds: (performance.now() - sentAt) / 1_000,
      status: result.kind === "response" ? result.status : undefined,
      cause: result.kind === "failure" ? result.code : undefined,
    });
    const shown = this.#shownOf(body);
    return readAnswer(result, (answer, headers) => read(answer, headers, shown), shown);
  }

  /** What a server or transport says of a request: nothing of what it was sent, which may be content, and no secret. */
  #shownOf(sent: string | LongBody | undefined): (said: string) => string {
    const told = new Map<string, string>();
    let given: Given | undefined;
    let left = MAX_SAID_IN_ALL;
    return (said) => {
      const known = told.get(said);
      if (known !== undefined) return known;
      const heard = said.slice(0, MAX_SAID);
      left -= heard.length;
      if (left < 0) return LEFT_OUT;
      if (sent !== undefined) given ??= new Given(typeof sent === "object" ? sent.text() : sent);
      const words = withoutEcho(heard, given);
      const shown = this.#options.shown?.(words) ?? words;
      told.set(said, shown);
      return shown;
    };
  }
}
