/** Whether a request may be made now, and what its outcome means for those after it. */
import { type Answer, toError } from "../apie-api/index.ts";
import type { Attempted, Attempts } from "./attempts.ts";
import type { Flushes } from "./flushes.ts";
import type { CallKind, Gate, Pass } from "./gate.ts";
import type { Problems } from "./problems.ts";

export interface PassesParts {
  attempts: Attempts;
  gate: Gate;
  flushes: Flushes;
  problems: Problems;
  /** Monotonic ms. */
  now: () => number;
}

/** An answer after which it is to be tried again. */
export type Setback = Exclude<Answer<unknown>, { kind: "ok" | "invalid" }>;

export class Passes {
  readonly #parts: PassesParts;
  /** Kinds of call that have probed the closed endpoint in vain: another may work where they do not. */
  readonly #probedInVain = new Set<CallKind>();
  #isStopped = false;

  constructor(parts: PassesParts) {
    this.#parts = parts;
  }

  tryPass(kind: CallKind, now: number): Pass | undefined {
    const { gate } = this.#parts;
    if (gate.isServerClosed && this.#probedInVain.has(kind)) return undefined;
    return gate.tryPass(kind, now);
  }

  /** When all kinds have probed in vain. @returns whether they may do so anew. */
  mayProbeAnew(now: number): boolean {
    if (this.#probedInVain.size === 0 || !this.#parts.gate.isServerPassable(now)) return false;
    this.#probedInVain.clear();
    return true;
  }

  succeeded(attempted: Attempted, pass: Pass): void {
    const { attempts, gate, now } = this.#parts;
    gate.answered(pass, now());
    this.#probedInVain.clear();
    attempts.succeeded(attempted);
  }

  /** @param startedAt when the request was made. */
  setBack(attempted: Attempted, pass: Pass, startedAt: number, setback: Setback): void {
    if (this.#isStopped) return;
    const { attempts, gate, flushes, problems } = this.#parts;
    const now = this.#parts.now();
    const tryAgainAt = attempts.failed(attempted, startedAt, now);
    if (pass.probesServer) this.#probedInVain.add(pass.kind);
    if (setback.kind === "denied") {
      gate.denied(pass, now, setback.message, setback.status);
    } else {
      gate.failed(pass, now, setback.message, setback.retryAfterMs);
      if (flushes.active && !attempts.areExhausted) gate.probeServerAt(tryAgainAt);
    }
    problems.add(toError(setback, pass.kind));
  }

  /** What fails from now on was cut. */
  stop(): void {
    this.#isStopped = true;
  }
}
