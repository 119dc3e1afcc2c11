/** `queueIdempotencyKey`: of events with the same key only one is in the queue at a time. */
import type { HookEvent } from "../config/index.ts";
import { fromWire } from "../events/index.ts";
import type { EventRecord } from "./event-record.ts";
import type { Hooks } from "./hooks.ts";

const HOOK = "queueIdempotencyKey";

export class QueuedKeys {
  readonly #keyOf: (event: HookEvent) => string | undefined;
  readonly #hooks: Hooks;
  readonly #queued = new Set<string>();
  readonly #keys = new WeakMap<EventRecord, string>();

  constructor(keyOf: (event: HookEvent) => string | undefined, hooks: Hooks) {
    this.#keyOf = keyOf;
    this.#hooks = hooks;
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

  /** What is to be called once the record is settled, without keeping it until then. */
  settling(record: EventRecord): (() => void) | undefined {
    const key = this.#keys.get(record);
    return key === undefined ? undefined : () => this.#queued.delete(key);
  }

  #read(record: EventRecord): string | undefined {
    const event = fromWire(record.toWire());
    const key = this.#hooks.call(HOOK, event, () => this.#keyOf(event as unknown as HookEvent));
    if (typeof key === "string") return key;
    if (key !== undefined && key !== null) {
      const got = typeof key === "object" ? "an object or a promise" : `a ${typeof key}`;
      this.#hooks.failed(HOOK, new TypeError(`expected text, got ${got}; no event is taken for another`));
    }
    return undefined;
  }
}
