/** Signals that the application gives to many calls, and answers that come when they were given. */
import { describe, expect, test } from "vitest";
import type { Reply } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";
import { approvalAnswers, DEPLOY, decided, EVALUATE, guarded } from "./support.ts";

/** How many listen to it now. */
function counted(controller: AbortController): () => number {
  const { signal } = controller;
  let listening = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    listening += 1;
    add(...given);
  };
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    listening -= 1;
    remove(...given);
  };
  return () => listening;
}

describe("one signal for many calls", () => {
  test.each([
    ["allow", 50],
    ["require_approval", 20],
  ])("has few listeners while they wait (%s), and none afterwards", async (decision, calls) => {
    const { apie, server } = await guarded();
    server.fail(EVALUATE, { ...(decided(decision) as Reply), delayMs: 50 });
    approvalAnswers(server, "approved");
    const controller = new AbortController();
    const listening = counted(controller);
    const ran: number[] = [];
    const all = Promise.all(
      Array.from({ length: calls }, (_, index) =>
        apie.withTool({ ...DEPLOY, signal: controller.signal }, () => ran.push(index)),
      ),
    );
    await until("all are asked about", () => server.to(EVALUATE).length === calls);
    // Node 20 warns of a leak at the eleventh.
    expect(listening()).toBeLessThanOrEqual(10);
    await all;
    expect(ran).toHaveLength(calls);
    expect(listening()).toBe(0);
  });

  test("gives all of them up at once", async () => {
    const { apie, server } = await guarded();
    server.fail(EVALUATE, "hang");
    const controller = new AbortController();
    const ran: number[] = [];
    const all = Array.from({ length: 20 }, (_, index) =>
      apie.withTool({ ...DEPLOY, signal: controller.signal }, () => ran.push(index)),
    );
    await until("all are asked about", () => server.to(EVALUATE).length === 20);
    controller.abort(new Error("never mind"));
    for (const call of await Promise.allSettled(all)) {
      expect(call).toMatchObject({ status: "rejected", reason: { message: "never mind" } });
    }
    expect(ran).toEqual([]);
  });
});

test("a yes that comes as the caller gives up begins nothing", async () => {
  const controller = new AbortController();
  const { apie } = await guarded({
    transport: async ({ url }) => {
      const body = url.endsWith(EVALUATE)
        ? (decided("require_approval") as Reply).body
        : url.includes("/approvals/")
          ? { status: "approved" }
          : { id: "x" };
      if (url.includes("/approvals/")) controller.abort();
      return { kind: "response", status: 200, headers: {}, body: JSON.stringify(body) };
    },
  });
  let hasRun = false;
  const call = apie.withTool({ ...DEPLOY, signal: controller.signal }, () => {
    hasRun = true;
  });
  await expect(call).rejects.toMatchObject({ code: "approval_cancelled" });
  expect(hasRun).toBe(false);
});

test("an approval whose id is a number is waited for", async () => {
  const { apie, server } = await guarded();
  server.fail(EVALUATE, decided("require_approval", { approval_request: { id: 42 } }));
  approvalAnswers(server, "rejected");
  let hasRun = false;
  const call = apie.withTool(DEPLOY, () => {
    hasRun = true;
  });
  await expect(call).rejects.toMatchObject({ code: "approval_rejected", approvalId: "42" });
  expect(hasRun).toBe(false);
});
