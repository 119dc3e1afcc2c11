/** Sessions: what each was, who worked in it, how it went; newest first, as they go on. */
import { get } from "../../data/api.ts";
import { useLoaded } from "../../data/loaded.ts";
import type { PageOf, Run, Session } from "../../data/records.ts";
import { count } from "../../data/words.ts";
import { shortId } from "../../parts/format.ts";
import { AgentSelect, type Column, StatusSelect, Table, useListing } from "../../parts/listing.tsx";
import { choices, Head, Search, Select, Status, Tag } from "../../parts/pieces.tsx";
import { sessionAddress } from "../../parts/router.ts";
import { Empty, Shown, WhatToSet } from "../../parts/states.tsx";
import { WORK_COLUMNS } from "../../parts/work-columns.tsx";

const KINDS = ["single_agent", "multi_agent", "pipeline", "activation_proof"] as const;
const FILTERS = ["text", "status", "kind", "agent"] as const;

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No session fits.">
        <p>
          Search for less, or <a href="/sessions">show all</a>.
        </p>
      </Empty>
    );
  }
  return <NoneYet />;
}

/** Where runs came in, nothing is left to set. */
function NoneYet() {
  const { data } = useLoaded(
    (signal) => get<PageOf<Run>>("/api/runs", { limit: 1 }, signal),
    ({ kind }) => kind === "run",
    [],
  );
  if ((data.value?.items.length ?? 0) > 0) {
    return (
      <Empty title="No session yet.">
        <p>
          What came in are runs outside of sessions: <a href="/runs">see the runs</a>.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No session yet.">
      <p>Set this for your service and let an agent work; what it does shows here as it happens.</p>
      <WhatToSet />
    </Empty>
  );
}

const titleOf = ({ input_summary, id }: Session): string => input_summary || `Session ${shortId(id)}`;

const agentsOf = ({ agents, orchestrator_agent_key }: Session): string[] =>
  (agents.length > 0 ? [...agents] : [orchestrator_agent_key ?? ""]).filter(Boolean);

const COLUMNS: readonly Column<Session>[] = [
  {
    title: "Session",
    isName: true,
    cell: (session) => (
      <>
        <a class="main-link" href={sessionAddress(session.id)}>
          {titleOf(session)}
        </a>
        {session.output_summary === null ? null : <div class="dim clip">{session.output_summary}</div>}
      </>
    ),
  },
  { title: "Status", cell: ({ status }) => <Status status={status} /> },
  { title: "Kind", cell: ({ kind }) => kind.replaceAll("_", " ") },
  { title: "Agents", cell: (session) => agentsOf(session).map((agent) => <Tag key={agent}>{agent}</Tag>) },
  { title: "Runs", isNumber: true, cell: ({ counts }) => count(counts.runs) },
  ...WORK_COLUMNS,
];

export function SessionsView() {
  const { loaded, filter, isFiltered, choose, more } = useListing<Session, (typeof FILTERS)[number]>(
    "/api/sessions",
    FILTERS,
    ["session", "run"],
  );
  return (
    <>
      <Head title="Sessions">
        <div class="filters">
          <Search value={filter.text} placeholder="Summary, step or id" onSearch={choose("text")} />
          <StatusSelect value={filter.status} onChoose={choose("status")} />
          <Select
            label="Kind"
            value={filter.kind}
            choices={choices("any", KINDS)}
            onChoose={choose("kind")}
          />
          <AgentSelect value={filter.agent} onChoose={choose("agent")} />
        </div>
      </Head>
      <Shown loaded={loaded} what="the sessions">
        {({ items, hasMore }) =>
          items.length === 0 ? (
            <Nothing isFiltered={isFiltered} />
          ) : (
            <Table
              caption="Sessions, newest first"
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
