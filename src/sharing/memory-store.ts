/** A session store in memory: what a store must do, for tests and for several clients of one process. */
import type { SessionStore } from "../config/index.ts";

/** Expired texts are cleared away when there are this many, or twice as many as the last time. */
const CLEAR_AT = 10_000;

/**
 * A session store in the memory of this process. A client without `sessionStore` needs none to tell its own sessions apart; two
 * clients that are given the same one share their conversations.
 * @param options.ttlMs how long a conversation without a run stays the same session. Default 1,800,000 (30 minutes).
 */
export function memorySessionStore(options: { ttlMs?: number | undefined } = {}): SessionStore {
  const texts = new Map<string, { value: string; until: number }>();
  let clearAt = CLEAR_AT;
  const current = (key: string): string | undefined => {
    const found = texts.get(key);
    if (found === undefined || found.until > performance.now()) return found?.value;
    texts.delete(key);
    return undefined;
  };
  const keep = (key: string, value: string, ttlMs: number): void => {
    if (texts.size >= clearAt) {
      for (const other of [...texts.keys()]) current(other);
      clearAt = Math.max(CLEAR_AT, 2 * texts.size);
    }
    texts.set(key, { value, until: performance.now() + ttlMs });
  };
  return {
    ttlMs: options.ttlMs,
    get: async (key) => current(key),
    setIfAbsent: async (key, value, ttlMs) => {
      if (current(key) !== undefined) return false;
      keep(key, value, ttlMs);
      return true;
    },
    touch: async (key, ttlMs) => {
      const value = current(key);
      if (value === undefined) return false;
      keep(key, value, ttlMs);
      return true;
    },
    delete: async (key) => texts.delete(key),
  };
}
