/** Runs and sessions this process knows, by our ids, so that the application may name them by ours or by Apie's. */
import type { SpanContext } from "@opentelemetry/api";
import type { RemoteIds, RunScope, Scope, SessionScope } from "../model/scope.ts";
import { activeScope } from "../propagation/index.ts";
import { type Given, idOf } from "./given.ts";
import type { InstrumentHost, KnownIds } from "./host.ts";
import type { CommonInput, RunInput } from "./inputs.ts";
import { Remembered } from "./remembered.ts";

interface KnownRun {
  scope: RunScope;
  session: SessionScope | undefined;
}

export class LiveScopes {
  readonly #runs = new Remembered<KnownRun>();
  readonly #sessions = new Remembered<SessionScope>();
  readonly #host: InstrumentHost;
  /** Where approvals were asked for, so that the decision leads back. */
  readonly approvals = new Remembered<SpanContext>();

  constructor(host: InstrumentHost) {
    this.#host = host;
  }

  /** The active scope, unless it is another client's. */
  active(): Scope | undefined {
    const active = activeScope();
    return active?.owner === this.#host.owner ? active : undefined;
  }

  /** The scope that work with this input is in: what it names, else what is active. */
  scopeFor(input: Given<Pick<CommonInput, "runId" | "sessionId">>): Scope {
    const active = this.active();
    const runId = this.#idOf(input.runId);
    const sessionId = this.#idOf(input.sessionId);
    const run = runId === undefined ? active?.run : this.run(runId);
    const session = sessionId === undefined ? this.#sessionAround(run, active) : this.session(sessionId);
    return { owner: this.#host.owner, session, run, step: run === active?.run ? active?.step : undefined };
  }

  addRun(scope: RunScope, session: SessionScope | undefined): void {
    this.#runs.set(scope.id, { scope, session });
  }

  addSession(scope: SessionScope): void {
    this.#sessions.set(scope.id, scope);
  }

  /** A run by our id or Apie's; an unknown id is taken as Apie's. */
  run(id: string): RunScope {
    return (
      find(this.#runs, this.#host.runIds, id)?.scope ?? {
        id,
        apieId: id,
        agentKey: this.#host.agent.key,
        agentName: this.#host.agent.name,
        spanContext: undefined,
      }
    );
  }

  /** A session by our id or Apie's; an unknown id is taken as Apie's. */
  session(id: string): SessionScope {
    return (
      find(this.#sessions, this.#host.sessionIds, id) ?? {
        id,
        apieId: id,
        kind: undefined,
        spanContext: undefined,
      }
    );
  }

  /** The session an input names. */
  named(input: Given<Pick<RunInput, "sessionId" | "conversationId">>): SessionScope | undefined {
    const id = this.#idOf(input.sessionId);
    if (id !== undefined) return this.session(id);
    const conversationId = this.#idOf(input.conversationId);
    return conversationId === undefined ? undefined : this.conversation(conversationId);
  }

  /** The session of a conversation, by the application's own id of that. */
  conversation(id: string): SessionScope {
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    const scope: SessionScope = { id, kind: undefined, spanContext: undefined };
    this.addSession(scope);
    return scope;
  }

  /** The run a call from another service came from; its ids are a stranger's text. */
  remoteRun(ids: RemoteIds | undefined): RunScope | undefined {
    const apieId = this.#idOf(ids?.apieRunId);
    const id = this.#idOf(ids?.runId) ?? apieId;
    if (id === undefined) return undefined;
    const { agent } = this.#host;
    return { id, apieId, agentKey: agent.key, agentName: undefined, spanContext: undefined };
  }

  remoteSession(ids: RemoteIds | undefined): SessionScope | undefined {
    const apieId = this.#idOf(ids?.apieSessionId);
    const id = this.#idOf(ids?.sessionId) ?? apieId;
    if (id === undefined) return undefined;
    return this.#sessions.get(id) ?? { id, kind: undefined, apieId, spanContext: undefined };
  }

  sessionOfRun(id: string): SessionScope | undefined {
    return this.#runs.get(id)?.session;
  }

  sessionOf(run: RunScope | undefined): SessionScope | undefined {
    return run === undefined ? undefined : this.#runs.get(run.id)?.session;
  }

  /** Ids are written on spans and into addresses: what is a secret is none of Apie's. */
  #idOf(given: unknown): string | undefined {
    const id = idOf(given);
    return id === undefined ? undefined : this.#host.redactor.identity(id);
  }

  /** A run of ours is in its own session or in none; one we know nothing of is taken to be in the active one. */
  #sessionAround(run: RunScope | undefined, active: Scope | undefined): SessionScope | undefined {
    const known = run === undefined ? undefined : this.#runs.get(run.id);
    return known === undefined ? active?.session : known.session;
  }
}

function find<T>(known: Remembered<T>, ids: KnownIds | undefined, id: string): T | undefined {
  const ours = known.get(id);
  if (ours !== undefined) return ours;
  const byApie = ids?.ourIdOf(id);
  return byApie === undefined ? undefined : known.get(byApie);
}
