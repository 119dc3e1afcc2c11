/** What happens because time passes: traces that arrived ended are told, runs closed, what is over forgotten. */
import { detachedTimer, type Timer } from "../apie-api/index.ts";
import type { Tracker } from "../tracking/index.ts";
import type { EndOnlyTraces } from "./end-only/index.ts";
import type { Unreadable } from "./unreadable.ts";

const SWEEP_MS = 500;

export class Sweeping {
  readonly #tracker: Tracker;
  readonly #endOnly: EndOnlyTraces;
  readonly #unreadable: Unreadable;
  #timer: Timer | undefined;
  #isDue = false;

  constructor(tracker: Tracker, endOnly: EndOnlyTraces, unreadable: Unreadable) {
    this.#tracker = tracker;
    this.#endOnly = endOnly;
    this.#unreadable = unreadable;
  }

  /** To be called when something was read. */
  plan(): void {
    if (this.#timer !== undefined) return;
    if (!this.#tracker.needsSweep && this.#endOnly.isEmpty) return;
    this.#timer = detachedTimer(SWEEP_MS, () => {
      this.#timer = undefined;
      this.#endOnly.sweep();
      this.#sweep();
    });
  }

  /** To be called when all is told that is told together. */
  told(): void {
    if (this.#isDue) this.#sweep();
    else this.plan();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Between starts and ends that are told together no time passes. */
  #sweep(): void {
    this.#isDue = this.#endOnly.walks.isHalfway;
    if (this.#isDue) return;
    this.#unreadable.guard(() => this.#tracker.sweep());
    this.plan();
  }
}
