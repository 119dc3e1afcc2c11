export {
  type Answer,
  type Invalid,
  type Retryable,
  retryAfterMs,
  toError,
} from "./answer.ts";
export { ApieClient, type ClientOptions, type Exchange } from "./client.ts";
export { detached, detachedTimer, nextTurn, type Timer } from "./detached.ts";
export { createHttpTransport } from "./http-transport.ts";
export type { LongBody } from "./long-body.ts";
export { joined } from "./signals.ts";
export type * from "./wire.ts";
