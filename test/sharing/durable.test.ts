/** A shared session whose queue is on disk. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { memorySessionStore } from "../../src/index.ts";
import { HAS_SQLITE } from "../delivery/durable/support.ts";
import { cleanup, startServer } from "../support/client.ts";
import { until } from "../support/until.ts";
import { completionsOf, faultyStore, instance, sessionsOf, sessionsWithRuns, turn } from "./support.ts";

test.runIf(HAS_SQLITE)(
  "goes on after a restart, and is stored again where the store has lost it meanwhile",
  async () => {
    const server = await startServer();
    const store = faultyStore(memorySessionStore({ ttlMs: 1_000 }));
    const queueStoragePath = await mkdtemp(join(tmpdir(), "apie-otel-"));
    cleanup(() => rm(queueStoragePath, { recursive: true, force: true }));

    const before = instance(server, store, { queueStoragePath });
    await turn(before, "chat");
    expect(await before.apie.shutdown()).toMatchObject({ ok: true, sessionsLeftOpen: 1 });
    const [id = ""] = sessionsOf(server, "chat");
    for (const key of store.written.keys()) await store.inner.delete(key);

    const after = instance(server, store, { queueStoragePath });
    await turn(after, "chat");
    expect(await after.apie.flush()).toMatchObject({ ok: true, reasons: {} });
    const other = instance(server, store);
    const key = [...store.written.keys()].find((name) => name.startsWith("session:")) ?? "";
    await until("it is stored again", async () => (await store.inner.get(key)) !== undefined);
    await turn(other, "chat");
    expect(await other.apie.flush()).toMatchObject({ ok: true, reasons: {} });
    expect(sessionsOf(server, "chat")).toEqual([id]);
    expect(completionsOf(server, id)).toEqual([]);
    expect(other.apie.queueDiagnostics()).toMatchObject({ sessionsJoined: 1 });
  },
);

describe.runIf(HAS_SQLITE)("one that was yet to be opened when its process ended", () => {
  const left = async (ttlMs: number) => {
    const server = await startServer();
    const store = faultyStore(memorySessionStore({ ttlMs }));
    const queueStoragePath = await mkdtemp(join(tmpdir(), "apie-otel-"));
    cleanup(() => rm(queueStoragePath, { recursive: true, force: true }));
    const down = server.fail("/v1/sessions", { status: 503 });
    const before = instance(server, store, { queueStoragePath, shutdownTimeoutMs: 200 });
    await turn(before, "chat");
    expect(await before.apie.shutdown()).toMatchObject({ ok: false });
    down();
    return { server, store, queueStoragePath };
  };

  test("is the one that another instance has opened meanwhile, and goes on there", async () => {
    const { server, store, queueStoragePath } = await left(60_000);
    const other = instance(server, store);
    await turn(other, "chat");
    expect(await other.apie.flush()).toMatchObject({ ok: true });
    const after = instance(server, store, { queueStoragePath });
    expect(await after.apie.flush()).toMatchObject({ ok: true, reasons: {} });
    const [id = "", ...more] = sessionsOf(server, "chat");
    expect(more).toEqual([]);
    expect(sessionsWithRuns(server)).toEqual([id]);
    expect(completionsOf(server, id)).toEqual([]);
    expect(after.apie.queueDiagnostics()).toMatchObject({ sessionsJoined: 1, sessionsNotShared: 0 });
    // The next turn of it here is in the same session, too.
    await turn(after, "chat");
    expect(await after.apie.flush()).toMatchObject({ ok: true });
    expect(sessionsWithRuns(server)).toEqual([id]);
  });

  test("is told to the others, and completed once nobody goes on with it", async () => {
    const { server, store, queueStoragePath } = await left(1_000);
    const after = instance(server, store, { queueStoragePath });
    expect(await after.apie.flush()).toMatchObject({ ok: true, reasons: {} });
    const other = instance(server, store);
    await turn(other, "chat");
    expect(await other.apie.flush()).toMatchObject({ ok: true });
    const [id = "", ...more] = sessionsOf(server, "chat");
    expect(more).toEqual([]);
    expect(other.apie.queueDiagnostics()).toMatchObject({ sessionsJoined: 1 });
    await until("it is completed", () => completionsOf(server, id).length > 0);
  });
});
