/** Runs, in sessions and outside of them. */
import type { Run } from "../../data/records.ts";
import { shortId } from "../../parts/format.ts";
import { AgentSelect, type Column, StatusSelect, Table, useListing } from "../../parts/listing.tsx";
import { AgentLink, Head, Select, Status } from "../../parts/pieces.tsx";
import { runAddress, sessionAddress } from "../../parts/router.ts";
import { Empty, Shown, WhatToSet } from "../../parts/states.tsx";
import { WORK_COLUMNS } from "../../parts/work-columns.tsx";
import { agentNameOf } from "../../replay/lanes.ts";

const FILTERS = ["status", "session", "agent"] as const;

const COLUMNS: readonly Column<Run>[] = [
  {
    title: "Run",
    isName: true,
    cell: ({ id, input_summary }) => (
      <a class="main-link" href={runAddress(id)}>
        {input_summary || `Run ${shortId(id)}`}
      </a>
    ),
  },
  { title: "Status", cell: ({ status }) => <Status status={status} /> },
  { title: "Agent", cell: (run) => <AgentLink agent={run.agent_key} name={agentNameOf(run)} /> },
  { title: "Step", cell: ({ step_name }) => step_name },
  {
    title: "Session",
    cell: ({ session_id }) =>
      session_id === null ? (
        <span class="dim">none</span>
      ) : (
        <a href={sessionAddress(session_id)}>{shortId(session_id)}</a>
      ),
  },
  ...WORK_COLUMNS,
];

export function RunsView() {
  const { loaded, filter, isFiltered, choose, more } = useListing<Run, (typeof FILTERS)[number]>(
    "/api/runs",
    FILTERS,
    ["run"],
  );
  return (
    <>
      <Head title="Runs">
        <div class="filters">
          <StatusSelect value={filter.status} onChoose={choose("status")} />
          <Select
            label="Session"
            value={filter.session}
            choices={[
              { value: "", label: "in any or none" },
              { value: "none", label: "in none" },
            ]}
            onChoose={choose("session")}
          />
          <AgentSelect value={filter.agent} onChoose={choose("agent")} />
        </div>
      </Head>
      <Shown loaded={loaded} what="the runs">
        {({ items, hasMore }) =>
          items.length === 0 ? (
            <Empty title={isFiltered ? "No run fits." : "No run yet."}>
              {isFiltered ? (
                <p>
                  <a href="/runs">Show all runs</a>.
                </p>
              ) : (
                <WhatToSet />
              )}
            </Empty>
          ) : (
            <Table
              caption="Runs, newest first"
              columns={COLUMNS}
              items={items}
              idOf={({ id }) => id}
              more={hasMore ? more : undefined}
            />
          )
        }
      </Shown>
    </>
  );
}
