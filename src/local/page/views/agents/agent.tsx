/** An agent: who it is, its versions, and what it said it would do against what it does. */
import { get } from "../../data/api.ts";
import { useLoaded } from "../../data/loaded.ts";
import { membersOf, textOf } from "../../data/members.ts";
import type { Agent, AgentAnswer, AgentVersion } from "../../data/records.ts";
import { count, plural } from "../../data/words.ts";
import { clock, shortId } from "../../parts/format.ts";
import { type Column, Table } from "../../parts/listing.tsx";
import { Details, Fact, Facts, Head, Json, Tag } from "../../parts/pieces.tsx";
import { Empty, Shown } from "../../parts/states.tsx";
import { type BoundaryCell, type BoundaryMap, type BoundaryRow, boundaryMap } from "./boundary.ts";

function Cell({ cells, isDeclared }: { cells: readonly BoundaryCell[]; isDeclared: boolean }) {
  if (cells.length === 0) return <span class="dim">{isDeclared ? "any" : "none told"}</span>;
  return (
    <>
      {cells.map(({ value, isDeclared, events, isDrift }) => (
        <Tag
          key={value}
          tone={isDrift ? "error" : isDeclared && events === 0 ? "unused" : undefined}
          title={`${isDeclared ? "declared" : "not declared"}, ${plural(events, "event")}`}
        >
          {isDrift ? <span class="drift">drift </span> : null}
          {value}
          {events === 0 ? null : <span class="dim"> ×{count(events)}</span>}
        </Tag>
      ))}
    </>
  );
}

const columnsOf = (declaresNothing: boolean): Column<BoundaryRow>[] => [
  {
    title: "Tool",
    isName: true,
    cell: ({ tool, isDeclared, isUnused }) => (
      <>
        {tool}
        {isDeclared || declaresNothing ? null : <Tag tone="error">not declared</Tag>}
        {isUnused ? <Tag tone="unused">not used</Tag> : null}
      </>
    ),
  },
  {
    title: "Declared",
    cell: ({ isDeclared }) =>
      declaresNothing ? <span class="dim">nothing declared</span> : isDeclared ? "yes" : "no",
  },
  { title: "Events", isNumber: true, cell: ({ events }) => (events === 0 ? "" : count(events)) },
  {
    title: "Actions",
    cell: ({ cells, isDeclared }) => <Cell cells={cells.actions} isDeclared={isDeclared} />,
  },
  {
    title: "Resources",
    cell: ({ cells, isDeclared }) => <Cell cells={cells.resources} isDeclared={isDeclared} />,
  },
  {
    title: "Environments",
    cell: ({ cells, isDeclared }) => <Cell cells={cells.environments} isDeclared={isDeclared} />,
  },
  {
    title: "Last seen",
    isNumber: true,
    cell: ({ lastSeenAt }) => (lastSeenAt === undefined ? "" : clock(lastSeenAt)),
  },
];

function Verdict({ map }: { map: BoundaryMap }) {
  if (map.declaresNothing) {
    return (
      <p class="note">
        This agent declares nothing, so nothing can be beyond it. <code>apie.capabilities.declare()</code> and{" "}
        <code>apie.tools.define()</code> say what it may do.
      </p>
    );
  }
  return map.drifts === 0 ? (
    <p class="note tone-good">All that was seen is within what is declared.</p>
  ) : (
    <p class="note tone-error">
      {plural(map.drifts, "tool")} {map.drifts === 1 ? "was" : "were"} used beyond what is declared; marked as
      drift.
    </p>
  );
}

function BoundaryTable({ answer }: { answer: AgentAnswer }) {
  const map = boundaryMap(answer.boundary);
  return (
    <section aria-label="Boundary">
      <h2 class="section">Declared against observed</h2>
      {map.rows.length === 0 ? (
        <Empty title="No tool is declared or was seen.">
          <p>Events of tools show here, with their actions and resources.</p>
        </Empty>
      ) : (
        <>
          <Verdict map={map} />
          <Table
            caption="Tools: declared against observed"
            columns={columnsOf(map.declaresNothing)}
            items={map.rows}
            idOf={({ tool }) => tool}
            toneOf={({ isDrift }) => (isDrift ? "is-drift" : "")}
          />
        </>
      )}
    </section>
  );
}

function Versions({ versions }: { versions: readonly AgentVersion[] }) {
  return (
    <section aria-label="Versions">
      <h2 class="section">
        Versions <span class="dim">{count(versions.length)}</span>
      </h2>
      {versions.length === 0 ? (
        <p class="dim">It was never registered; only runs or events name it.</p>
      ) : null}
      {versions.map((version, index) => {
        const config = membersOf(version.config);
        const named = [
          membersOf(config.version).version,
          membersOf(config.model).name,
          membersOf(config.runtime).framework,
        ];
        return (
          <Details
            key={version.id}
            summary={
              <>
                <b>{named.map(textOf).filter(Boolean).join(" · ") || shortId(version.id)}</b>{" "}
                <span class="dim">
                  {index === 0 ? "latest · " : ""}since {clock(version.created_at)}, last registered{" "}
                  {clock(version.last_identified_at)} · {shortId(version.config_hash)}
                </span>
              </>
            }
          >
            <Json value={version.config} label="Configuration of the version" />
          </Details>
        );
      })}
    </section>
  );
}

const Identity = ({ agent }: { agent: Agent }) => (
  <Facts label="The agent">
    <Fact name="Key">
      <code>{agent.key}</code>
    </Fact>
    <Fact name="Purpose">{agent.purpose}</Fact>
    <Fact name="Description">{agent.description}</Fact>
    <Fact name="Team">{agent.team}</Fact>
    <Fact name="Owner">{agent.owner_email}</Fact>
    <Fact name="Guardrails">{agent.mode}</Fact>
    <Fact name="First seen">{clock(agent.first_seen_at)}</Fact>
    <Fact name="Last seen">{clock(agent.last_seen_at)}</Fact>
    <Fact name="Work">
      <a href={`/sessions?agent=${encodeURIComponent(agent.key)}`}>sessions</a>,{" "}
      <a href={`/runs?agent=${encodeURIComponent(agent.key)}`}>runs</a>,{" "}
      <a href={`/events?agent=${encodeURIComponent(agent.key)}`}>events</a>
    </Fact>
  </Facts>
);

export function AgentView({ id }: { id: string }) {
  const answer = useLoaded(
    (signal) => get<AgentAnswer>(`/api/agents/${encodeURIComponent(id)}`, {}, signal),
    ({ kind }) => kind === "agent" || kind === "event",
    [id],
  );
  return (
    <Shown loaded={answer} what="the agent">
      {(found) => (
        <>
          <Head title={found.agent.name ?? found.agent.key}>
            {found.agent.identified ? null : <Tag>not registered</Tag>}
          </Head>
          <Identity agent={found.agent} />
          <BoundaryTable answer={found} />
          <Versions versions={found.versions} />
        </>
      )}
    </Shown>
  );
}
