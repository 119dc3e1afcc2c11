/** All events of one session or run, in pages, and then each that is new: in the order of arrival, kept in that of the replay. */
import { signal } from "@preact/signals";
import { byReplay, merged } from "../replay/order.ts";
import { get } from "./api.ts";
import type { EventLine } from "./event-line.ts";
import { onChanges } from "./live.ts";
import type { EventsAnswer } from "./records.ts";

const PAGE = 2_000;

export type FeedScope = { readonly session: string } | { readonly run: string };

export class EventFeed {
  readonly lines = signal<readonly EventLine[]>([]);
  /** Whether all that was there at the beginning is read. */
  readonly isLoaded = signal(false);
  readonly error = signal<Error | undefined>(undefined);
  readonly #scope: FeedScope;
  readonly #gone = new AbortController();
  readonly #stop: () => void;
  #cursor: string | undefined;
  #isReading = false;
  #isStale = false;

  constructor(scope: FeedScope) {
    this.#scope = scope;
    this.#stop = onChanges((changes) => {
      const [name, id] =
        "session" in scope ? (["session_id", scope.session] as const) : (["run_id", scope.run] as const);
      if (changes === undefined || changes.some((change) => change.kind === "event" && change[name] === id)) {
        void this.read();
      }
    });
    void this.read();
  }

  close(): void {
    this.#gone.abort();
    this.#stop();
  }

  /** Reads on from where it is; asked while it reads, it reads once more. */
  async read(): Promise<void> {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        await this.#readOn();
      }
      this.isLoaded.value = true;
      this.error.value = undefined;
    } catch (error) {
      if (!this.#gone.signal.aborted) this.error.value = error as Error;
    } finally {
      this.#isReading = false;
    }
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const query = { ...this.#scope, view: "lines", order: "oldest", limit: PAGE, cursor: this.#cursor };
      const page: EventsAnswer = await get<EventsAnswer>("/api/events", query, this.#gone.signal);
      this.#cursor = page.last_cursor ?? undefined;
      if (page.items.length > 0) this.lines.value = merged(this.lines.peek(), page.items, byReplay);
      if (page.next_cursor === null) return;
    }
  }
}
