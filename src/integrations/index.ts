/** apie-otel/integrations: what ties the bridge to libraries the application has. None of them is a dependency. */
export type { SessionStore } from "../config/index.ts";
export {
  type IoRedisLike,
  type NodeRedisLike,
  type RedisSessionStoreOptions,
  redisSessionStore,
} from "./redis-session-store.ts";
