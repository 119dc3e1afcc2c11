/** The policies, and the documented templates that can be enabled with a click. */
import { useState } from "preact/hooks";
import { post } from "../../data/api.ts";
import type { PoliciesAnswer, Policy } from "../../data/records.ts";
import { type Column, Table } from "../../parts/listing.tsx";
import { Status, Tag } from "../../parts/pieces.tsx";

const CONDITIONS = [
  ["tools", "tool"],
  ["actions", "action"],
  ["resources", "resource"],
  ["environments", "environment"],
  ["risk_levels", "risk"],
  ["agents", "agent"],
] as const;

function Conditions({ match }: Pick<Policy, "match">) {
  const said = CONDITIONS.filter(([list]) => match[list].length > 0);
  if (said.length === 0 && !match.undeclared_tool) return <span class="dim">everything</span>;
  return (
    <>
      {said.map(([list, name]) => (
        <Tag key={list}>
          <span class="dim">{name}</span> {match[list].join(", ")}
        </Tag>
      ))}
      {match.undeclared_tool ? <Tag>a tool the agent has not declared</Tag> : null}
    </>
  );
}

function Act({ path, children }: { path: string; children: string }) {
  const [error, setError] = useState<Error>();
  const [isSending, setSending] = useState(false);
  const act = async (): Promise<void> => {
    setSending(true);
    await post(path, {}).catch((failure: Error) => setError(failure));
    setSending(false);
  };
  return (
    <>
      <button type="button" disabled={isSending} onClick={() => void act()}>
        {children}
      </button>
      {error === undefined ? null : <span class="tone-error">{error.message}</span>}
    </>
  );
}

interface Shown {
  readonly policy: Policy;
  readonly source: string;
  readonly act: { readonly path: string; readonly name: string };
}

const COLUMNS: readonly Column<Shown>[] = [
  {
    title: "Policy",
    isName: true,
    cell: ({ policy, source }) => (
      <>
        {policy.name}
        <div class="dim">
          <code>{policy.key}</code> · {source}
        </div>
      </>
    ),
  },
  { title: "Decision", cell: ({ policy }) => <Status status={policy.decision} /> },
  { title: "When all of", cell: ({ policy }) => <Conditions match={policy.match} /> },
  {
    title: "Reason given",
    cell: ({ policy: { reason } }) => (reason === null ? "" : <span class="dim">{reason}</span>),
  },
  { title: "", isNumber: true, cell: ({ act }) => <Act path={act.path}>{act.name}</Act> },
];

export function Policies({ answer: { items, templates } }: { answer: PoliciesAnswer }) {
  const shown = [
    ...items.map(
      (policy): Shown => ({
        policy,
        source: `${policy.source}${policy.enabled ? "" : ", not enabled"}`,
        act: { path: `/api/policies/${encodeURIComponent(policy.key)}/remove`, name: "Remove" },
      }),
    ),
    ...templates.map(
      (policy): Shown => ({
        policy,
        source: "template, not enabled",
        act: { path: `/v1/guardrails/templates/${encodeURIComponent(policy.key)}/enable`, name: "Enable" },
      }),
    ),
  ];
  return (
    <Table
      caption="Policies and templates"
      columns={COLUMNS}
      items={shown}
      idOf={({ policy, act }) => `${act.name} ${policy.key}`}
    />
  );
}
