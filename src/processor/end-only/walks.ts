/**
 * Tells what arrived ended as if it happened now: what was released together in one order of time, one release after the other,
 * for a few milliseconds in each turn of the event loop.
 */
import { detached } from "../../apie-api/index.ts";
import { SLICE_MS } from "../pump.ts";
import { withMissingParents } from "./missing-parents.ts";
import { inOrderOfTime } from "./order.ts";
import type { InPieces } from "./pieces.ts";
import type { EndedSpan, WalkStep } from "./span.ts";

export interface WalkHooks {
  /** Whether a span that is not among those that arrived was seen before. */
  isKnown: (traceId: string, spanId: string) => boolean;
  /** Tells a start or an end, as if it happened now. Must not throw. */
  tell: (step: WalkStep) => void;
  /** Called when all that was released together is told. Must not throw. */
  onTold: () => void;
}

/** Traces that are told together. */
interface Release {
  readonly traces: (readonly EndedSpan[])[];
  /** How much was released up to here, this included. */
  readonly upTo: number;
}

export class Walks {
  readonly #hooks: WalkHooks;
  readonly #waiting: Release[] = [];
  #current: InPieces<void> | undefined;
  /** Starts and ends released so far, and those of them that were told. */
  #released = 0;
  #told = 0;
  /** What is released and not told to its end. */
  spans = 0;
  bytes = 0;
  #isPlanned = false;
  #isHeld = false;
  #isAtWork = false;

  constructor(hooks: WalkHooks) {
    this.#hooks = hooks;
  }

  /** Some of what was released together is told, and the rest of it is to be. */
  get isHalfway(): boolean {
    return this.#current !== undefined;
  }

  /** How much was released so far: what `untoldOf` is to be asked for. */
  get released(): number {
    return this.#released;
  }

  /** How many starts and ends of what was released up to there are not told yet. */
  untoldOf(released: number): number {
    return Math.max(0, released - this.#told);
  }

  add(traces: (readonly EndedSpan[])[], spans: number, bytes: number): void {
    this.#released += 2 * spans;
    this.spans += spans;
    this.bytes += bytes;
    this.#waiting.push({ traces, upTo: this.#released });
    this.#plan();
  }

  /** Tells all there is, whatever it costs; nothing while it is held. */
  all(): void {
    if (!this.#isHeld) this.walk(Number.POSITIVE_INFINITY);
  }

  /** What is to be told waits for `resume`. */
  hold(): void {
    this.#isHeld = true;
  }

  resume(): void {
    this.#isHeld = false;
    this.#plan();
  }

  /**
   * Tells for a while, also while it is held.
   * @param until monotonic ms, but for one piece of it.
   * @returns whether there is more.
   */
  walk(until: number): boolean {
    // A hook of the user's may end a span in the middle of a step.
    if (this.#isAtWork) return false;
    this.#isAtWork = true;
    try {
      while (this.#goesOn()) if (performance.now() >= until) return true;
      return false;
    } finally {
      this.#isAtWork = false;
    }
  }

  #plan(): void {
    if (this.#isPlanned || this.#isHeld) return;
    if (this.#current === undefined && this.#waiting.length === 0) return;
    this.#isPlanned = true;
    detached(() =>
      setImmediate(() => {
        this.#isPlanned = false;
        if (!this.#isHeld) this.walk(performance.now() + SLICE_MS);
        this.#plan();
      }),
    );
  }

  /** Does the next piece. @returns whether there was any. */
  #goesOn(): boolean {
    if (this.#current === undefined) {
      const release = this.#waiting.shift();
      if (release === undefined) return false;
      this.#current = this.#tellAll(release);
    }
    if (this.#current.next().done !== true) return true;
    this.#current = undefined;
    this.#hooks.onTold();
    return true;
  }

  *#tellAll({ traces, upTo }: Release): InPieces<void> {
    const steps = yield* this.#stepsOf(traces);
    // From the end: what is told is not held any longer.
    steps.reverse();
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      this.#hooks.tell(step);
      const { phase, span } = step;
      if (span.standsIn !== true) this.#told += 1;
      if (phase === "end") {
        this.spans -= span.standsIn === true ? 0 : 1;
        this.bytes -= span.bytes;
      }
      yield;
    }
    this.#told = upTo;
  }

  /** Looked at when its turn has come: what was released before may be what it belongs to. */
  *#stepsOf(traces: (readonly EndedSpan[])[]): InPieces<WalkStep[]> {
    const whole: (readonly EndedSpan[])[] = [];
    for (const spans of traces.splice(0)) {
      whole.push(yield* withMissingParents(spans, this.#hooks.isKnown));
      yield;
    }
    return yield* inOrderOfTime(whole);
  }
}
