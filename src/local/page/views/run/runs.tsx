/** Runs, in sessions and outside of them. */
import { useState } from "preact/hooks";
import { getUpTo } from "../../data/api.ts";
import { useLoaded } from "../../data/loaded.ts";
import type { Agent, Run } from "../../data/records.ts";
import { count } from "../../data/words.ts";
import { clock, duration, shortId } from "../../parts/format.ts";
import { AgentLink, choices, Head, Select, Status } from "../../parts/pieces.tsx";
import { place, runAddress, sessionAddress, setQuery } from "../../parts/router.ts";
import { Empty, Shown } from "../../parts/states.tsx";
import { agentNameOf } from "../../replay/lanes.ts";
import { Errors, STATUSES, WhatToSet } from "../sessions/sessions.tsx";

const PAGE = 50;
const FILTERS = ["status", "session", "agent"] as const;

function Row({ run }: { run: Run }) {
  const { tokens } = run.counts;
  return (
    <tr class="opens">
      <td>
        <a class="main-link" href={runAddress(run.id)}>
          {run.input_summary || `Run ${shortId(run.id)}`}
        </a>
      </td>
      <td>
        <Status status={run.status} />
      </td>
      <td>
        <AgentLink agent={run.agent_key} name={agentNameOf(run)} />
      </td>
      <td>{run.step_name}</td>
      <td>
        {run.session_id === null ? (
          <span class="dim">none</span>
        ) : (
          <a href={sessionAddress(run.session_id)}>{shortId(run.session_id)}</a>
        )}
      </td>
      <td class="number">{count(run.counts.events)}</td>
      <td class="number">{tokens.input + tokens.output === 0 ? "" : count(tokens.input + tokens.output)}</td>
      <td class="number">
        <Errors errors={run.counts.errors} failures={run.counts.failures} />
      </td>
      <td class="number">{run.status === "running" ? "…" : duration(run.duration_ms)}</td>
      <td class="number">{clock(run.started_at)}</td>
    </tr>
  );
}

export function RunsView() {
  const { query } = place.value;
  const [limit, setLimit] = useState(PAGE);
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? undefined]));
  const agents = useLoaded(
    (signal) => getUpTo<Agent>("/api/agents", 500, 500, {}, signal),
    ({ kind }) => kind === "agent",
    [],
  );
  const runs = useLoaded(
    (signal) => getUpTo<Run>("/api/runs", limit, 500, filter, signal),
    ({ kind }) => kind === "run",
    [limit, ...FILTERS.map((name) => filter[name])],
  );
  const keys = (agents.data.value?.items ?? []).map((agent) => agent.key).sort();
  const choose = (name: (typeof FILTERS)[number]) => (value: string) => setQuery({ [name]: value });
  return (
    <>
      <Head title="Runs">
        <div class="filters">
          <Select
            label="Status"
            value={filter.status ?? ""}
            choices={choices("any", STATUSES)}
            onChoose={choose("status")}
          />
          <Select
            label="Session"
            value={filter.session ?? ""}
            choices={[
              { value: "", label: "in any or none" },
              { value: "none", label: "in none" },
            ]}
            onChoose={choose("session")}
          />
          <Select
            label="Agent"
            value={filter.agent ?? ""}
            choices={choices("any", keys)}
            onChoose={choose("agent")}
          />
        </div>
      </Head>
      <Shown loaded={runs} what="the runs">
        {({ items, hasMore }) =>
          items.length === 0 ? (
            <Empty title="No run here.">
              {FILTERS.some((name) => filter[name]) ? (
                <p>
                  <a href="/runs">Show all runs</a>.
                </p>
              ) : (
                <WhatToSet />
              )}
            </Empty>
          ) : (
            <div class="table-frame">
              <table>
                <caption class="hidden">Runs, newest first</caption>
                <thead>
                  <tr>
                    <th scope="col">Run</th>
                    <th scope="col">Status</th>
                    <th scope="col">Agent</th>
                    <th scope="col">Step</th>
                    <th scope="col">Session</th>
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
                  {items.map((run) => (
                    <Row key={run.id} run={run} />
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
