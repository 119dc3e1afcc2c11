/** `queueIdempotencyKey`: of events with the same key only one is in the queue at a time. */
import type { HookEvent } from "../config/index.ts";
import { fromWire } from "../events/index.ts";
import type { EventRecord } from "./event-record.ts";

export class QueuedKeys {
  readonly #keyOf: (event: HookEvent) => string | undefined;
  readonly #onHookError: (error: unknown) => void;
  readonly #queued = new Set<string>();
  readonly #keys = new WeakMap<EventRecord, string>();

  constructor(keyOf: (event: HookEvent) => string | undefined, onHookError: (error: unknown) => void) {
    this.#keyOf = keyOf;
    this.#onHookError = onHookError;
  }

  /** Whether an event of this key waits already; if not, this one does from now on. */
  isQueued(record: EventRecord): boolean {
    const key = this.#read(record);
    if (key === undefined) return false;
    if (this.#queued.has(key)) return true;
    this.#queued.add(key);
    this.#keys.set(record, key);
    return false;
  }

  settled(record: EventRecord): void {
    const key = this.#keys.get(record);
    if (key !== undefined) this.#queued.delete(key);
  }

  #read(record: EventRecord): string | undefined {
    try {
      const key = this.#keyOf(fromWire(record.toWire()) as unknown as HookEvent);
      return typeof key === "string" ? key : undefined;
    } catch (error) {
      this.#onHookError(error);
      return undefined;
    }
  }
}
