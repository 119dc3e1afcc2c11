/** Events newest first: a page, older ones when asked for, and each that is new. */
import { signal } from "@preact/signals";
import { get, type Query } from "../../data/api.ts";
import type { EventLine } from "../../data/event-line.ts";
import { onChanges } from "../../data/live.ts";
import type { EventsAnswer } from "../../data/records.ts";

const PAGE = 300;

export class NewestEvents {
  readonly lines = signal<readonly EventLine[]>([]);
  readonly isLoaded = signal(false);
  readonly hasOlder = signal(false);
  readonly error = signal<Error | undefined>(undefined);
  readonly #filter: Query;
  readonly #gone = new AbortController();
  readonly #stop: () => void;
  /** One request after the other, so that none is read twice. */
  #last: Promise<void> = Promise.resolve();
  #older: string | undefined;

  constructor(filter: Query) {
    this.#filter = filter;
    this.#stop = onChanges((changes) => {
      if (changes === undefined || changes.some(({ kind }) => kind === "event"))
        this.#then(() => this.#readNew());
    });
    this.read();
  }

  close(): void {
    this.#gone.abort();
    this.#stop();
  }

  read(): void {
    this.#then(() => this.#readNew());
  }

  readOlder(): void {
    if (!this.hasOlder.peek()) return;
    this.hasOlder.value = false;
    this.#then(() => this.#readOlder());
  }

  #then(read: () => Promise<void>): void {
    this.#last = this.#last.then(read).then(
      () => {
        this.isLoaded.value = true;
        this.error.value = undefined;
      },
      (error: Error) => {
        if (!this.#gone.signal.aborted) this.error.value = error;
      },
    );
  }

  #get(order: "newest" | "oldest", cursor: string | undefined): Promise<EventsAnswer> {
    const query = { ...this.#filter, view: "lines", order, limit: PAGE, cursor };
    return get<EventsAnswer>("/api/events", query, this.#gone.signal);
  }

  async #readOlder(): Promise<void> {
    const page = await this.#get("newest", this.#older);
    this.#older = page.next_cursor ?? undefined;
    this.lines.value = [...this.lines.peek(), ...page.items];
    this.hasOlder.value = page.next_cursor !== null;
  }

  async #readNew(): Promise<void> {
    const newest = this.lines.peek()[0]?.seq;
    if (newest === undefined) return this.#readOlder();
    let cursor: string | undefined = String(newest);
    while (cursor !== undefined) {
      const page: EventsAnswer = await this.#get("oldest", cursor);
      this.lines.value = [...page.items.toReversed(), ...this.lines.peek()];
      cursor = page.next_cursor ?? undefined;
    }
  }
}
