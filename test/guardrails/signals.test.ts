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

/** As a polyfill, or another realm, makes them: no `AbortSignal` of this realm, and without a reason. */
class ForeignSignal extends EventTarget {
  isAborted = false;

  get aborted(): boolean {
    return this.isAborted;
  }
}

class ForeignController {
  readonly #signal = new ForeignSignal();

  get signal(): AbortSignal {
    return this.#signal as unknown as AbortSignal;
  }

  abort(): void {
    this.#signal.isAborted = true;
    this.#signal.dispatchEvent(new Event("abort"));
  }
}

describe("a signal that is not of this realm", () => {
  test("gives up the evaluation", async () => {
    const { apie, server } = await guarded({ guardFailureMode: "fail_open", guardTimeoutMs: 300 });
    server.fail(EVALUATE, "hang");
    const controller = new ForeignController();
    let hasRun = false;
    const call = apie.withTool({ ...DEPLOY, signal: controller.signal }, () => {
      hasRun = true;
    });
    await server.received(EVALUATE);
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: "AbortError" });
    expect(hasRun).toBe(false);
  });

  test("lets nothing begin that was given up before", async () => {
    const { apie, server } = await guarded();
    server.fail(EVALUATE, decided("allow"));
    const controller = new ForeignController();
    controller.abort();
    let hasRun = false;
    const call = apie.withTool({ ...DEPLOY, signal: controller.signal }, () => {
      hasRun = true;
    });
    await expect(call).rejects.toMatchObject({ name: "AbortError" });
    expect(hasRun).toBe(false);
    expect(server.to(EVALUATE)).toEqual([]);
  });

  test("ends the wait for a human", async () => {
    const { apie, server } = await guarded();
    server.fail(EVALUATE, decided("require_approval"));
    server.fail(/^\/v1\/approvals\//, "hang");
    const [controller, another] = [new ForeignController(), new ForeignController()];
    let hasRun = false;
    const call = apie.withTool({ ...DEPLOY, signal: controller.signal }, () => {
      hasRun = true;
    });
    const wait = apie.approvals.wait({ approvalId: "appr_1", signal: another.signal });
    await until("both wait", () => server.to(/^\/v1\/approvals\//).length === 2);
    controller.abort();
    another.abort();
    await expect(call).rejects.toMatchObject({ code: "approval_cancelled" });
    expect(await wait).toMatchObject({ status: "cancelled" });
    expect(hasRun).toBe(false);
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
