/** What waits in a lane. */
import type { HandoffBody } from "../apie-api/index.ts";

/** An event that is written as JSON only when its batch is put together. */
export interface EventItem {
  readonly kind: "event";
  readonly type: string;
  /** Memory and wire size, estimated: what the byte bound counts. */
  readonly bytes: number;
  /** Order of arrival over all lanes; set by the delivery. */
  ticket: number;
  /**
   * @param bound members with Apie's ids to add: JSON, each with a comma before it.
   * @returns `undefined` when the user's redactor dropped the event.
   */
  write(bound: string): WrittenEvent | undefined;
  /** Called once, when the event has reached Apie or was given up. */
  settled?(): void;
  /** What is to be called in place of `settled` once the event is let go of; nothing when there is nothing to be called. */
  settling?(): (() => void) | undefined;
}

/** Wire form. */
export interface WrittenEvent {
  eventId: string | undefined;
  /** One JSON object, redacted, within the size limit. */
  json: string;
}

/** A hand-off is a call of its own that keeps its place among the events of its lane. */
export interface HandoffItem {
  readonly kind: "handoff";
  readonly type: "handoff";
  readonly bytes: number;
  ticket: number;
  readonly body: HandoffBody;
  /** Lane of the receiving run, where it is known already. */
  readonly target?: { readonly id: string | undefined } | undefined;
}

export type LaneItem = EventItem | HandoffItem;

/** What waits in one lane: first in, first out. */
export interface LaneQueue {
  /** Everything in it. */
  readonly length: number;
  /** How much of it may be sent now; the rest is not kept yet as it is to be. */
  readonly sendable: number;
  /** How much of it the end of the process takes with it. */
  readonly unsaved: number;
  /** What the first item that may be sent is. */
  readonly firstKind: LaneItem["kind"] | undefined;
  /** The first item that may be sent. */
  readonly first: LaneItem | undefined;
  /** Whether anything in it can give way to make room in memory. */
  readonly takesMemory: boolean;
  push(item: LaneItem): void;
  shift(): LaneItem | undefined;
  pop(): LaneItem | undefined;
  /** Takes the oldest or the newest of what is in memory. */
  takeFromMemory(end: "oldest" | "newest"): LaneItem | undefined;
}

/** A queue in memory, with cheap removal at both ends. */
export class ItemQueue implements LaneQueue {
  #items: (LaneItem | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get sendable(): number {
    return this.length;
  }

  get unsaved(): number {
    return this.length;
  }

  get takesMemory(): boolean {
    return this.length > 0;
  }

  get first(): LaneItem | undefined {
    return this.#items[this.#head];
  }

  get firstKind(): LaneItem["kind"] | undefined {
    return this.first?.kind;
  }

  takeFromMemory(end: "oldest" | "newest"): LaneItem | undefined {
    return end === "oldest" ? this.shift() : this.pop();
  }

  /** In order. */
  get all(): readonly LaneItem[] {
    return this.#items.slice(this.#head) as LaneItem[];
  }

  push(item: LaneItem): void {
    this.#items.push(item);
  }

  shift(): LaneItem | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  pop(): LaneItem | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items.pop();
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    }
    return item;
  }
}
