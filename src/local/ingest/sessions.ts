/** Opening and completing sessions, and the hand-offs posted in them. */
import { readObject, withWarnings } from "../http/body.ts";
import { pathParameter } from "../http/query.ts";
import { conflict, notFound } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";
import type { SessionRow } from "../store/sessions.ts";
import { orNull } from "../wire/fields.ts";
import { COMPLETE_SESSION, CREATE_HANDOFF, CREATE_SESSION } from "../wire/runs.ts";

/** What a client reads of a session. */
const answerOf = ({ id, kind, status, started_at, completed_at }: SessionRow) => ({
  id,
  kind,
  status,
  started_at,
  completed_at,
});

/** The session the path names. @throws Refusal 404 */
export function sessionOfPath(c: AppContext, services: Services): SessionRow {
  const id = pathParameter(c, "sessionId");
  const session = services.store.sessions.byId(id);
  if (session === undefined) throw notFound("session", id);
  return session;
}

async function createSession(c: AppContext, services: Services): Promise<Response> {
  const { body, warnings } = await readObject(c, services, CREATE_SESSION);
  const asked = {
    kind: body.kind ?? "single_agent",
    orchestrator_agent_key: orNull(body.orchestrator_agent_key),
    orchestrator_agent_id: orNull(body.orchestrator_agent_id),
    environment: orNull(body.environment),
    input_summary: orNull(body.input_summary),
    metadata: orNull(body.metadata),
  };
  const { sessions } = services.store;
  const session = services.store.transaction(
    () => sessions.sameImport(asked) ?? sessions.create(asked, services.timestamp()),
  );
  services.changes.publish([{ kind: "session", id: session.id }]);
  return c.json(withWarnings(answerOf(session), warnings), 201);
}

async function completeSession(c: AppContext, services: Services): Promise<Response> {
  const { id } = sessionOfPath(c, services);
  const { body, warnings } = await readObject(c, services, COMPLETE_SESSION);
  const { store } = services;
  const session = store.transaction(() => {
    const known = store.sessions.byId(id);
    if (known === undefined) throw notFound("session", id);
    if (known.completed_at !== null)
      throw conflict(`Session ${id} is ${known.status} since ${known.completed_at}`);
    return store.sessions.complete(
      id,
      { status: body.status, output_summary: orNull(body.output_summary), metadata: orNull(body.metadata) },
      services.timestamp(),
    );
  });
  const { running } = store.sessions.present(session).counts;
  if (running > 0) warnings.push(`${running} of the session's runs are still running`);
  services.changes.publish([{ kind: "session", id }]);
  return c.json(withWarnings(answerOf(session), warnings));
}

async function createHandoff(c: AppContext, services: Services): Promise<Response> {
  const { id: session_id } = sessionOfPath(c, services);
  const { body, warnings } = await readObject(c, services, CREATE_HANDOFF);
  const asked = {
    session_id,
    source_run_id: orNull(body.source_run_id),
    source_agent_id: orNull(body.source_agent_id),
    target_run_id: orNull(body.target_run_id),
    target_agent_id: orNull(body.target_agent_id),
    trigger_event_id: orNull(body.trigger_event_id),
    reason: orNull(body.reason),
    input_summary: orNull(body.input_summary),
    payload_summary: orNull(body.payload_summary),
    status: body.status ?? "requested",
  };
  const { handoffs } = services.store;
  const handoff = services.store.transaction(
    () => handoffs.sameImport(asked) ?? handoffs.create(asked, services.timestamp()),
  );
  services.changes.publish([
    { kind: "handoff", id: handoff.id, session_id },
    { kind: "session", id: session_id },
  ]);
  return c.json(withWarnings(handoff, warnings), 201);
}

export const sessionRoutes: readonly Route[] = [
  { method: "POST", path: "/v1/sessions", summary: "Open a session", handle: createSession },
  {
    method: "POST",
    path: "/v1/sessions/:sessionId/complete",
    summary: "Complete a session, once",
    handle: completeSession,
  },
  {
    method: "POST",
    path: "/v1/sessions/:sessionId/handoffs",
    summary: "Record a hand-off between runs of a session",
    handle: createHandoff,
  },
];
