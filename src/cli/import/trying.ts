/** Reading what goes on, over failures that pass. */
import { reasonOf } from "../../model/errors.ts";
import { passes } from "./http.ts";

export interface FollowOptions {
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** Told of what a person should know. */
  readonly tell: (note: string) => void;
  /** Without an answer for so long the following ends. */
  readonly giveUpMs?: number | undefined;
}

const GIVE_UP_MS = 600_000;
/** What fails for a while and may go better: a server that is started again, a network that is away. */
export class Trying {
  readonly #options: FollowOptions;
  #failedSince: number | undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  /** @returns `undefined` where it failed, or was stopped. @throws what does not pass, or has not for long. */
  async orWait<T>(read: () => Promise<T>): Promise<T | undefined> {
    const { signal, tell, giveUpMs = GIVE_UP_MS } = this.#options;
    try {
      const answer = await read();
      this.#failedSince = undefined;
      return answer;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!passes(error)) throw error;
      const now = performance.now();
      if (this.#failedSince === undefined) tell(`${reasonOf(error)}; trying again`);
      this.#failedSince ??= now;
      if (now - this.#failedSince > giveUpMs) throw error;
      return undefined;
    }
  }
}
