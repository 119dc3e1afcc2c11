/** Something that waits for a human: what it is, and the two answers. */
import { useState } from "preact/hooks";
import { get, post } from "../../data/api.ts";
import { useLoaded } from "../../data/loaded.ts";
import type { AgentAnswer, Approval } from "../../data/records.ts";
import { clock } from "../../parts/format.ts";
import { AgentLink, Fact, Facts } from "../../parts/pieces.tsx";
import { runAddress, sessionAddress } from "../../parts/router.ts";
import { askedOf } from "./request.ts";

function Buttons({ approval }: { approval: Approval }) {
  const [state, setState] = useState<"open" | "sending" | Error>("open");
  const resolve = async (status: "approved" | "rejected"): Promise<void> => {
    setState("sending");
    try {
      await post(`/api/approvals/${encodeURIComponent(approval.id)}/resolve`, {
        status,
        resolved_by: "local page",
      });
    } catch (error) {
      setState(error as Error);
    }
  };
  return (
    <div class="answers">
      <button
        type="button"
        class="approve"
        disabled={state === "sending"}
        onClick={() => void resolve("approved")}
      >
        Approve
      </button>
      <button
        type="button"
        class="reject"
        disabled={state === "sending"}
        onClick={() => void resolve("rejected")}
      >
        Reject
      </button>
      {state instanceof Error ? (
        <span class="tone-error" role="alert">
          {state.message}
        </span>
      ) : null}
    </div>
  );
}

export function PendingApproval({
  approval,
  matched,
}: {
  approval: Approval;
  matched?: readonly string[] | undefined;
}) {
  const asked = askedOf(approval.request);
  const agent = useLoaded(
    (signal) => get<AgentAnswer>(`/api/agents/${encodeURIComponent(approval.agent_id)}`, {}, signal),
    () => false,
    [approval.agent_id],
  );
  const who = agent.data.value?.agent;
  const what = asked.tool ?? [asked.action, asked.resource].filter(Boolean).join(" on ");
  return (
    <section class="approval" aria-label={`Waiting for approval: ${what}`}>
      <header>
        <h2>{what || "An action"} waits for your approval</h2>
        {approval.reason === null ? null : <p>{approval.reason}</p>}
      </header>
      <Facts>
        <Fact name="Agent">
          {who === undefined ? "" : <AgentLink agent={who.key} name={who.name ?? who.key} />}
        </Fact>
        <Fact name="Tool">{asked.tool}</Fact>
        <Fact name="Action">{asked.action}</Fact>
        <Fact name="Resource">{asked.resource}</Fact>
        <Fact name="Environment">{asked.environment}</Fact>
        <Fact name="Risk">{asked.risk}</Fact>
        <Fact name="Guardrail">{matched?.join(", ")}</Fact>
        <Fact name="Asked">{clock(approval.requested_at)}</Fact>
        <Fact name="Expires">{approval.expires_at ? clock(approval.expires_at) : ""}</Fact>
        <Fact name="Session">
          {approval.session_id === null ? "" : <a href={sessionAddress(approval.session_id)}>its session</a>}
        </Fact>
        <Fact name="Run">
          {approval.run_id === null ? "" : <a href={runAddress(approval.run_id)}>its run</a>}
        </Fact>
      </Facts>
      <Buttons approval={approval} />
    </section>
  );
}
