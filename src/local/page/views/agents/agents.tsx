/** Agents that were registered, or only seen. */
import { useState } from "preact/hooks";
import { getUpTo } from "../../data/api.ts";
import { useLoaded } from "../../data/loaded.ts";
import type { Agent } from "../../data/records.ts";
import { clock } from "../../parts/format.ts";
import { Head, Search, Tag } from "../../parts/pieces.tsx";
import { agentAddress } from "../../parts/router.ts";
import { Empty, Shown } from "../../parts/states.tsx";
import { WhatToSet } from "../sessions/sessions.tsx";

const fits = (agent: Agent, text: string): boolean =>
  `${agent.key} ${agent.name ?? ""} ${agent.purpose ?? ""} ${agent.team ?? ""}`
    .toLowerCase()
    .includes(text.toLowerCase());

export function AgentsView() {
  const [text, setText] = useState("");
  const agents = useLoaded(
    (signal) => getUpTo<Agent>("/api/agents", 5_000, 500, {}, signal),
    ({ kind }) => kind === "agent",
    [],
  );
  return (
    <>
      <Head title="Agents">
        <div class="filters">
          <Search value={text} placeholder="Key, name, purpose, team" onSearch={setText} />
        </div>
      </Head>
      <Shown loaded={agents} what="the agents">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No agent yet.">
              <WhatToSet />
            </Empty>
          ) : (
            <div class="table-frame">
              <table>
                <caption class="hidden">Agents</caption>
                <thead>
                  <tr>
                    <th scope="col">Agent</th>
                    <th scope="col">Key</th>
                    <th scope="col">Purpose</th>
                    <th scope="col">Team</th>
                    <th scope="col">Mode</th>
                    <th scope="col" class="number">
                      First seen
                    </th>
                    <th scope="col" class="number">
                      Last seen
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items
                    .filter((agent) => fits(agent, text))
                    .map((agent) => (
                      <tr key={agent.id} class="opens">
                        <td>
                          <a class="main-link" href={agentAddress(agent.key)}>
                            {agent.name ?? agent.key}
                          </a>
                          {agent.identified ? null : (
                            <Tag title="Only runs or events name it">not registered</Tag>
                          )}
                        </td>
                        <td>
                          <code>{agent.key}</code>
                        </td>
                        <td>{agent.purpose}</td>
                        <td>{agent.team}</td>
                        <td>{agent.mode}</td>
                        <td class="number">{clock(agent.first_seen_at)}</td>
                        <td class="number">{clock(agent.last_seen_at)}</td>
                      </tr>
                    ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Shown>
    </>
  );
}
