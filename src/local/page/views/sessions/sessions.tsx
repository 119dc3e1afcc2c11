/** Sessions: what each was, who worked in it, how it went; newest first, as they go on. */
import { useState } from "preact/hooks";
import { getUpTo } from "../../data/api.ts";
import { useLoaded } from "../../data/loaded.ts";
import type { Agent, Session } from "../../data/records.ts";
import { count } from "../../data/words.ts";
import { clock, duration, shortId } from "../../parts/format.ts";
import { choices, Head, Search, Select, Status, Tag, Text } from "../../parts/pieces.tsx";
import { place, sessionAddress, setQuery } from "../../parts/router.ts";
import { Empty, Shown } from "../../parts/states.tsx";

const KINDS = ["single_agent", "multi_agent", "pipeline", "activation_proof"] as const;
export const STATUSES = ["running", "completed", "failed", "cancelled"] as const;
const PAGE = 50;
const FILTERS = ["text", "status", "kind", "agent"] as const;

export const WhatToSet = () => (
  <Text label="Environment to set">
    {[
      `APIE_BASE_URL=${location.origin}`,
      "APIE_API_KEY=local",
      `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${location.origin}/v1/traces`,
    ].join("\n")}
  </Text>
);

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
  return (
    <Empty title="No session yet.">
      <p>Set this for your service and let an agent work; what it does shows here as it happens.</p>
      <WhatToSet />
      <p>
        Runs outside of sessions are under <a href="/runs">Runs</a>.
      </p>
    </Empty>
  );
}

const titleOf = ({ input_summary, id }: Session): string => input_summary || `Session ${shortId(id)}`;

export const Errors = ({ errors, failures }: { errors: number; failures: number }) =>
  errors + failures === 0 ? (
    <span class="dim">0</span>
  ) : (
    <span class="tone-error" title={`${errors} errors, ${failures} failed calls or steps`}>
      {count(errors + failures)}
    </span>
  );

function Row({ session }: { session: Session }) {
  const { counts } = session;
  const agents = session.agents.length > 0 ? session.agents : [session.orchestrator_agent_key ?? ""];
  return (
    <tr class="opens">
      <td>
        <a class="main-link" href={sessionAddress(session.id)}>
          {titleOf(session)}
        </a>
        {session.output_summary === null ? null : <div class="dim clip">{session.output_summary}</div>}
      </td>
      <td>
        <Status status={session.status} />
      </td>
      <td>{session.kind.replaceAll("_", " ")}</td>
      <td>
        {agents.filter(Boolean).map((agent) => (
          <Tag key={agent}>{agent}</Tag>
        ))}
      </td>
      <td class="number">{count(counts.runs)}</td>
      <td class="number">{count(counts.events)}</td>
      <td class="number">
        {counts.tokens.input + counts.tokens.output === 0
          ? ""
          : count(counts.tokens.input + counts.tokens.output)}
      </td>
      <td class="number">
        <Errors errors={counts.errors} failures={counts.failures} />
      </td>
      <td class="number">{session.status === "running" ? "…" : duration(session.duration_ms)}</td>
      <td class="number">{clock(session.started_at)}</td>
    </tr>
  );
}

export function SessionsView() {
  const { query } = place.value;
  const [limit, setLimit] = useState(PAGE);
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? undefined]));
  const agents = useLoaded(
    (signal) => getUpTo<Agent>("/api/agents", 500, 500, {}, signal),
    ({ kind }) => kind === "agent",
    [],
  );
  const sessions = useLoaded(
    (signal) => getUpTo<Session>("/api/sessions", limit, 500, filter, signal),
    ({ kind }) => kind === "session" || kind === "run",
    [limit, ...FILTERS.map((name) => filter[name])],
  );
  const keys = (agents.data.value?.items ?? []).map((agent) => agent.key).sort();
  const choose = (name: (typeof FILTERS)[number]) => (value: string) => setQuery({ [name]: value });
  return (
    <>
      <Head title="Sessions">
        <div class="filters">
          <Search value={filter.text ?? ""} placeholder="Summary, step or id" onSearch={choose("text")} />
          <Select
            label="Status"
            value={filter.status ?? ""}
            choices={choices("any", STATUSES)}
            onChoose={choose("status")}
          />
          <Select
            label="Kind"
            value={filter.kind ?? ""}
            choices={choices("any", KINDS)}
            onChoose={choose("kind")}
          />
          <Select
            label="Agent"
            value={filter.agent ?? ""}
            choices={choices("any", keys)}
            onChoose={choose("agent")}
          />
        </div>
      </Head>
      <Shown loaded={sessions} what="the sessions">
        {({ items, hasMore }) =>
          items.length === 0 ? (
            <Nothing isFiltered={FILTERS.some((name) => filter[name])} />
          ) : (
            <div class="table-frame">
              <table>
                <caption class="hidden">Sessions, newest first</caption>
                <thead>
                  <tr>
                    <th scope="col">Session</th>
                    <th scope="col">Status</th>
                    <th scope="col">Kind</th>
                    <th scope="col">Agents</th>
                    <th scope="col" class="number">
                      Runs
                    </th>
                    <th scope="col" class="number">
                      Events
                    </th>
                    <th scope="col" class="number">
                      Tokens
                    </th>
                    <th scope="col" class="number">
                      Errors
                    </th>
                    <th scope="col" class="number">
                      Took
                    </th>
                    <th scope="col" class="number">
                      Started
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((session) => (
                    <Row key={session.id} session={session} />
                  ))}
                </tbody>
              </table>
              {hasMore ? (
                <button type="button" class="more" onClick={() => setLimit(limit + 200)}>
                  Show more
                </button>
              ) : null}
            </div>
          )
        }
      </Shown>
    </>
  );
}
