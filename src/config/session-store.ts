/** Where instances of one service agree which session of Apie's a conversation is. */

/**
 * Texts by key, each with an expiry: what Redis, Memcached or a table with a unique key can do. Keys are hashes and values are
 * ids of Apie's or random, so nothing a user said and no secret is in it.
 *
 * Only sessions of conversations (`gen_ai.conversation.id` and its likes, `conversationId` of our API) are looked up here.
 * Calls are made outside of the agent's path and of its traces, and may take their time, reject, throw or never settle: the
 * session is then this instance's own, which is counted and told. `redisSessionStore` of `apie-otel/integrations` makes one of
 * a Redis client.
 */
export interface SessionStore {
  /** How long a conversation without a run stays the same session, in ms. Default 1,800,000 (30 minutes). */
  readonly ttlMs?: number | undefined;
  /** The text under this key, `undefined` or `null` where there is none. */
  get(key: string): Promise<string | null | undefined>;
  /** Stores it for `ttlMs` unless there is one already; must be atomic. @returns whether it did. */
  setIfAbsent(key: string, value: string, ttlMs: number): Promise<boolean>;
  /** Lets the text expire `ttlMs` from now. @returns `false` where there is none. */
  touch(key: string, ttlMs: number): Promise<boolean>;
  /** Removes it. What it resolves with is not looked at. */
  delete(key: string): Promise<unknown>;
}

/** Names of what a store must be able to do. */
export const SESSION_STORE_METHODS = [
  "get",
  "setIfAbsent",
  "touch",
  "delete",
] as const satisfies (keyof SessionStore)[];

export const DEFAULT_SESSION_TTL_MS = 30 * 60_000;
