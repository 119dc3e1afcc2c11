/** What the doctor says of a queue on disk. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folder, HAS_SQLITE, mounted } from "../../delivery/durable/support.ts";
import { setup } from "../../support/client.ts";
import { until } from "../../support/until.ts";
import { examined } from "./support.ts";

describe.runIf(HAS_SQLITE)("a queue on disk", () => {
  test("that is well", async () => {
    const path = join(folder(), "queue");
    const { apie } = await setup({ queueStoragePath: path });
    expect((await examined(apie)).text("storage")).toBe(`ok: what waits is kept in ${path} → `);
  });

  test("whose file was damaged", async () => {
    const path = join(folder(), "queue");
    writeFileSync(path, Buffer.alloc(20_000, "no database at all. "));
    const { apie } = await setup({ queueStoragePath: path });
    const found = await examined(apie);
    expect(found.text("storage")).toMatch(/^warning: .* could not be read, and is now in .*queue\.corrupt-/);
    expect(found.report.trustWarnings).toContain(found.of("storage").message);
  });

  test("on a disk that is full", async ({ skip }) => {
    const path = folder();
    if (mounted(path, "size=160k") === undefined) return skip("no file system may be mounted here");
    const { apie, server } = await setup({ queueStoragePath: join(path, "queue"), captureContent: true });
    server.fail("/v1/events", { status: 503 });
    const text = "A long answer about an order. ".repeat(300);
    await apie.withRun({}, async () => {
      for (let call = 0; call < 60; call += 1)
        await apie.withLlmCall({ model: { provider: "p", name: "m" }, input: text }, () => text);
    });
    await until("the disk is full", () => apie.queueDiagnostics().storage?.degradedBecause);
    expect((await examined(apie)).text("storage")).toMatch(
      /^warning: what waits is kept in memory only, \d+ changes are not in .* → make room on that disk/,
    );
    server.release();
  });
});
