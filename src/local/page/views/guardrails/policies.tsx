/** The policies, and the documented templates that can be enabled with a click. */
import { useState } from "preact/hooks";
import { post } from "../../data/api.ts";
import type { PoliciesAnswer, Policy } from "../../data/records.ts";
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

function Row({
  policy,
  source,
  children,
}: {
  policy: Policy;
  source: string;
  children: preact.ComponentChildren;
}) {
  return (
    <tr>
      <th scope="row">
        {policy.name}
        <div class="dim">
          <code>{policy.key}</code> · {source}
        </div>
      </th>
      <td>
        <Status status={policy.decision} />
      </td>
      <td>
        <Conditions match={policy.match} />
      </td>
      <td class="dim">{policy.reason}</td>
      <td class="number">{children}</td>
    </tr>
  );
}

export function Policies({ answer }: { answer: PoliciesAnswer }) {
  return (
    <div class="table-frame">
      <table>
        <caption class="hidden">Policies and templates</caption>
        <thead>
          <tr>
            <th scope="col">Policy</th>
            <th scope="col">Decision</th>
            <th scope="col">When all of</th>
            <th scope="col">Reason given</th>
            <th scope="col" />
          </tr>
        </thead>
        <tbody>
          {answer.items.map((policy) => (
            <Row
              key={policy.key}
              policy={policy}
              source={`${policy.source}${policy.enabled ? "" : ", not enabled"}`}
            >
              <Act path={`/api/policies/${encodeURIComponent(policy.key)}/remove`}>Remove</Act>
            </Row>
          ))}
          {answer.templates.map((policy) => (
            <Row key={policy.key} policy={policy} source="template, not enabled">
              <Act path={`/v1/guardrails/templates/${encodeURIComponent(policy.key)}/enable`}>Enable</Act>
            </Row>
          ))}
        </tbody>
      </table>
    </div>
  );
}
