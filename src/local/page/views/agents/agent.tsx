/** An agent: who it is, its versions, and what it said it would do against what it does. */
import { get } from "../../data/api.ts";
import { useLoaded } from "../../data/loaded.ts";
import { membersOf, textOf } from "../../data/members.ts";
import type { Agent, AgentAnswer, AgentVersion } from "../../data/records.ts";
import { count, plural } from "../../data/words.ts";
import { clock, shortId } from "../../parts/format.ts";
import { Details, Fact, Facts, Head, Json, Tag } from "../../parts/pieces.tsx";
import { Empty, Shown } from "../../parts/states.tsx";
import { type BoundaryCell, type BoundaryMap, type BoundaryRow, boundaryMap } from "./boundary.ts";

const COLUMNS = ["actions", "resources", "environments"] as const;

function Cell({ cells }: { cells: readonly BoundaryCell[] }) {
  if (cells.length === 0) return <span class="dim">any</span>;
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

function Row({ row, declaresNothing }: { row: BoundaryRow; declaresNothing: boolean }) {
  return (
    <tr class={row.isDrift ? "is-drift" : ""}>
      <th scope="row">
        {row.tool}
        {row.isDeclared || declaresNothing ? null : <Tag tone="error">not declared</Tag>}
        {row.isUnused ? <Tag tone="unused">not used</Tag> : null}
      </th>
      <td>{declaresNothing ? <span class="dim">nothing declared</span> : row.isDeclared ? "yes" : "no"}</td>
      <td class="number">{row.events === 0 ? "" : count(row.events)}</td>
      {COLUMNS.map((column) => (
        <td key={column}>
          <Cell cells={row.cells[column]} />
        </td>
      ))}
      <td class="number">{row.lastSeenAt === undefined ? "" : clock(row.lastSeenAt)}</td>
    </tr>
  );
}

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
          <div class="table-frame">
            <table class="boundary">
              <thead>
                <tr>
                  <th scope="col">Tool</th>
                  <th scope="col">Declared</th>
                  <th scope="col" class="number">
                    Events
                  </th>
                  <th scope="col">Actions</th>
                  <th scope="col">Resources</th>
                  <th scope="col">Environments</th>
                  <th scope="col" class="number">
                    Last seen
                  </th>
                </tr>
              </thead>
              <tbody>
                {map.rows.map((row) => (
                  <Row key={row.tool} row={row} declaresNothing={map.declaresNothing} />
                ))}
              </tbody>
            </table>
          </div>
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
