/** How problems of delivery reach the user: never through the code of the agent. */
import { afterEach, beforeEach, expect, type MockInstance, test, vi } from "vitest";
import type { ReportedError } from "../../src/config/index.ts";
import { setup } from "../support/client.ts";

let warn: MockInstance<typeof console.warn>;
beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockReturnValue(undefined);
});
afterEach(() => warn.mockRestore());

async function failing(onError: "silent" | "warn" | "throw" | ((error: ReportedError) => void)) {
  const parts = await setup({ onError });
  parts.server.fail("/v1/events", { status: 401, body: { error: { message: "bad key" } } });
  const result = await parts.apie.withRun({}, () =>
    parts.apie.withTool({ tool: { name: "search" } }, () => "value"),
  );
  expect(result).toBe("value");
  return parts;
}

test("silent: nothing is printed, the report tells", async () => {
  const { apie } = await failing("silent");
  const report = await apie.flush();
  expect(report).toMatchObject({
    ok: false,
    events: { pending: 3 },
    lastError: "events: HTTP 401: bad key: check the API key",
  });
  expect(warn).not.toHaveBeenCalled();
});

test("warn: one line for an outage, not one per failure", async () => {
  const { apie } = await failing("warn");
  for (let flushes = 0; flushes < 5; flushes += 1) expect(await apie.flush()).toMatchObject({ ok: false });
  expect(warn.mock.calls).toEqual([["[apie-otel] events: HTTP 401: bad key: check the API key"]]);
});

test("throw: flush and shutdown reject, callbacks do not", async () => {
  const { apie } = await failing("throw");
  await expect(apie.flush()).rejects.toMatchObject({
    name: "ApieError",
    code: "flush_incomplete",
    message:
      "events: 0 delivered, 0 rejected, 0 dropped, 3 pending: events: HTTP 401: bad key: check the API key",
  });
  await expect(apie.shutdown()).rejects.toMatchObject({ code: "flush_incomplete" });
});

test("throw: resolves when all is well", async () => {
  const { apie } = await setup({ onError: "throw" });
  await apie.withRun({}, () => undefined);
  expect(await apie.flush()).toMatchObject({ ok: true });
});

test("a function gets the error; one that throws hurts nobody", async () => {
  const told: ReportedError[] = [];
  const { apie } = await failing((error) => {
    told.push(error);
    throw new Error("the hook is broken");
  });
  expect(await apie.flush()).toMatchObject({ ok: false });
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ name: "ApieError", code: "http_401", status: 401 });
  expect(warn).not.toHaveBeenCalled();
});

test("onDrop that throws hurts nobody, and what was dropped is counted", async () => {
  const { apie, server } = await setup({
    onDrop: () => {
      throw new Error("the hook is broken");
    },
  });
  server.fail("/v1/events", { status: 422 });
  await apie.withRun({}, () => apie.withTool({ tool: { name: "search" } }, () => "value"));
  expect(await apie.flush()).toMatchObject({ ok: true, events: { rejected: 3 }, runs: { completed: 1 } });
});
