/** Which id Apie gave to which run and session of ours, and back. */
import type { Lane } from "../delivery/index.ts";

const MAX_KNOWN = 10_000;

class IdMap {
  readonly #lanes = new Map<string, Lane>();
  readonly #ours = new Map<string, string>();
  readonly #waiting = new Map<string, ((lane: Lane | undefined) => void)[]>();

  known(ourId: string, lane: Lane): void {
    if (this.#lanes.size >= MAX_KNOWN) {
      const oldest = this.#lanes.keys().next().value;
      if (oldest !== undefined) this.#forget(oldest);
    }
    this.#lanes.set(ourId, lane);
    lane.whenSettled(() => {
      if (lane.id !== undefined && this.#lanes.has(ourId)) this.#ours.set(lane.id, ourId);
    });
    for (const resolve of this.#waiting.get(ourId) ?? []) resolve(lane);
    this.#waiting.delete(ourId);
  }

  ourIdOf(apieId: string): string | undefined {
    return this.#ours.get(apieId);
  }

  current(ourId: string): string | undefined {
    return this.#lanes.get(ourId)?.id;
  }

  /** Resolves with Apie's id, or with `undefined` when the run was never opened there. */
  async whenKnown(ourId: string): Promise<string | undefined> {
    const lane =
      this.#lanes.get(ourId) ??
      (await new Promise<Lane | undefined>((resolve) => this.#wait(ourId, resolve)));
    if (lane === undefined) return undefined;
    await new Promise<void>((resolve) => lane.whenSettled(resolve));
    return lane.id;
  }

  giveUp(): void {
    for (const waiting of this.#waiting.values()) for (const resolve of waiting) resolve(undefined);
    this.#waiting.clear();
  }

  #wait(ourId: string, resolve: (lane: Lane | undefined) => void): void {
    const waiting = this.#waiting.get(ourId) ?? [];
    waiting.push(resolve);
    this.#waiting.set(ourId, waiting);
  }

  #forget(ourId: string): void {
    const id = this.#lanes.get(ourId)?.id;
    this.#lanes.delete(ourId);
    if (id !== undefined) this.#ours.delete(id);
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
