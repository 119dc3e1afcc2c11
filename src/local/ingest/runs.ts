/** Opening and completing runs, outside of sessions and inside. The server stamps both ends with its own clock. */
import { readObject, withWarnings } from "../http/body.ts";
import { pathParameter } from "../http/query.ts";
import { conflict, notFound, refuseInvalidField, unknownReference } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";
import type { NewRun, RunRow } from "../store/runs.ts";
import { orNull } from "../wire/fields.ts";
import { COMPLETE_RUN, CREATE_RUN, CREATE_SESSION_RUN } from "../wire/runs.ts";
import { sessionOfPath } from "./sessions.ts";

/** What a client reads of a run. */
const answerOf = ({
  id,
  session_id,
  parent_run_id,
  agent_id,
  agent_key,
  status,
  started_at,
  completed_at,
}: RunRow) => ({
  id,
  session_id,
  parent_run_id,
  agent_id,
  agent_key,
  status,
  started_at,
  completed_at,
});

function openRun(
  services: Services,
  agent: { key: string | null | undefined; id: string | null | undefined },
  run: Omit<NewRun, "agent_id" | "agent_key">,
): RunRow {
  const { store } = services;
  const now = services.timestamp();
  const { created, row } = store.transaction(() => {
    const known = agent.key ?? (agent.id ? store.agents.byId(agent.id)?.key : undefined);
    if (known === undefined) throw unknownReference("agent_id", "agent", agent.id ?? "");
    const { agent: found, created } = store.agents.touch(known, now);
    const asked = { ...run, agent_id: found.id, agent_key: found.key };
    // An import again of the same run goes on with the one there is, which hosted Apie does not do.
    return { created, row: store.runs.sameImport(asked) ?? store.runs.create(asked, now) };
  });
  services.changes.publish([
    ...(created ? [{ kind: "agent", id: row.agent_id } as const] : []),
    { kind: "run", id: row.id, session_id: row.session_id },
    ...(row.session_id === null ? [] : [{ kind: "session", id: row.session_id } as const]),
  ]);
  return row;
}

async function createRun(c: AppContext, services: Services): Promise<Response> {
  const { body, warnings } = await readObject(c, services, CREATE_RUN);
  const run = openRun(
    services,
    { key: body.agent_key, id: body.agent_id },
    {
      session_id: null,
      parent_run_id: null,
      agent_version_id: orNull(body.agent_version_id),
      trigger_event_id: null,
      step_key: null,
      step_name: null,
      step_index: null,
      role: null,
      environment: orNull(body.environment),
      input_summary: orNull(body.input_summary),
      metadata: orNull(body.metadata),
    },
  );
  return c.json(withWarnings(answerOf(run), warnings), 201);
}

async function createSessionRun(c: AppContext, services: Services): Promise<Response> {
  const session = sessionOfPath(c, services);
  const { body, warnings } = await readObject(c, services, CREATE_SESSION_RUN);
  if (!body.agent_key && !body.agent_id)
    throw refuseInvalidField("agent_key", "is required when agent_id is not given");
  if (body.parent_run_id && services.store.runs.byId(body.parent_run_id) === undefined) {
    throw unknownReference("parent_run_id", "run", body.parent_run_id);
  }
  const run = openRun(
    services,
    { key: body.agent_key, id: body.agent_id },
    {
      session_id: session.id,
      parent_run_id: orNull(body.parent_run_id),
      agent_version_id: orNull(body.agent_version_id),
      trigger_event_id: orNull(body.trigger_event_id),
      step_key: orNull(body.step_key),
      step_name: orNull(body.step_name),
      step_index: orNull(body.step_index),
      role: orNull(body.role),
      environment: orNull(body.environment),
      input_summary: orNull(body.input_summary),
      metadata: orNull(body.metadata),
    },
  );
  return c.json(withWarnings(answerOf(run), warnings), 201);
}

async function completeRun(c: AppContext, services: Services): Promise<Response> {
  const id = pathParameter(c, "runId");
  const { body, warnings } = await readObject(c, services, COMPLETE_RUN);
  const run = services.store.transaction(() => {
    const known = services.store.runs.byId(id);
    if (known === undefined) throw notFound("run", id);
    if (known.completed_at !== null)
      throw conflict(`Run ${id} is ${known.status} since ${known.completed_at}`);
    return services.store.runs.complete(id, body.status, orNull(body.metadata), services.timestamp());
  });
  services.changes.publish([
    { kind: "run", id, session_id: run.session_id },
    ...(run.session_id === null ? [] : [{ kind: "session", id: run.session_id } as const]),
  ]);
  return c.json(withWarnings(answerOf(run), warnings));
}

export const runRoutes: readonly Route[] = [
  { method: "POST", path: "/v1/runs", summary: "Open a run outside of any session", handle: createRun },
  {
    method: "POST",
    path: "/v1/sessions/:sessionId/runs",
    summary: "Open a run in a session, alone or below a parent run",
    handle: createSessionRun,
  },
  { method: "POST", path: "/v1/runs/:runId/complete", summary: "Complete a run, once", handle: completeRun },
];
