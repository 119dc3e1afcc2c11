/** Keys of the session store: hashes, so that no conversation id, which may be a user's name, is stored. */
import { createHash } from "node:crypto";

export interface StoreKeys {
  /** Apie's id of the session, while the conversation goes on. */
  readonly session: string;
  /** Held by the instance that is opening it. */
  readonly claim: string;
  /** Taken by the one that completes it. */
  ended(apieId: string): string;
}

/** @param namespace what keeps conversations of the same id apart: address, workspace, agent. */
export function storeKeys(namespace: readonly string[], conversation: string): StoreKeys {
  const hash = hashOf(...namespace, conversation);
  return {
    session: `session:${hash}`,
    claim: `claim:${hash}`,
    ended: (apieId) => `ended:${hashOf(...namespace, apieId)}`,
  };
}

/** JSON keeps the parts apart: none can end in what another begins with. */
function hashOf(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}
