/** Lanes of sessions that other instances of the service may see as well. */

import { type ApieConfig, DEFAULT_SESSION_TTL_MS } from "../config/index.ts";
import type { Lane } from "../delivery/index.ts";
import { type SharedEnd, type SharedSession, SharedSessions } from "../sharing/index.ts";
import type { SessionState } from "../tracking/index.ts";

export interface SharedLanesHooks {
  /** Known once the agent is registered. */
  workspaceId: () => string | undefined;
  /** Monotonic ms. */
  now: () => number;
  onProblem: (message: string) => void;
  /** Told of a session that was completed by another instance. */
  onEnded: (session: SessionState) => void;
}

/** @returns `undefined` without a session store: what one process knows of its sessions is then all there is. */
export function sharedLanesOf(config: ApieConfig, hooks: SharedLanesHooks): SharedLanes | undefined {
  const { sessionStore: store, timeout, baseUrl, agent } = config;
  if (store === undefined) return undefined;
  const sessions = new SharedSessions({
    ...hooks,
    store,
    times: { ttlMs: store.ttlMs ?? DEFAULT_SESSION_TTL_MS, callMs: timeout },
    namespace: () => [baseUrl, hooks.workspaceId() ?? "", agent.key],
  });
  return new SharedLanes(sessions, hooks.onEnded);
}

export class SharedLanes {
  readonly #sessions: SharedSessions;
  readonly #shared = new WeakMap<SessionState, { readonly session: SharedSession; readonly lane: Lane }>();
  /** Sessions from before this process, and who uses them here since. */
  readonly #recovered = new WeakMap<
    Lane,
    { readonly session: SharedSession; state: SessionState | undefined }
  >();
  readonly #onEnded: (session: SessionState) => void;

  constructor(sessions: SharedSessions, onEnded: (session: SessionState) => void) {
    this.#sessions = sessions;
    this.#onEnded = onEnded;
  }

  /** Sessions opened without the other instances. */
  get notShared(): number {
    return this.#sessions.notShared;
  }

  /** Sessions left open for the other instances. */
  get leftOpen(): number {
    return this.#sessions.leftOpen;
  }

  stop(): void {
    this.#sessions.stop();
  }

  /** Of conversations only: every other session is known where it was opened, and by its handle. */
  opened(state: SessionState, lane: Lane): void {
    if (state.origin !== "conversation") return;
    const recovered = lane.isSettled ? undefined : this.#recovered.get(lane);
    if (recovered !== undefined) recovered.state = state;
    const session = recovered?.session ?? this.#begin(lane, state.id, { state });
    this.#shared.set(state, { session, lane });
    lane.whenSettled(() => {
      if (lane.id === undefined) {
        this.#sessions.forget(session);
        return;
      }
      session.resume(lane.id);
      this.#sessions.used(session);
    });
  }

  /**
   * A session that was to be opened when its process ended: the other instances may have done so meanwhile.
   * @param conversation `undefined` where it is not known, so that they cannot be asked.
   * @param complete completes it at Apie.
   */
  recovered(lane: Lane, conversation: string | undefined, complete: () => void): void {
    if (conversation === undefined) {
      this.#sessions.notShared += 1;
      return;
    }
    const used: { state: SessionState | undefined } = { state: undefined };
    const session = this.#begin(lane, conversation, used);
    this.#recovered.set(lane, Object.assign(used, { session }));
    lane.whenSettled(() => {
      if (lane.id === undefined) this.#sessions.forget(session);
      else if (used.state === undefined)
        this.#sessions.close(session, lane.completion === undefined ? "idle" : "told", complete);
    });
  }

  #begin(
    lane: Lane,
    conversation: string,
    used: { readonly state: SessionState | undefined },
  ): SharedSession {
    const session = this.#sessions.begin(conversation, {
      isInUse: () => (used.state?.openRuns ?? 0) > 0,
      ended: () => {
        if (used.state !== undefined) this.#onEnded(used.state);
      },
    });
    lane.agreement = session;
    lane.isShared = true;
    return session;
  }

  has(state: SessionState | undefined): boolean {
    return state !== undefined && this.#shared.has(state);
  }

  used(state: SessionState | undefined): void {
    const shared = state === undefined ? undefined : this.#shared.get(state);
    if (shared !== undefined) this.#sessions.used(shared.session);
  }

  /** @returns whether it is seen to here that the session is completed, where it is to be. */
  closed(state: SessionState, complete: () => void): boolean {
    const shared = this.#shared.get(state);
    if (shared === undefined) return false;
    const end: SharedEnd = state.closedBy ?? "told";
    shared.lane.whenSettled(() => this.#sessions.close(shared.session, end, complete));
    return true;
  }
}
