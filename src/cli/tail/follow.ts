/** Events as they come in at a local Apie, each once and in order of arrival, over lost connections and restarts. */
import { setTimeout as sleep } from "node:timers/promises";
import type { EventFilter, EventRecord, LocalReader } from "../../local/index.ts";
import { ApieError } from "../../model/errors.ts";
import { messagesOf } from "../shared/messages.ts";

export interface FollowOptions {
  readonly filter: EventFilter;
  /** How many of the events that are there already come first. */
  readonly last: number;
  readonly signal: AbortSignal;
  /** Told of what a person should know: the connection is lost, is there again, the server began anew. */
  readonly tell: (note: string) => void;
}

const PAGE = 500;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/** What passes by itself; anything else is told at once. */
const passes = (error: unknown): boolean =>
  error instanceof ApieError &&
  (error.code === "network" || error.code === "http_429" || (error.status ?? 0) >= 500);

const reasonFor = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export class Follower {
  readonly #reader: LocalReader;
  readonly #options: FollowOptions;
  /** After the last event that was given. */
  #cursor: string | undefined;
  #failures = 0;

  constructor(reader: LocalReader, options: FollowOptions) {
    this.#reader = reader;
    this.#options = options;
  }

  /** Ends when the signal aborts. @throws {ApieError} when the server cannot be read to begin with. */
  async *events(): AsyncGenerator<EventRecord, void, void> {
    const { signal, tell } = this.#options;
    while (!signal.aborted) {
      try {
        yield* this.#whileConnected();
        if (signal.aborted) return;
        tell("the server ended the stream; trying again");
      } catch (error) {
        if (signal.aborted) return;
        if (this.#cursor === undefined || !passes(error)) throw error;
        if (this.#failures === 0) tell(`${reasonFor(error)}; trying again`);
      }
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
      this.#failures += 1;
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  async *#whileConnected(): AsyncGenerator<EventRecord, void, void> {
    const { signal, tell } = this.#options;
    const body = await this.#reader.stream(signal);
    for await (const { event, data } of messagesOf(body)) {
      if (event === "hello") {
        const { events_cursor: now } = JSON.parse(data) as { events_cursor: string };
        if (this.#failures > 0) tell("connected again");
        this.#failures = 0;
        if (this.#cursor === undefined) yield* this.#before(now);
        // Numbers that went back: the server keeps its data in memory and was started anew.
        else if (BigInt(now) < BigInt(this.#cursor)) {
          tell("the server began anew, without the events from before");
          this.#cursor = "0";
        }
        this.#cursor ??= now;
      }
      // Told of a change, or that some were missed: what came is read from where this reader is.
      if (event === "hello" || event === "overflow" || /"kind":"event"/.test(data)) yield* this.#missing();
    }
  }

  /** The last ones that were there before. */
  async *#before(now: string): AsyncGenerator<EventRecord, void, void> {
    const { filter, last } = this.#options;
    if (last === 0) return;
    const { items } = await this.#reader.events({ ...filter, order: "newest", limit: last });
    yield* items.filter(({ seq }) => BigInt(seq) <= BigInt(now)).reverse();
  }

  async *#missing(): AsyncGenerator<EventRecord, void, void> {
    const { filter, signal } = this.#options;
    for (;;) {
      const page = await this.#reader.events(
        { ...filter, order: "oldest", limit: PAGE, cursor: this.#cursor },
        signal,
      );
      for (const event of page.items) {
        yield event;
        this.#cursor = String(event.seq);
      }
      if (page.next_cursor === null) return;
    }
  }
}
