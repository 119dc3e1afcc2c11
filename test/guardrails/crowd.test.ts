/** Many at once: whoever waits for a human, or for a connection, is no reason to let through what Apie blocks. */
import { expect, test } from "vitest";
import { ApieClient } from "../../src/apie-api/index.ts";
import { Breaker } from "../../src/guardrails/breaker.ts";
import { Evaluator } from "../../src/guardrails/evaluator.ts";
import { GuardrailBlockedError } from "../../src/index.ts";
import { cleanup, startServer } from "../support/client.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";
import { decided, EVALUATE, type Guarded, guarded } from "./support.ts";

const isLongPoll = (path: string): boolean => path.includes("/wait?");

/** Every tool but `drop_database`, which is blocked, needs an approval of its own; long polls are not answered. */
function needingApprovals(server: RecordingApie): { decide(status: string): void } {
  let asked = 0;
  let status = "pending";
  server.rule(({ path, body }) => {
    if (path.startsWith(EVALUATE)) {
      const { tool } = body as { tool: { name: string } };
      if (tool.name === "drop_database") return decided("block");
      asked += 1;
      return decided("require_approval", { approval_request: { id: `appr_${asked}` } });
    }
    if (!path.startsWith("/v1/approvals/")) return undefined;
    if (isLongPoll(path)) return status === "pending" ? "hang" : { body: { status } };
    return { body: { approval: { status } } };
  });
  return {
    decide(word) {
      status = word;
      server.release();
    },
  };
}

/** @returns the work that waits for a human. */
async function waiting(made: Guarded, count: number): Promise<Promise<string[]>> {
  const work = Array.from({ length: count }, () =>
    made.apie.withTool({ tool: { name: "deploy" } }, () => "deployed"),
  );
  await until("every approval is asked about", () => {
    const about = made.server.to(/^\/v1\/approvals\//).map(({ path }) => path.split(/[/?]/)[3]);
    return new Set(about).size === count;
  });
  return Promise.all(work);
}

async function expectBlockedAtOnce({ apie, server }: Guarded): Promise<void> {
  for (let time = 0; time < 4; time += 1) {
    let ran = false;
    const call = apie.withTool({ tool: { name: "drop_database" } }, () => (ran = true));
    await expect(call).rejects.toBeInstanceOf(GuardrailBlockedError);
    expect(ran).toBe(false);
  }
  await apie.withRun({}, () => apie.track({ type: "note" }));
  expect(await apie.flush()).toMatchObject({ ok: true });
  expect(server.types).toContain("note");
}

test("approvals that wait, as many as there may be, hold up no evaluation and no delivery", async () => {
  const made = await guarded({ guardTimeoutMs: 2_000, flushTimeoutMs: 3_000 });
  const { decide } = needingApprovals(made.server);
  const work = waiting(made, 120);
  await until("long polls", () => made.server.requests.filter(({ path }) => isLongPoll(path)).length >= 32);
  await expectBlockedAtOnce(made);
  // More than that many connections are not held for it; the others ask plainly.
  expect(made.server.requests.filter(({ path }) => isLongPoll(path)).length).toBe(32);
  expect(made.server.connections).toBeLessThan(32 + 120);
  decide("approved");
  expect(new Set(await work)).toEqual(new Set(["deployed"]));
}, 20_000);

test("an evaluation that finds no free connection in its time does not count as Apie being down", async () => {
  const server = await startServer();
  server.fail(EVALUATE, "hang");
  const client = new ApieClient({ baseUrl: server.url, apiKey: "key", timeoutMs: 20_000 });
  cleanup(async () => client.close());
  const question = { agent_key: "a", mode: "enforce" as const, action: {}, resource: {} };
  const crowd = Array.from({ length: 256 }, () => client.evaluate(question));
  await server.received(EVALUATE, 256);
  const breaker = new Breaker(() => performance.now());
  const evaluator = new Evaluator({ client, breaker, timeoutMs: 40 });
  for (let time = 0; time < 5; time += 1) {
    expect(await evaluator.ask(question, "enforce")).toMatchObject({
      kind: "failed",
      error: { code: "timeout", message: expect.stringContaining("no free connection within 40 ms") },
    });
  }
  expect(breaker.tryPass()).toEqual({ isProbe: false });
  server.release();
  await Promise.all(crowd);
  expect(server.to(EVALUATE)).toHaveLength(256);
});
