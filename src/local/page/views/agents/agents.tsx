/** Agents that were registered, or only seen. */
import { useState } from "preact/hooks";
import { getUpTo } from "../../data/api.ts";
import { useLoaded } from "../../data/loaded.ts";
import type { Agent } from "../../data/records.ts";
import { clock } from "../../parts/format.ts";
import { type Column, Table } from "../../parts/listing.tsx";
import { Head, Search, Tag } from "../../parts/pieces.tsx";
import { agentAddress } from "../../parts/router.ts";
import { Empty, Shown, WhatToSet } from "../../parts/states.tsx";

const fits = (agent: Agent, text: string): boolean =>
  `${agent.key} ${agent.name ?? ""} ${agent.purpose ?? ""} ${agent.team ?? ""}`
    .toLowerCase()
    .includes(text.toLowerCase());

const COLUMNS: readonly Column<Agent>[] = [
  {
    title: "Agent",
    isName: true,
    cell: ({ key, name, identified }) => (
      <>
        <a class="main-link" href={agentAddress(key)}>
          {name ?? key}
        </a>
        {identified ? null : <Tag title="Only runs or events name it">not registered</Tag>}
      </>
    ),
  },
  { title: "Key", cell: ({ key }) => <code>{key}</code> },
  { title: "Purpose", cell: ({ purpose }) => purpose },
  { title: "Team", cell: ({ team }) => team },
  { title: "Mode", cell: ({ mode }) => mode },
  { title: "First seen", isNumber: true, cell: ({ first_seen_at }) => clock(first_seen_at) },
  { title: "Last seen", isNumber: true, cell: ({ last_seen_at }) => clock(last_seen_at) },
];

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
        {({ items }) => {
          const shown = items.filter((agent) => fits(agent, text));
          if (shown.length > 0)
            return <Table caption="Agents" columns={COLUMNS} items={shown} idOf={({ id }) => id} />;
          return items.length === 0 ? (
            <Empty title="No agent yet.">
              <WhatToSet />
            </Empty>
          ) : (
            <Empty title="No agent fits.">
              <p>Search for less.</p>
            </Empty>
          );
        }}
      </Shown>
    </>
  );
}
