/** Who may not allow what waits for a human. */
import { describe, expect, it } from "vitest";
import type { LocalApie } from "../../src/local/index.ts";
import { until } from "../support/until.ts";
import { type Answer, get, post, startApie } from "./support.ts";

const asking = { policies: [{ key: "ask", decision: "require_approval" as const }] };

async function asked(apie: LocalApie): Promise<string> {
  const { body } = await post(apie, "/v1/guardrails/evaluate", {
    agent_key: "deployer",
    mode: "enforce",
    action: { type: "execute", name: "deploy" },
    resource: { type: "deployment_event" },
  });
  return (body as unknown as { approval_request: { id: string } }).approval_request.id;
}

describe("an approval", () => {
  it("is not allowed by a human who comes after its time", async () => {
    const apie = await startApie({ ...asking, approvalTtlMs: 20 });
    const id = await asked(apie);
    const [{ expires_at }] = (await get(apie, "/api/approvals")).items as unknown as [{ expires_at: string }];
    await until("its time is over", () => Date.now() > Date.parse(expires_at));
    expect((await post(apie, `/api/approvals/${id}/resolve`, { status: "approved" })).status).toBe(409);
    expect((await get(apie, `/v1/approvals/${id}`)).approval).toMatchObject({ status: "expired" });
  });

  it("is not allowed by an event of the agent that is to wait for it", async () => {
    const apie = await startApie(asking);
    const id = await asked(apie);
    const tell = (status: string): Promise<Answer> =>
      post(apie, "/v1/events", {
        events: [
          {
            event_id: `evt_${status}`,
            type: "agent.approval.resolved",
            agent_key: "deployer",
            occurred_at: new Date().toISOString(),
            approval: { approval_id: id, status },
          },
        ],
      });
    expect((await tell("approved")).status).toBeLessThan(300);
    expect((await get(apie, `/v1/approvals/${id}`)).approval).toMatchObject({ status: "pending" });
    await tell("cancelled");
    expect((await get(apie, `/v1/approvals/${id}`)).approval).toMatchObject({ status: "cancelled" });
  });
});
