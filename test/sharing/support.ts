/** Instances of one service in one process, a session store between them that fails on demand, and Apie as they see it. */
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { Apie, type ApieOptions, memorySessionStore, type SessionStore } from "../../src/index.ts";
import { cleanup, options } from "../support/client.ts";
import type { RecordedRequest, RecordingApie } from "../support/recording-apie.ts";

// As a service has one; without, the client would say so.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

export type StoreCall = "get" | "setIfAbsent" | "touch" | "delete";

/** What a call does in place of its work; `"lost"` does it and never answers. */
export type Fault = "reject" | "throw" | "hang" | "lost" | { answer: unknown } | { delayMs: number };

export interface FaultyStore extends SessionStore {
  /** Every call that was made, in order. */
  readonly calls: { readonly call: StoreCall; readonly key: string; readonly value?: string }[];
  /** Keys and values that were written. */
  readonly written: Map<string, string>;
  /** Asked for each call what is to become of it. */
  fault: (call: StoreCall, key: string) => Fault | undefined;
  readonly inner: SessionStore;
}

const SECRET_ERROR = "connect ECONNREFUSED redis://:hunter2secret@10.0.0.1:6379";

/** @param inner what the instances share. */
export function faultyStore(inner: SessionStore = memorySessionStore({ ttlMs: 60_000 })): FaultyStore {
  const store: FaultyStore = {
    ttlMs: inner.ttlMs,
    calls: [],
    written: new Map(),
    fault: () => undefined,
    inner,
    get: (key) => act("get", key, () => inner.get(key)),
    setIfAbsent: (key, value, ttlMs) =>
      act("setIfAbsent", key, () => inner.setIfAbsent(key, value, ttlMs), value),
    touch: (key, ttlMs) => act("touch", key, () => inner.touch(key, ttlMs)),
    delete: (key) => act("delete", key, () => inner.delete(key)),
  };
  async function faulty<T>(fault: Fault, work: () => Promise<T>): Promise<T> {
    if (fault === "reject") throw new Error(SECRET_ERROR);
    if (fault === "lost") await work();
    if (fault === "hang" || fault === "lost") return new Promise(() => undefined);
    if (fault === "throw") throw new Error("unreachable: thrown by the caller");
    if ("answer" in fault) return fault.answer as T;
    await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    return work();
  }
  function act<T>(call: StoreCall, key: string, work: () => Promise<T>, value?: string): Promise<T> {
    store.calls.push({ call, key, ...(value === undefined ? {} : { value }) });
    if (value !== undefined) store.written.set(key, value);
    const fault = store.fault(call, key);
    if (fault === "throw") throw new Error(SECRET_ERROR);
    return fault === undefined ? work() : faulty(fault, work);
  }
  return store;
}

export interface Instance {
  readonly apie: Apie;
  readonly problems: { readonly code: string; readonly message: string }[];
}

/** One instance of the service, with a provider of its own. */
export function instance(
  server: RecordingApie,
  sessionStore: SessionStore | undefined,
  more: ApieOptions = {},
): Instance {
  const provider = new BasicTracerProvider();
  const problems: Instance["problems"] = [];
  const apie = new Apie(
    options(server, {
      sessionStore,
      tracerProvider: provider,
      onError: ({ code, message }) => problems.push({ code, message }),
      ...more,
    }),
  );
  // As a provider would: it is made after the client here, whose spans it is to take.
  const made = new BasicTracerProvider({ spanProcessors: [apie.spanProcessor as never] });
  provider.getTracer = (name, version, given) => made.getTracer(name, version, given);
  cleanup(() => apie.shutdown());
  return { apie, problems };
}

/** A run of the conversation, with one event in it. */
export async function turn({ apie }: Instance, conversationId: string): Promise<void> {
  await apie.withRun({ conversationId }, () => apie.track({ type: "at.work" }));
}

const isOk = ({ status }: RecordedRequest): boolean => status !== undefined && status < 300;
const conversationIn = ({ body }: RecordedRequest): unknown =>
  (body as { metadata?: { conversation_id?: unknown } }).metadata?.conversation_id;
const idIn = ({ answer }: RecordedRequest): string => (answer as { id: string }).id;

/** Apie's ids of the sessions opened for a conversation. */
export const sessionsOf = (server: RecordingApie, conversation: string): string[] =>
  server
    .to("/v1/sessions")
    .filter((request) => isOk(request) && conversationIn(request) === conversation)
    .map(idIn);

/** Apie's ids of the sessions that runs were opened in, once each. */
export const sessionsWithRuns = (server: RecordingApie): string[] => [
  ...new Set(
    server
      .to(/^\/v1\/sessions\/[^/]+\/runs$/)
      .filter(isOk)
      .map(({ path }) => path.split("/")[3] ?? ""),
  ),
];

export const completionsOf = (server: RecordingApie, session: string): RecordedRequest[] =>
  server.to(`/v1/sessions/${session}/complete`).filter(isOk);
