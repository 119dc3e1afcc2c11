/** Where a queue on disk may be, and who may write to it. */
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Place } from "../../../src/delivery/durable/place.ts";
import { Apie } from "../../../src/index.ts";
import { ApieConfigError } from "../../../src/model/errors.ts";
import { cleanup, options, startServer } from "../../support/client.ts";
import { NEW_NODE } from "../../support/new-node.ts";
import { startProgram } from "../../support/program.ts";
import { until } from "../../support/until.ts";
import { EVENTS, flushed, push, run, taken, whole } from "../support.ts";
import { durable, folder, HAS_SQLITE, mounted } from "./support.ts";

const SCRIPT = fileURLToPath(new URL("scripts/worker.ts", import.meta.url));

function problemOf(construct: () => unknown): string {
  try {
    construct();
  } catch (error) {
    expect(error).toBeInstanceOf(ApieConfigError);
    const { issues } = error as ApieConfigError;
    expect(issues.map(({ path }) => path)).toEqual(["queueStoragePath"]);
    return issues[0]?.message ?? "";
  }
  throw new Error("it was taken");
}

test("a Node without node:sqlite is told at construction, with the remedy", () => {
  const path = join(folder(), "queue");
  expect(problemOf(() => new Place(path, undefined))).toMatch(
    /node:sqlite, which this Node v\d+\.\d+\.\d+ does not offer: run Node 22\.13 or newer, or leave the option out/,
  );
  if (HAS_SQLITE) return;
  const make = () => new Apie(options({ url: "http://127.0.0.1:9" }, { queueStoragePath: path }));
  expect(problemOf(make)).toMatch(/Node 22\.13 or newer/);
});

describe.runIf(HAS_SQLITE)("one writer", () => {
  const worker = async (path: string) => {
    const server = await startServer();
    const program = startProgram(NEW_NODE, [
      "--disable-warning=ExperimentalWarning",
      SCRIPT,
      server.url,
      path,
      "other",
      "work",
    ]);
    await until(
      "it works",
      () => program.stdout().includes("ready") || program.child.exitCode !== null,
      20_000,
    );
    return program;
  };

  test("another process's file is refused, by its name and with the remedy, until that process is gone", async () => {
    const path = join(folder(), "queue");
    const other = await worker(path);
    expect(other.stdout()).toContain("ready");
    const server = await startServer();
    const make = () => new Apie(options(server, { queueStoragePath: path }));
    expect(problemOf(make)).toMatch(
      new RegExp(
        `^${path} is in use by another process or client; .* name a folder \\(with a / at its end\\)`,
      ),
    );
    other.child.kill("SIGKILL");
    await other.ended;
    const apie = make();
    expect(apie.queueDiagnostics().storage).toMatchObject({ path, degradedBecause: undefined });
    await apie.shutdown();
  });

  test("so is that of another client in this process", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const first = durable(server, path);
    expect(problemOf(() => durable(server, path))).toContain("in use by another process or client");
    // The attempt has not taken the lock away.
    expect(problemOf(() => durable(server, path))).toContain("in use by another process or client");
    whole(first.delivery, run("r"), 1);
    await flushed(first.delivery);
    await first.delivery.shutdown(500);
    expect(durable(server, path).delivery.storage?.path).toBe(path);
  });

  test("in a folder each has its own, and what a killed one leaves is found by one that runs", async () => {
    const path = folder();
    const here = await startServer();
    const living = durable(here, path, {}, { scanMs: 20 });
    const other = await worker(path);
    await until("it has kept something", () => other.stdout().includes("event "), 20_000);
    const said = (): string[] =>
      other
        .stdout()
        .split("\n")
        .slice(0, -1)
        .flatMap((line) => (line.startsWith("event ") ? [line.slice(6)] : []));
    other.child.kill("SIGKILL");
    await other.ended;
    const files = (): string[] => readdirSync(path).filter((name) => name.endsWith(".queue"));
    await until("its file is gone", () => files().length === 1);
    await flushed(living.delivery);
    const sent = new Set(taken(here));
    const theirs = said();
    expect(theirs.length).toBeGreaterThan(0);
    // Some it had sent itself, to the Apie it knew.
    expect(living.delivery.counters.events).toMatchObject({ pending: 0, dropped: 0, rejected: 0 });
    expect(living.delivery.storage?.recovered.events).toBe(sent.size);
  });
});

describe.runIf(HAS_SQLITE)("a place that cannot be used is told at construction", () => {
  test("a path below a file", async () => {
    const server = await startServer();
    const file = join(folder(), "file");
    writeFileSync(file, "");
    expect(problemOf(() => durable(server, join(file, "queue")))).toMatch(/cannot be made: .*name a place/);
    expect(problemOf(() => durable(server, join(file, "queues/")))).toMatch(/cannot be made: .*name a place/);
  });

  test("a read-only folder", async ({ skip }) => {
    const server = await startServer();
    const path = folder();
    // For root a mode is no obstacle; a mount is.
    const remount = mounted(path, "size=1m");
    if (process.getuid?.() !== 0) chmodSync(path, 0o500);
    else if (remount === undefined) return skip("neither modes nor mounts hold here");
    else remount("ro");
    expect(problemOf(() => durable(server, join(path, "queue")))).toMatch(
      /cannot be used .*name a file or folder/,
    );
    expect(problemOf(() => durable(server, path))).toMatch(/cannot be used .*name a file or folder/);
    chmodIfOurs(path);
  });

  test("a database of another program, and one of a later version: they are left as they are", async () => {
    const server = await startServer();
    const path = join(folder(), "other.db");
    const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite");
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
    expect(problemOf(() => durable(server, path))).toMatch(
      /is a database of another program; name another file/,
    );
    expect(other.prepare("SELECT a FROM theirs").get()).toEqual({ a: 1 });
    other.close();
    const ours = join(folder(), "queue");
    await durable(server, ours).delivery.shutdown(100);
    const later = new DatabaseSync(ours);
    later.exec("PRAGMA user_version = 99");
    later.close();
    expect(problemOf(() => durable(server, ours))).toMatch(/was written by a newer version/);
  });
});

describe.runIf(HAS_SQLITE)("files", () => {
  test("are for their owner only, folders that are made too", async () => {
    const server = await startServer();
    const parent = folder();
    const path = join(parent, "made", "for", "it", "queue");
    const mask = process.umask(0);
    cleanup(async () => process.umask(mask));
    const { delivery } = durable(server, path);
    server.fail(EVENTS, { status: 503 });
    push(delivery, run("r", { knownId: "run_1" }), 3);
    await until("it is saved", () => delivery.storage?.unsaved === 0);
    const files = readdirSync(join(parent, "made/for/it"));
    expect(files).toEqual(expect.arrayContaining(["queue", "queue-wal", "queue.lock"]));
    for (const name of files)
      expect([name, modeOf(join(parent, "made/for/it", name))]).toEqual([name, 0o600]);
    expect(modeOf(join(parent, "made"))).toBe(0o700);
  });

  test("an existing one that others may read is closed to them", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    await durable(server, path).delivery.shutdown(100);
    chmodSync(path, 0o644);
    durable(server, path);
    expect(modeOf(path)).toBe(0o600);
  });

  test("a folder that is named with a slash is made", async () => {
    const server = await startServer();
    const path = join(folder(), "queues");
    const { delivery } = durable(server, `${path}/`);
    expect(statSync(path).isDirectory()).toBe(true);
    expect(delivery.storage?.path.startsWith(join(path, "apie-"))).toBe(true);
    await delivery.shutdown(100);
    expect(readdirSync(path)).toEqual([]);
  });

  test("what else is in the folder is left alone", async () => {
    const server = await startServer();
    const path = folder();
    writeFileSync(join(path, "notes.txt"), "mine");
    mkdirSync(join(path, "apie-x.queue.d"));
    const { delivery } = durable(server, path);
    whole(delivery, run("r"), 1);
    await flushed(delivery);
    await delivery.shutdown(500);
    expect(readdirSync(path).sort()).toEqual(["apie-x.queue.d", "notes.txt"]);
    expect(existsSync(join(path, "notes.txt"))).toBe(true);
  });
});

const modeOf = (path: string): number => statSync(path).mode & 0o777;

/** So that it can be taken away again. */
function chmodIfOurs(path: string): void {
  try {
    chmodSync(path, 0o700);
  } catch {
    // Mounted read-only: it goes with the mount.
  }
}
