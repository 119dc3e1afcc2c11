/** A delivery with a queue on disk, in folders of the test's own. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeliveryStorage } from "../../../src/delivery/index.ts";
import { cleanup } from "../../support/client.ts";
import type { RecordingApie } from "../../support/recording-apie.ts";
import { until } from "../../support/until.ts";
import { deliveryTo, type Options, type Sender } from "../support.ts";

/** Node 20 has none: the queue on disk is refused there, and that is all there is to test. */
export const HAS_SQLITE = process.getBuiltinModule?.("node:sqlite") !== undefined;

/** Taken away when the test ends, after what uses it. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "apie-queue-"));
  cleanup(async () => rmSync(path, { recursive: true, force: true }));
  return path;
}

const storageAt = (path: string, more: Partial<DeliveryStorage> = {}): DeliveryStorage => ({
  path,
  maxBytes: 536_870_912,
  agentKey: "support",
  shown: (key) => key,
  orphanEnd: ({ status, openedAt, seenAt }) => ({
    status,
    metadata: { closed_by: "process_ended", opened_at: openedAt, seen_at: seenAt },
  }),
  ...more,
});

export function durable(
  server: RecordingApie,
  path: string,
  options: Options = {},
  storage: Partial<DeliveryStorage> = {},
): Sender {
  const sender = deliveryTo(server, { ...options, storage: storageAt(path, storage) });
  sender.delivery.start();
  return sender;
}

/** Everything that was put in is in the file. */
export async function saved({ delivery }: Sender): Promise<void> {
  await until("all is saved", () => delivery.storage?.unsaved === 0);
}

/**
 * A small file system of its own at `path`, where this machine lets us: taken away when the test ends.
 * @returns a function that mounts it anew with other options, or `undefined`.
 */
export function mounted(path: string, options: string): ((options: string) => void) | undefined {
  const mount = (given: string): boolean =>
    spawnSync("mount", ["-t", "tmpfs", "-o", given, "tmpfs", path], { stdio: "ignore" }).status === 0;
  if (process.getuid?.() !== 0 || !mount(options)) return undefined;
  cleanup(async () => spawnSync("umount", [path], { stdio: "ignore" }));
  return (more) => {
    if (!mount(`remount,${more}`)) throw new Error(`cannot be mounted anew with ${more}`);
  };
}
