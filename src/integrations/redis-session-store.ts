/** A session store in Redis, through the client the application has: `redis` (4 and newer) or `ioredis` (5 and newer). */
import { PACKAGE_NAME, type SessionStore } from "../config/index.ts";
import { ApieConfigError } from "../model/errors.ts";

/** A client of `redis`, as far as it is used: a single one, a pool, a cluster or a sentinel. */
export interface NodeRedisLike {
  get(key: string): Promise<unknown>;
  set(key: string, value: string, options: { PX: number; NX: true }): Promise<unknown>;
  pExpire(key: string, ms: number): Promise<unknown>;
  del(key: string): Promise<unknown>;
}

/** A client of `ioredis`, as far as it is used: a single one or a cluster. */
export interface IoRedisLike {
  get(key: string): Promise<unknown>;
  set(key: string, value: string, px: "PX", ms: number, nx: "NX"): Promise<unknown>;
  pexpire(key: string, ms: number): Promise<unknown>;
  del(key: string): Promise<unknown>;
}

export interface RedisSessionStoreOptions {
  /** Put before every key. Default `apie-otel:`. Services that are not to share conversations have different ones, or agents. */
  prefix?: string | undefined;
  /** How long a conversation without a run stays the same session, in ms. Default 1,800,000 (30 minutes). */
  ttlMs?: number | undefined;
}

/** The two commands that the libraries spell differently. */
interface Commands {
  setIfAbsent(key: string, value: string, ms: number): Promise<unknown>;
  expire(key: string, ms: number): Promise<unknown>;
}

/**
 * The session store of a service that runs in many instances, in the Redis it uses already. The client stays the application's:
 * it is to be connected and closed there.
 *
 * @example
 * const client = await createClient({ url: process.env.REDIS_URL }).connect();
 * new Apie({ apiKey, baseUrl, agent, sessionStore: redisSessionStore(client) });
 *
 * @throws {ApieConfigError} when it is a client of neither library, or an option is wrong.
 */
export function redisSessionStore(
  client: NodeRedisLike | IoRedisLike,
  options: RedisSessionStoreOptions = {},
): SessionStore {
  const { prefix = `${PACKAGE_NAME}:`, ttlMs } = options;
  const commands = commandsOf(client);
  if (typeof prefix !== "string")
    throw new ApieConfigError([{ path: "redisSessionStore: prefix", message: "expected text" }]);
  return {
    ttlMs,
    get: async (key) => textOf(await client.get(prefix + key)),
    setIfAbsent: async (key, value, ms) =>
      textOf(await commands.setIfAbsent(prefix + key, value, ms)) === "OK",
    touch: async (key, ms) => Number(await commands.expire(prefix + key, ms)) === 1,
    delete: (key) => client.del(prefix + key),
  };
}

function commandsOf(client: NodeRedisLike | IoRedisLike): Commands {
  const given = (client ?? {}) as Partial<NodeRedisLike & IoRedisLike>;
  const hasCommon = [given.get, given.set, given.del].every((method) => typeof method === "function");
  if (hasCommon && typeof given.pExpire === "function") {
    const redis = client as NodeRedisLike;
    return {
      setIfAbsent: (key, value, ms) => redis.set(key, value, { PX: ms, NX: true }),
      expire: (key, ms) => redis.pExpire(key, ms),
    };
  }
  if (hasCommon && typeof given.pexpire === "function") {
    const redis = client as IoRedisLike;
    return {
      setIfAbsent: (key, value, ms) => redis.set(key, value, "PX", ms, "NX"),
      expire: (key, ms) => redis.pexpire(key, ms),
    };
  }
  throw new ApieConfigError([
    {
      path: "redisSessionStore: client",
      message: "expected a client of redis (4 or newer) or ioredis (5 or newer)",
    },
  ]);
}

/** Clients may be set up to give Buffers. */
function textOf(reply: unknown): string | undefined {
  if (typeof reply === "string") return reply;
  return Buffer.isBuffer(reply) ? reply.toString("utf8") : undefined;
}
