/** Where AgentOS of Agno answers with runs of a session (`agno/os/routers/session`, 2.9), for tools that read those. */
import { z } from "zod";
import { pathParameter, readQuery, textFilter, wholeNumber } from "../../http/query.ts";
import { notFound } from "../../http/refusal.ts";
import type { AppContext, Route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { SessionRuns } from "./session.ts";

/** Seconds since the epoch. */
const time = wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER, fallback: undefined });

const COMMON = {
  type: z.enum(["agent", "team", "workflow"]).optional(),
  user_id: textFilter,
  // Here is one database, with one table.
  db_id: textFilter,
  table: textFilter,
};

/** @throws Refusal 404 */
function sessionRuns(
  c: AppContext,
  { store }: Services,
  query: z.output<z.ZodObject<typeof COMMON>>,
): SessionRuns {
  const id = pathParameter(c, "sessionId");
  const session = store.sessions.byId(id) ?? store.sessions.bySourceId(id);
  const runs = session && new SessionRuns(store, session, id, query.type);
  if (runs === undefined || (query.user_id !== undefined && !runs.isOf(query.user_id)))
    throw notFound("session", id);
  return runs;
}

/** The list one run at a time: a session is as long as it is. What goes wrong under way cuts the answer short. */
function streamed(runs: Iterable<unknown>, onError: (error: unknown) => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = runs[Symbol.iterator]();
  let separator = "[";
  return new ReadableStream(
    {
      pull(controller) {
        try {
          const { done, value } = iterator.next();
          if (done !== true) {
            controller.enqueue(encoder.encode(separator + JSON.stringify(value)));
            separator = ",";
            return;
          }
          controller.enqueue(encoder.encode(separator === "[" ? "[]" : "]"));
          controller.close();
        } catch (error) {
          onError(error);
          controller.error(error);
        }
      },
    },
    { highWaterMark: 0 },
  );
}

function listRuns(c: AppContext, services: Services): Response {
  const query = readQuery(c, { ...COMMON, created_after: time, created_before: time });
  const runs = sessionRuns(c, services, query);
  const { method, path } = c.req;
  const told = { method, path, requestId: c.get("requestId") };
  const body = streamed(runs.list(query), (error) => services.settings.onError(error, told));
  return c.body(body, 200, { "content-type": "application/json" });
}

function readRun(c: AppContext, services: Services): Response {
  const runs = sessionRuns(c, services, readQuery(c, COMMON));
  const id = pathParameter(c, "runId");
  const run = runs.find(id);
  if (run === undefined) throw notFound("run", id);
  return c.json(run);
}

const QUERY = {
  type: "agent, team or workflow: the schemas to answer in; by default those of the session's kind",
  user_id: "user the session has runs of",
  db_id: "any: there is one database",
  table: "any: there is one table",
};

export const agentOsRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/sessions/:sessionId/runs",
    summary: "Runs of a session as AgentOS of Agno 2.9 answers them, in the order they were opened",
    query: {
      ...QUERY,
      created_after: "seconds since the epoch, included",
      created_before: "seconds since the epoch, included",
    },
    handle: listRuns,
  },
  {
    method: "GET",
    path: "/sessions/:sessionId/runs/:runId",
    summary: "One run of a session as AgentOS of Agno 2.9 answers it",
    query: QUERY,
    handle: readRun,
  },
];
