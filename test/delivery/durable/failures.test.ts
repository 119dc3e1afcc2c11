/** A disk that is full, a file that is damaged: memory goes on alone, nothing is thrown, and everything is counted. */
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { startServer } from "../../support/client.ts";
import { until } from "../../support/until.ts";
import {
  COMPLETING,
  EVENTS,
  expectAddsUp,
  expectIdle,
  expectOrder,
  flushed,
  numbered,
  push,
  run,
  type Sender,
  session,
  taken,
  whole,
} from "../support.ts";
import { durable, folder, HAS_SQLITE, mounted, saved } from "./support.ts";

const told = ({ problems }: Sender): string[] =>
  problems.filter(({ code }) => code.startsWith("queue_storage")).map(({ message }) => message);

describe.runIf(HAS_SQLITE)("a full disk", () => {
  test("while it runs: what waits stays in memory, told once, and is sent", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const stop = server.fail(EVENTS, { status: 503 });
    const sender = durable(server, path, {}, { maxPages: 40 });
    const { delivery, drops } = sender;
    const lane = run("r");
    delivery.open(lane);
    await until("it is open", () => lane.id);
    push(delivery, lane, 200, { payload: "x".repeat(4_000) });
    await until("the disk is full", () => delivery.storage?.degradedBecause);
    expect(delivery.storage?.degradedBecause).toMatch(/full/);
    push(delivery, lane, 50);
    delivery.complete(lane, { status: "completed" });
    stop();
    await flushed(delivery);
    expect(taken(server)).toEqual(numbered("r", 250));
    expectOrder(server, lane);
    expect(drops).toEqual([]);
    expect(told(sender)).toEqual([
      expect.stringMatching(/queue cannot be used .*full.*; what waits is kept in memory/),
    ]);
    // What was saved is delivered and gives its room back.
    await until("it is saved again", () => delivery.storage?.degradedBecause === undefined);
    await until("nothing is left", () => delivery.storage?.unsaved === 0 && delivery.storage?.bytes === 0);
    whole(delivery, run("after"), 2);
    await flushed(delivery);
    expectIdle(delivery);
  });

  test("what was saved before it was full, and what could be saved since, is there after a crash", async () => {
    const server = await startServer();
    const path = join(folder(), "queue");
    const stop = server.fail(EVENTS, { status: 503 });
    const first = durable(server, path, {}, { maxPages: 40 });
    const lane = run("r", { orphanStatus: "failed" });
    first.delivery.open(lane);
    push(first.delivery, lane, 20);
    await saved(first);
    push(first.delivery, lane, 100, { payload: "x".repeat(4_000) });
    await until("the disk is full", () => first.delivery.storage?.degradedBecause);
    const report = await first.delivery.shutdown(50);
    expectAddsUp(first.delivery, 120);
    expect(report.events.pending).toBeGreaterThanOrEqual(20);
    expect(report.events.dropped).toBe(first.drops.filter(({ what }) => what === "event").length);
    expect(new Set(first.drops.map(({ reason }) => reason))).toEqual(new Set(["shutdown"]));
    stop();
    const second = durable(server, path);
    await flushed(second.delivery);
    expect(taken(server)).toEqual(numbered("r", report.events.pending));
    expect(server.to(COMPLETING)).toHaveLength(1);
  });

  test("what has ended does not come back, although its row could not be taken out", async () => {
    const server = await startServer();
    const sender = durable(server, join(folder(), "queue"), {}, { maxPages: 40 });
    const { delivery } = sender;
    const around = session("s");
    delivery.open(around);
    await flushed(delivery);
    await saved(sender);
    expect(delivery.kept("session", "s")).toBe(around);
    const stop = server.fail(EVENTS, { status: 503 });
    const lane = run("r", { session: around });
    delivery.open(lane);
    push(delivery, lane, 200, { payload: "x".repeat(4_000) });
    await until("the disk is full", () => delivery.storage?.degradedBecause);
    stop();
    delivery.complete(lane, { status: "completed" });
    delivery.complete(around, { status: "completed" });
    await flushed(delivery);
    expect(delivery.kept("session", "s")).toBeUndefined();
    expect(delivery.kept("run", "r")).toBeUndefined();
    await flushed(delivery);
    expectIdle(delivery);
    expect(delivery.counters.sessions).toMatchObject({ opened: 1, completed: 1, pending: 0 });
    expect(server.to(COMPLETING)).toHaveLength(2);
  });

  test("a real one, at start and later, is gone back to once there is room", async ({ skip }) => {
    const path = folder();
    const remount = mounted(path, "size=256k");
    if (remount === undefined) return skip("nothing can be mounted here");
    const filler = join(path, "filler");
    const fill = (): void => {
      const file = openSync(filler, "w");
      try {
        for (;;) writeSync(file, Buffer.alloc(4_096));
      } catch {
        closeSync(file);
      }
    };
    fill();
    const server = await startServer();
    const stop = server.fail(EVENTS, { status: 503 });
    const sender = durable(server, join(path, "queue"));
    const { delivery } = sender;
    expect(delivery.storage?.degradedBecause).toMatch(/full|ENOSPC|I\/O/);
    whole(delivery, run("a"), 3);
    truncateSync(filler, 0);
    await until(
      "it is saved",
      () => delivery.storage?.degradedBecause === undefined && delivery.storage?.unsaved === 0,
    );
    expect(delivery.counters).toMatchObject({ events: { pending: 3, dropped: 0 } });
    fill();
    whole(delivery, run("b"), 40);
    await until("the disk is full again", () => delivery.storage?.degradedBecause);
    stop();
    await flushed(delivery);
    expect(taken(server).sort()).toEqual([...numbered("a", 3), ...numbered("b", 40)].sort());
    expectIdle(delivery);
  });
});

describe.runIf(HAS_SQLITE)("a damaged file", () => {
  /** A file with 300 events of 3 runs, which nobody writes to. */
  async function left(): Promise<string> {
    const server = await startServer();
    const path = join(folder(), "queue");
    server.fail(EVENTS, { status: 503 });
    const { delivery } = durable(server, path);
    for (const key of ["a", "b", "c"]) whole(delivery, run(key), 100);
    await delivery.shutdown(100);
    return path;
  }

  const aside = (path: string): string[] =>
    readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}.corrupt-`));

  const garbage = (length: number): Buffer => Buffer.alloc(length, "no database at all. ");

  test.each([
    ["is no database", (path: string) => writeFileSync(path, garbage(20_000))],
    ["has lost its first page", (path: string) => overwrite(path, 0, garbage(8_192))],
    ["was cut in its first page", (path: string) => truncateSync(path, 700)],
  ])("that %s is set aside and told, and a new one is begun", async (_what, damage) => {
    const path = await left();
    damage(path);
    const bytes = readFileSync(path);
    const server = await startServer();
    const sender = durable(server, path);
    const { delivery } = sender;
    const [name = ""] = aside(path);
    expect(name).toMatch(/^queue\.corrupt-\d{4}-\d\d-\d\dT/);
    expect(readFileSync(join(dirname(path), name))).toEqual(bytes);
    expect(delivery.storage).toMatchObject({
      setAside: [join(dirname(path), name)],
      degradedBecause: undefined,
      recovered: { events: 0, runs: 0, sessions: 0 },
    });
    expect(told(sender)).toEqual([
      expect.stringContaining(`was damaged and is now ${join(dirname(path), name)}`),
    ]);
    whole(delivery, run("new"), 2);
    await flushed(delivery);
    expect(taken(server)).toEqual(numbered("new", 2));
  });

  test("an empty one is begun", async () => {
    const path = join(folder(), "queue");
    writeFileSync(path, "");
    const server = await startServer();
    const { delivery } = durable(server, path);
    expect(aside(path)).toEqual([]);
    whole(delivery, run("new"), 2);
    await flushed(delivery);
  });

  test.each([
    ["cut in the middle", (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2))],
    ["overwritten in the middle", (path: string) => overwrite(path, 8_192 * 3, garbage(8_192 * 8))],
    [
      "overwritten at its end",
      (path: string) => overwrite(path, statSync(path).size - 8_192 * 6, garbage(8_192 * 6)),
    ],
  ])("that was %s costs what cannot be read of it, and all of it is counted", async (_what, damage) => {
    const path = await left();
    damage(path);
    const server = await startServer();
    const sender = durable(server, path);
    const { delivery, drops } = sender;
    whole(delivery, run("new"), 5);
    await flushed(delivery);
    expectIdle(delivery);
    const { delivered, dropped } = delivery.counters.events;
    expect(new Set(taken(server)).size).toBe(delivered);
    expect(taken(server)).toEqual(expect.arrayContaining(numbered("new", 5)));
    expect(drops.filter(({ what }) => what === "event")).toHaveLength(dropped);
    for (const { reason } of drops) expect(reason).toBe("storage_damaged");
    expect(aside(path)).toHaveLength(1);
    expect(told(sender).join("\n")).toContain("was damaged");
    // What is kept from now on is kept.
    expect(delivery.storage).toMatchObject({ degradedBecause: undefined });
    const stop = server.fail(EVENTS, { status: 503 });
    whole(delivery, run("later"), 5);
    await delivery.shutdown(2_000);
    stop();
    const next = durable(server, path);
    await flushed(next.delivery);
    expect(taken(server)).toEqual(expect.arrayContaining(numbered("later", 5)));
  });

  test("while it runs: what memory has is saved anew, and sent", async () => {
    const server = await startServer();
    const stop = server.fail(EVENTS, { status: 503 });
    const path = join(folder(), "queue");
    // Nothing that is saved stays in memory, but for what is on its way.
    const sender = durable(server, path, { maxQueueBytes: 65_536 });
    const { delivery } = sender;
    let told = 0;
    const settled = (): void => {
      told += 1;
    };
    for (const key of ["a", "b"]) {
      const lane = run(key);
      delivery.open(lane);
      push(delivery, lane, 400, { payload: "x".repeat(6_000), settled, settling: () => settled });
    }
    await saved(sender);
    overwrite(`${path}-wal`, 0, garbage(statSync(`${path}-wal`).size));
    overwrite(path, 0, garbage(Math.max(8_192, statSync(path).size)));
    stop();
    await delivery.flush(2_000);
    await until("it is set aside", () => aside(path).length === 1);
    await flushed(delivery);
    const { delivered, dropped } = delivery.counters.events;
    expect(delivered + dropped).toBe(800);
    expect(taken(server).length).toBe(delivered);
    expect(dropped).toBeGreaterThan(0);
    expect(told).toBe(800);
    whole(delivery, run("after"), 3);
    await flushed(delivery);
    expectIdle(delivery);
  });

  test("a log of garbage is as if it had not been written", async () => {
    const path = await left();
    writeFileSync(`${path}-wal`, garbage(50_000));
    const server = await startServer();
    const { delivery, drops } = durable(server, path);
    await flushed(delivery);
    expect(taken(server).sort()).toEqual(["a", "b", "c"].flatMap((key) => numbered(key, 100)).sort());
    expect(drops).toEqual([]);
    expect(existsSync(path)).toBe(true);
  });
});

function overwrite(path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}
