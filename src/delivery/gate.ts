/**
 * Holds requests back while Apie is down, refuses us, or asks for time: what is closed is probed with one request at growing
 * intervals instead of being hammered, and opens again without new traffic.
 *
 * What is wrong with the endpoint as a whole (no answer, 5xx, a bad key) closes everything; a call that alone is refused (a
 * plan without sessions, a path the server does not have) closes its own kind, and the others go on.
 */
import { backoffMs } from "./backoff.ts";

/** Requests of one kind go to one path, and are refused together. The words are those of messages. */
export type CallKind =
  | "registration"
  | "opening a session"
  | "opening a run"
  | "opening a run of a session"
  | "completing a session"
  | "completing a run"
  | "hand-off"
  | "events"
  | "health check";

/** Leave to make one request. Handed back with what became of it. */
export interface Pass {
  readonly kind: CallKind;
  /** The one request by which a closed endpoint is probed. */
  readonly probesServer: boolean;
  readonly probesKind: boolean;
}

/** Failures in a row, with no success between, after which the endpoint is closed. */
const TRIP_AFTER = 3;
const DENIED_BASE_MS = 15_000;
const DENIED_MAX_MS = 5 * 60_000;

/** Refusals that are about us or the address, whatever is asked. */
const DENIES_EVERYTHING = new Set([401, 407, 421]);

/** @param times how often in a row it was closed. */
type Delay = (times: number) => number;

const deniedMs: Delay = (times) => Math.min(DENIED_MAX_MS, DENIED_BASE_MS * 2 ** (times - 1));

/** One thing that may be closed. */
class Hold {
  /** Times it was found closed in a row; 0 while it is open. */
  #closures = 0;
  #probing = false;
  until = 0;
  /** Closed by a refusal: trying again at once changes nothing. */
  denied = false;
  reason: string | undefined;

  get isClosed(): boolean {
    return this.#closures > 0;
  }

  mayPass(now: number): boolean {
    return now >= this.until && !(this.isClosed && this.#probing);
  }

  /** @returns whether the request is the probe. */
  pass(): boolean {
    if (this.isClosed) this.#probing = true;
    return this.isClosed;
  }

  endProbe(): void {
    this.#probing = false;
  }

  close(now: number, cause: { isProbe: boolean; denied: boolean; reason: string }, delay: Delay): void {
    this.reason = cause.reason;
    if (cause.isProbe) this.#probing = false;
    if (this.denied !== cause.denied) this.#closures = 0;
    // A request from before the closure tells nothing new.
    else if (this.isClosed && !cause.isProbe) return;
    this.denied = cause.denied;
    this.#closures += 1;
    this.until = now + delay(this.#closures);
  }

  open(): void {
    this.#closures = 0;
    this.#probing = false;
    this.until = 0;
    this.denied = false;
    this.reason = undefined;
  }
}

export class Gate {
  readonly #baseMs: number;
  readonly #server = new Hold();
  readonly #kinds = new Map<CallKind, Hold>();
  #failures = 0;
  /** Until when the server asked to be left alone; only time ends it. */
  #askedUntil = 0;
  #askedBecause = "";
  #answeredAt = 0;

  /** @param baseMs first delay after a failure. */
  constructor(baseMs: number) {
    this.#baseMs = baseMs;
  }

  /** Why requests are held back. */
  reason(now: number): string | undefined {
    if (this.#server.reason !== undefined) return this.#server.reason;
    for (const hold of this.#kinds.values()) if (hold.reason !== undefined) return hold.reason;
    return now < this.#askedUntil ? this.#askedBecause : undefined;
  }

  /** The endpoint is down: one request at a time is let through to see whether it is back. */
  get isServerClosed(): boolean {
    return this.#server.isClosed;
  }

  /** Before when no request at all is let through (monotonic ms). */
  get serverHeldUntil(): number {
    return Math.max(this.#server.until, this.#askedUntil);
  }

  /** Before when no request of this kind is let through (monotonic ms). */
  heldUntil(kind: CallKind): number {
    return Math.max(this.serverHeldUntil, this.#kinds.get(kind)?.until ?? 0);
  }

  /** Whether any request is let through now. */
  isServerPassable(now: number): boolean {
    return now >= this.#askedUntil && this.#server.mayPass(now);
  }

  /** Whether calls of this kind are held back, whatever the others are. */
  isKindHeld(kind: CallKind, now: number): boolean {
    return now < (this.#kinds.get(kind)?.until ?? 0);
  }

  /** Whether a call of this kind is let through now, as far as its kind goes. */
  isKindPassable(kind: CallKind, now: number): boolean {
    return this.#kinds.get(kind)?.mayPass(now) ?? true;
  }

  /** @param at 0 for any time. */
  hasAnsweredSince(at: number): boolean {
    return at === 0 || this.#answeredAt > at;
  }

  /** Whether it is known that the request would be refused, so that nothing but time, or a human, helps. */
  isDenied(kind: CallKind, now: number): boolean {
    if (now >= this.heldUntil(kind)) return false;
    return this.#server.denied || this.#kinds.get(kind)?.denied === true;
  }

  /** @returns leave to make a request now, or `undefined`. */
  tryPass(kind: CallKind, now: number): Pass | undefined {
    if (!this.isServerPassable(now)) return undefined;
    const own = this.#kinds.get(kind);
    if (own !== undefined && !own.mayPass(now)) return undefined;
    return { kind, probesServer: this.#server.pass(), probesKind: own?.pass() ?? false };
  }

  /** The request was not needed. */
  unused(pass: Pass): void {
    if (pass.probesServer) this.#server.endProbe();
    this.#endKindProbe(pass);
  }

  /** A flush asks at once, whatever the plan was; a time the server asked for is respected. */
  probeNow(now: number): void {
    for (const hold of [this.#server, ...this.#kinds.values()]) hold.until = Math.min(hold.until, now);
  }

  /** A flush that has tries left does not wait for the next interval of a long outage. */
  probeServerAt(at: number): void {
    if (!this.#server.denied) this.#server.until = Math.min(this.#server.until, at);
  }

  /** Apie answered, and not about itself: whatever was wrong with the endpoint is over. */
  answered(pass: Pass, now: number): void {
    this.#answeredAt = now;
    this.#failures = 0;
    this.#server.open();
    this.#kinds.delete(pass.kind);
  }

  /** Apie answers, which does not say that it does its work again. */
  reached(pass: Pass, now: number): void {
    this.#answeredAt = now;
    this.unused(pass);
  }

  /** No useful answer: network, timeout, 408, 429, 5xx. */
  failed(pass: Pass, now: number, reason: string, retryAfterMs: number | undefined): void {
    this.#failures += 1;
    this.#endKindProbe(pass);
    if (retryAfterMs !== undefined) {
      this.#askedUntil = Math.max(this.#askedUntil, now + backoffMs(1, this.#baseMs, retryAfterMs));
      this.#askedBecause = reason;
    }
    this.#server.reason = reason;
    if (this.#failures < TRIP_AFTER && !this.#server.isClosed) return;
    this.#server.close(now, { isProbe: pass.probesServer, denied: false, reason }, (times) =>
      backoffMs(times, this.#baseMs, undefined),
    );
  }

  /** 401 to 405, redirects: nothing will pass until somebody mends it. */
  denied(pass: Pass, now: number, reason: string, status: number): void {
    if (DENIES_EVERYTHING.has(status) || status < 400) {
      this.#answeredAt = now;
      this.#endKindProbe(pass);
      this.#server.close(now, { isProbe: pass.probesServer, denied: true, reason }, deniedMs);
      return;
    }
    const own = this.#kinds.get(pass.kind) ?? new Hold();
    this.answered(pass, now);
    this.#kinds.set(pass.kind, own);
    own.close(now, { isProbe: pass.probesKind, denied: true, reason }, deniedMs);
  }

  #endKindProbe(pass: Pass): void {
    if (pass.probesKind) this.#kinds.get(pass.kind)?.endProbe();
  }
}
