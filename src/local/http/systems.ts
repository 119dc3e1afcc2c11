/** Other systems whose answers this server gives as well: where, with which header for the key, and how they say no. */
import type { Refusal } from "./refusal.ts";

export interface OtherSystem {
  /** Beside `Authorization: Bearer`. */
  readonly keyHeader: string | undefined;
  /** A refusal as the system's clients read it. */
  refusal(refused: Refusal): object;
}

/** AgentOS is a FastAPI application, which says why in `detail`. */
const AGENT_OS: OtherSystem = {
  keyHeader: undefined,
  refusal: ({ message }) => ({ detail: message }),
};

/** docs.ag.dev: `X-API-Key` or a bearer token; `{error, message, statusCode}`. */
const AG_DEV: OtherSystem = {
  keyHeader: "x-api-key",
  refusal: ({ status, code, message }) => ({ error: code, message, statusCode: status }),
};

const BY_PATH: readonly (readonly [RegExp, OtherSystem])[] = [
  [/^\/sessions\/[^/]+\/runs(\/|$)/, AGENT_OS],
  [/^\/agents\/[^/]+\/runs(\/|$)/, AG_DEV],
];

/** The system that a path is of; `undefined` for all that is this server's own. */
export function systemOf(path: string): OtherSystem | undefined {
  return BY_PATH.find(([pattern]) => pattern.test(path))?.[1];
}
