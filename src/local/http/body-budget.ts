/** How many bytes of bodies the server holds at one time, over all requests: each is bounded, and so is their sum. */
import { Refusal } from "./refusal.ts";

export class BodyBudget {
  readonly #max: number;
  #taken = 0;

  /** @param max bytes of all bodies together */
  constructor(max: number) {
    this.#max = max;
  }

  /** A share of it for one body, which must be closed. */
  open(): BodyShare {
    let own = 0;
    return {
      take: (bytes) => {
        if (this.#taken + bytes > this.#max) {
          throw new Refusal(
            503,
            "too_many_bodies",
            `The bodies that are being read hold ${this.#max} bytes together; send this one again in a moment`,
            { headers: { "retry-after": "1" } },
          );
        }
        own += bytes;
        this.#taken += bytes;
      },
      close: () => {
        this.#taken -= own;
        own = 0;
      },
    };
  }
}

export interface BodyShare {
  /** @throws Refusal 503 when others hold too much */
  take(bytes: number): void;
  close(): void;
}
