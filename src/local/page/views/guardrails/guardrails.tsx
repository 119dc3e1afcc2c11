/** Guardrails: what waits for a human, what was decided and by which policy, and the policies themselves. */
import { useState } from "preact/hooks";
import { get, getUpTo } from "../../data/api.ts";
import { useLoaded } from "../../data/loaded.ts";
import type { Approval, Decision, PoliciesAnswer } from "../../data/records.ts";
import { count } from "../../data/words.ts";
import { clock } from "../../parts/format.ts";
import { type Column, Table } from "../../parts/listing.tsx";
import { Details, Head, Status, Tag } from "../../parts/pieces.tsx";
import { agentAddress, runAddress } from "../../parts/router.ts";
import { Shown } from "../../parts/states.tsx";
import { PendingApproval } from "./pending.tsx";
import { Policies } from "./policies.tsx";
import { PolicyForm } from "./policy-form.tsx";
import { askedOf } from "./request.ts";

const PAGE = 100;

const COLUMNS: readonly Column<Decision>[] = [
  { title: "Time", cell: ({ decided_at }) => clock(decided_at) },
  {
    title: "Agent",
    cell: ({ request }) => {
      const { agent } = askedOf(request);
      return agent === undefined ? "" : <a href={agentAddress(agent)}>{agent}</a>;
    },
  },
  { title: "Tool", cell: ({ request }) => askedOf(request).tool },
  { title: "Action", cell: ({ request }) => askedOf(request).action },
  {
    title: "Resource",
    cell: ({ request }) => {
      const { resource, environment } = askedOf(request);
      return [resource, environment].filter(Boolean).join(" · ");
    },
  },
  {
    title: "Decision",
    cell: ({ policy_decision, effective_decision, enforcement_action, mode }) => (
      <>
        <Status status={policy_decision} />
        {effective_decision === policy_decision ? null : (
          <span class="dim" title={`Mode ${mode}: ${enforcement_action}`}>
            {" "}
            → {effective_decision}
          </span>
        )}
      </>
    ),
  },
  { title: "Mode", cell: ({ mode }) => mode },
  {
    title: "Matched",
    cell: ({ matched }) =>
      matched.length === 0 ? <span class="dim">none</span> : matched.map((key) => <Tag key={key}>{key}</Tag>),
  },
  { title: "Reason", cell: ({ reason }) => (reason === null ? "" : <span class="dim">{reason}</span>) },
  { title: "Run", cell: ({ run_id }) => (run_id === null ? "" : <a href={runAddress(run_id)}>run</a>) },
];

const NoDecision = () => (
  <p class="dim">
    No action was evaluated yet. An agent asks before its tools where <code>new Apie()</code> is given a{" "}
    <code>mode</code>.
  </p>
);

const RESOLVED: readonly Column<Approval>[] = [
  { title: "Answer", cell: ({ status }) => <Status status={status} /> },
  {
    title: "Asked for",
    cell: ({ request }) => {
      const { tool, action, resource } = askedOf(request);
      return tool ?? [action, resource].filter(Boolean).join(" on ");
    },
  },
  { title: "Reason", cell: ({ reason }) => (reason === null ? "" : <span class="dim">{reason}</span>) },
  { title: "By", cell: ({ resolved_by }) => resolved_by },
  { title: "Run", cell: ({ run_id }) => (run_id === null ? "" : <a href={runAddress(run_id)}>run</a>) },
  {
    title: "When",
    isNumber: true,
    cell: ({ resolved_at }) => (resolved_at === null ? "" : clock(resolved_at)),
  },
];

const Resolved = ({ items }: { items: readonly Approval[] }) =>
  items.length === 0 ? null : (
    <section aria-label="Resolved approvals">
      <h2 class="section">Resolved</h2>
      <Table
        caption="Resolved approvals, newest first"
        columns={RESOLVED}
        items={items}
        idOf={({ id }) => id}
      />
    </section>
  );

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
          {({ items, hasMore }) =>
            items.length === 0 ? (
              <NoDecision />
            ) : (
              <Table
                caption="Decisions, newest first"
                columns={COLUMNS}
                items={items}
                idOf={({ id }) => id}
                more={hasMore ? () => setLimit(limit + 300) : undefined}
              />
            )
          }
        </Shown>
      </section>
      <section aria-label="Policies">
        <h2 class="section">Policies</h2>
        <Shown loaded={policies} what="the policies">
          {(answer) => <Policies answer={answer} />}
        </Shown>
        <Details summary="A policy of your own">
          <PolicyForm />
        </Details>
      </section>
    </>
  );
}
