/** Requests under way. Each ends here, also one that breaks down: nobody is above us to hear of it, and the process would end. */
import { detachedTimer, type Retryable } from "../apie-api/index.ts";
import { ApieError, reasonOf } from "../model/errors.ts";

export interface RequestHooks {
  /** Called after each, when what it ended with is done. */
  onEnded: () => void;
  /** A mistake of ours. Must not throw. */
  onProblem: (error: ApieError) => void;
}

export class Requests {
  readonly #hooks: RequestHooks;
  readonly #underWay = new Set<Promise<void>>();

  constructor(hooks: RequestHooks) {
    this.#hooks = hooks;
  }

  add<T>(asked: Promise<T>, ended: (result: T | Retryable) => void): void {
    const request = asked.catch(brokenDown).then((result) => {
      this.#underWay.delete(request);
      this.safely(() => ended(result));
      this.#hooks.onEnded();
    });
    this.#underWay.add(request);
  }

  safely(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#hooks.onProblem(new ApieError("internal", `delivery failed: ${reasonOf(error)}`));
    }
  }

  /** Waits until all have ended; a transport that ignores its signal is not waited for any longer than this. */
  async ended(withinMs: number): Promise<void> {
    if (this.#underWay.size === 0) return;
    await new Promise<void>((resolve) => {
      const deadline = detachedTimer(withinMs, resolve, { keepAlive: true });
      void Promise.all(this.#underWay).then(() => {
        deadline.cancel();
        resolve();
      });
    });
  }
}

/** Whether Apie has seen a request that ended in no answer at all is not known. */
const brokenDown = (error: unknown): Retryable => ({
  kind: "retry",
  ambiguous: true,
  message: `failed: ${reasonOf(error)}`,
});
