/** How often each client may do something: a bucket of tokens per address, which fills again as time passes. */

interface Bucket {
  tokens: number;
  /** When the tokens were counted, in ms. */
  at: number;
}

/** Addresses that are remembered; the one longest unheard of is forgotten first. */
const MAX_CLIENTS = 10_000;

export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();
  readonly #perSecond: number;
  readonly #burst: number;

  /**
   * @param perSecond what a client may do for ever.
   * @param burst what it may do at once, after a while of nothing.
   */
  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Takes one, if there is one. @returns seconds until there is: 0 when it was taken. */
  take(client: string): number {
    const bucket = this.#bucketOf(client);
    if (bucket.tokens < 1) return this.#waitOf(bucket);
    bucket.tokens -= 1;
    return 0;
  }

  /** Whole seconds until there is one to take; 0 when there is. */
  wait(client: string): number {
    const bucket = this.#buckets.has(client) ? this.#bucketOf(client) : undefined;
    return bucket === undefined || bucket.tokens >= 1 ? 0 : this.#waitOf(bucket);
  }

  #waitOf({ tokens }: Bucket): number {
    return Math.max(1, Math.ceil((1 - tokens) / this.#perSecond));
  }

  #bucketOf(client: string): Bucket {
    const now = performance.now();
    const known = this.#buckets.get(client);
    const bucket = known ?? { tokens: this.#burst, at: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) / 1_000) * this.#perSecond);
    bucket.at = now;
    // Last in the map is the one heard of last.
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    if (this.#buckets.size > MAX_CLIENTS) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return bucket;
  }
}
