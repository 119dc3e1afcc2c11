/** Waiting for a human over a network that loses answers. */
import { expect, test } from "vitest";
import { DEPLOY, decided, EVALUATE, guarded } from "./support.ts";

test("a plain poll that goes unanswered costs its own time, and not the whole wait", async () => {
  const { server, apie, told } = await guarded({ approvalTimeoutMs: 20_000, timeout: 150 });
  server.fail(EVALUATE, decided("require_approval"));
  let plain = 0;
  server.rule(({ path }) => {
    if (!path.startsWith("/v1/approvals/")) return undefined;
    if (path.includes("/wait?")) return { status: 502 };
    plain += 1;
    return plain === 1 ? "hang" : { body: { approval: { status: "approved" } } };
  });
  expect(await apie.withTool(DEPLOY, () => "deployed")).toBe("deployed");
  expect(plain).toBe(2);
  expect(told).toEqual(["http_502"]);
}, 15_000);
