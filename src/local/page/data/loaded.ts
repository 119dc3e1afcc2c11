/** Something read from the server, shown as it was while it is read again. */
import { type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { onChanges } from "./live.ts";
import type { Change } from "./records.ts";

/** At least so long between two readings of the same thing, and longer where a reading takes long. */
const REST_MS = 250;
const REST_PER_READING = 2;

export class Loaded<T> {
  readonly data: Signal<T | undefined> = signal(undefined);
  readonly error: Signal<Error | undefined> = signal(undefined);
  readonly #load: (signal: AbortSignal) => Promise<T>;
  readonly #gone = new AbortController();
  readonly #stop: () => void;
  #isReading = false;
  #isStale = false;

  /** @param concerns whether a change is about it */
  constructor(load: (signal: AbortSignal) => Promise<T>, concerns: (change: Change) => boolean) {
    this.#load = load;
    this.#stop = onChanges((changes) => {
      if (changes === undefined || changes.some(concerns)) void this.read();
    });
    void this.read();
  }

  close(): void {
    this.#gone.abort();
    this.#stop();
  }

  async read(): Promise<void> {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#isStale && !this.#gone.signal.aborted) {
      this.#isStale = false;
      const began = performance.now();
      try {
        this.data.value = await this.#load(this.#gone.signal);
        this.error.value = undefined;
      } catch (error) {
        if (!this.#gone.signal.aborted) this.error.value = error as Error;
      }
      const rest = Math.max(REST_MS, REST_PER_READING * (performance.now() - began));
      await new Promise((resolve) => setTimeout(resolve, rest));
    }
    this.#isReading = false;
  }
}

/** Something that is there for as long as the component is, and made anew when `inputs` change. */
export function useClosable<T extends { close(): void }>(make: () => T, inputs: readonly unknown[]): T {
  const made = useMemo(make, inputs);
  useEffect(() => () => made.close(), [made]);
  return made;
}

export const useLoaded = <T>(
  load: (signal: AbortSignal) => Promise<T>,
  concerns: (change: Change) => boolean,
  inputs: readonly unknown[],
): Loaded<T> => useClosable(() => new Loaded(load, concerns), inputs);
