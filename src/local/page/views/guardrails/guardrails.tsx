/** Guardrails: what waits for a human, what was decided and by which policy, and the policies themselves. */
import { useState } from "preact/hooks";
import { get, getUpTo } from "../../data/api.ts";
import { useLoaded } from "../../data/loaded.ts";
import type { Approval, Decision, PoliciesAnswer } from "../../data/records.ts";
import { count } from "../../data/words.ts";
import { clock } from "../../parts/format.ts";
import { Head, Status, Tag } from "../../parts/pieces.tsx";
import { agentAddress, runAddress } from "../../parts/router.ts";
import { Shown } from "../../parts/states.tsx";
import { PendingApproval } from "./pending.tsx";
import { Policies } from "./policies.tsx";
import { askedOf } from "./request.ts";

const PAGE = 100;

function DecisionRow({ decision }: { decision: Decision }) {
  const asked = askedOf(decision.request);
  const { policy_decision, effective_decision, enforcement_action, run_id } = decision;
  return (
    <tr>
      <td>{clock(decision.decided_at)}</td>
      <td>{asked.agent === undefined ? "" : <a href={agentAddress(asked.agent)}>{asked.agent}</a>}</td>
      <td>{asked.tool}</td>
      <td>{asked.action}</td>
      <td>{[asked.resource, asked.environment].filter(Boolean).join(" · ")}</td>
      <td>
        <Status status={policy_decision} />
        {effective_decision === policy_decision ? null : (
          <span class="dim" title={`Mode ${decision.mode}: ${enforcement_action}`}>
            {" "}
            → {effective_decision}
          </span>
        )}
      </td>
      <td>{decision.mode}</td>
      <td>
        {decision.matched.length === 0 ? <span class="dim">none</span> : null}
        {decision.matched.map((key) => (
          <Tag key={key}>{key}</Tag>
        ))}
      </td>
      <td class="dim">{decision.reason}</td>
      <td>{run_id === null ? "" : <a href={runAddress(run_id)}>run</a>}</td>
    </tr>
  );
}

function Decisions({ items }: { items: readonly Decision[] }) {
  if (items.length === 0) {
    return (
      <p class="dim">
        No action was evaluated yet. Agents ask with <code>guardrails</code> switched on:{" "}
        <code>withTool</code>, <code>guard</code>.
      </p>
    );
  }
  return (
    <div class="table-frame">
      <table>
        <caption class="hidden">Decisions, newest first</caption>
        <thead>
          <tr>
            {["Time", "Agent", "Tool", "Action", "Resource", "Decision", "Mode", "Matched", "Reason", ""].map(
              (name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {items.map((decision) => (
            <DecisionRow key={decision.id} decision={decision} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Resolved({ items }: { items: readonly Approval[] }) {
  if (items.length === 0) return null;
  return (
    <section aria-label="Resolved approvals">
      <h2 class="section">Resolved</h2>
      <div class="table-frame">
        <table>
          <caption class="hidden">Resolved approvals, newest first</caption>
          <tbody>
            {items.map((approval) => {
              const asked = askedOf(approval.request);
              return (
                <tr key={approval.id}>
                  <td>
                    <Status status={approval.status} />
                  </td>
                  <td>{asked.tool ?? [asked.action, asked.resource].filter(Boolean).join(" on ")}</td>
                  <td class="dim">{approval.reason}</td>
                  <td>{approval.resolved_by === null ? "" : `by ${approval.resolved_by}`}</td>
                  <td>{approval.run_id === null ? "" : <a href={runAddress(approval.run_id)}>run</a>}</td>
                  <td class="number">{approval.resolved_at === null ? "" : clock(approval.resolved_at)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function GuardrailsView() {
  const [limit, setLimit] = useState(PAGE);
  const approvals = useLoaded(
    async (signal) => {
      const [pending, all] = await Promise.all([
        getUpTo<Approval>("/api/approvals", 500, 500, { status: "pending" }, signal),
        getUpTo<Approval>("/api/approvals", 100, 100, {}, signal),
      ]);
      return { pending: pending.items, resolved: all.items.filter(({ status }) => status !== "pending") };
    },
    ({ kind }) => kind === "approval",
    [],
  );
  const decisions = useLoaded(
    (signal) => getUpTo<Decision>("/api/decisions", limit, 500, {}, signal),
    ({ kind }) => kind === "decision",
    [limit],
  );
  const policies = useLoaded(
    (signal) => get<PoliciesAnswer>("/api/policies", {}, signal),
    ({ kind }) => kind === "policy",
    [],
  );
  const matchedOf = (approval: Approval): readonly string[] | undefined =>
    decisions.data.value?.items.find(({ id }) => id === approval.decision_id)?.matched;
  return (
    <>
      <Head title="Guardrails" />
      <section aria-label="Approvals">
        <Shown loaded={approvals} what="the approvals">
          {({ pending, resolved }) => (
            <>
              <h2 class="section">
                Waiting for approval <span class="dim">{count(pending.length)}</span>
              </h2>
              {pending.length === 0 ? <p class="dim">Nothing waits for you.</p> : null}
              {pending.map((approval) => (
                <PendingApproval key={approval.id} approval={approval} matched={matchedOf(approval)} />
              ))}
              <Resolved items={resolved} />
            </>
          )}
        </Shown>
      </section>
      <section aria-label="Decisions">
        <h2 class="section">Decisions</h2>
        <Shown loaded={decisions} what="the decisions">
          {({ items, hasMore }) => (
            <>
              <Decisions items={items} />
              {hasMore ? (
                <button type="button" class="more" onClick={() => setLimit(limit + 300)}>
                  Show more
                </button>
              ) : null}
            </>
          )}
        </Shown>
      </section>
      <section aria-label="Policies">
        <h2 class="section">Policies</h2>
        <Shown loaded={policies} what="the policies">
          {(answer) => <Policies answer={answer} />}
        </Shown>
      </section>
    </>
  );
}
