/** The queue on disk, where the user asks for one. */
import type { ApieConfig } from "../config/index.ts";
import type { DeliveryStorage } from "../delivery/index.ts";
import type { Redactor } from "../events/index.ts";
import type { Bodies } from "./bodies.ts";

export function storageOf(
  { queueStoragePath: path, queueStorageMaxBytes: maxBytes, baseUrl: apie }: ApieConfig,
  agentKey: string,
  redactor: Redactor,
  bodies: Bodies,
  hooks: Pick<DeliveryStorage, "atLast" | "shared">,
): DeliveryStorage | undefined {
  if (path === undefined) return undefined;
  return {
    path,
    maxBytes,
    agentKey,
    apie,
    // An application's own conversation id may be any text.
    shown: (key) => redactor.text(key),
    ...hooks,
    orphanEnd: (orphan) => bodies.orphanEnd(orphan),
  };
}
