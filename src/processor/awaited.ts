/** Work nobody waits for and whose end is told in an event, such as an evaluation in monitor mode: a flush waits for it. */
import { detachedTimer } from "../apie-api/index.ts";

export class Awaited {
  readonly #pending = new Set<Promise<unknown>>();

  /** @param work must not reject. */
  add(work: Promise<unknown>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }

  /** Resolves when all that was added before has ended, or the time is over. @returns ms that are left. */
  async settled(withinMs: number): Promise<number> {
    if (this.#pending.size === 0) return withinMs;
    const started = performance.now();
    await new Promise<void>((resolve) => {
      // The application waits for the flush, so the process must not end meanwhile.
      const deadline = detachedTimer(withinMs, resolve, { keepAlive: true });
      void Promise.all(this.#pending).then(() => {
        deadline.cancel();
        resolve();
      });
    });
    return Math.max(0, withinMs - (performance.now() - started));
  }
}
