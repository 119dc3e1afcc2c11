/** Which id Apie gave to which run and session of ours, and back. */
import { detachedTimer, type Timer } from "../apie-api/index.ts";
import type { Lane } from "../delivery/index.ts";

const MAX_KNOWN = 10_000;
/** By then every span was looked at, also one that was kept back: what is not known then was given up. */
const MAX_UNSEEN_MS = 10_000;

interface Waiting {
  readonly timer: Timer;
  readonly resolves: ((lane: Lane | undefined) => void)[];
}

class IdMap {
  /** What Apie has not answered for; the delivery holds it as long. */
  readonly #opening = new Map<string, Lane>();
  /** What is settled: Apie's id, or that there is none. A lane, with all its run said, is not kept for that. */
  readonly #settled = new Map<string, string | undefined>();
  readonly #ours = new Map<string, string>();
  /** Asked for before the span that opens it was looked at. */
  readonly #waiting = new Map<string, Waiting>();
  #isOver = false;

  known(ourId: string, lane: Lane): void {
    this.#forget(ourId);
    this.#opening.set(ourId, lane);
    lane.whenSettled(() => this.#settle(ourId, lane));
    this.#answer(ourId, lane);
  }

  ourIdOf(apieId: string): string | undefined {
    return this.#ours.get(apieId);
  }

  current(ourId: string): string | undefined {
    return this.#settled.get(ourId);
  }

  /** Resolves with Apie's id, or with `undefined` when it was never opened there. */
  async whenKnown(ourId: string): Promise<string | undefined> {
    const lane = await this.#laneOf(ourId);
    if (lane === undefined) return this.#settled.get(ourId);
    await new Promise<void>((resolve) => lane.whenSettled(resolve));
    return lane.id;
  }

  /** As `whenKnown`, but resolves with `undefined` as soon as an attempt to open it has failed. */
  async whenTried(ourId: string): Promise<string | undefined> {
    const lane = await this.#laneOf(ourId);
    if (lane === undefined) return this.#settled.get(ourId);
    await new Promise<void>((resolve) => lane.whenTried(resolve));
    return lane.id;
  }

  /** Nothing will be opened any more. */
  giveUp(): void {
    this.#isOver = true;
    for (const ourId of [...this.#waiting.keys()]) this.#answer(ourId, undefined);
  }

  #settle(ourId: string, lane: Lane): void {
    // An application's own conversation may have been opened anew meanwhile.
    if (this.#opening.get(ourId) !== lane) return;
    this.#opening.delete(ourId);
    if (this.#settled.size >= MAX_KNOWN) {
      const oldest = this.#settled.keys().next().value;
      if (oldest !== undefined) this.#forget(oldest);
    }
    this.#settled.set(ourId, lane.id);
    if (lane.id !== undefined) this.#ours.set(lane.id, ourId);
  }

  /** The lane while it is opened; `undefined` for what is settled, and for what never comes to be. */
  async #laneOf(ourId: string): Promise<Lane | undefined> {
    const lane = this.#opening.get(ourId);
    if (lane !== undefined || this.#settled.has(ourId) || this.#isOver) return lane;
    return new Promise((resolve) => this.#wait(ourId, resolve));
  }

  #wait(ourId: string, resolve: (lane: Lane | undefined) => void): void {
    const waiting = this.#waiting.get(ourId);
    if (waiting !== undefined) {
      waiting.resolves.push(resolve);
      return;
    }
    const timer = detachedTimer(MAX_UNSEEN_MS, () => this.#answer(ourId, undefined));
    this.#waiting.set(ourId, { timer, resolves: [resolve] });
  }

  #answer(ourId: string, lane: Lane | undefined): void {
    const waiting = this.#waiting.get(ourId);
    if (waiting === undefined) return;
    this.#waiting.delete(ourId);
    waiting.timer.cancel();
    for (const resolve of waiting.resolves) resolve(lane);
  }

  #forget(ourId: string): void {
    const apieId = this.#settled.get(ourId);
    this.#settled.delete(ourId);
    if (apieId !== undefined) this.#ours.delete(apieId);
  }
}

export class ApieIds {
  readonly runs = new IdMap();
  readonly sessions = new IdMap();

  runKnown(ourId: string, lane: Lane): void {
    this.runs.known(ourId, lane);
  }

  sessionKnown(ourId: string, lane: Lane): void {
    this.sessions.known(ourId, lane);
  }

  giveUp(): void {
    this.runs.giveUp();
    this.sessions.giveUp();
  }
}
