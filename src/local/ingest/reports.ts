/** Boundary reports: what was declared and what was seen in a window of time, made at once from what is stored. */
import { boundaryOf } from "../boundary.ts";
import { readObject, withWarnings } from "../http/body.ts";
import { pathParameter } from "../http/query.ts";
import { notFound, refuseInvalidField } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";
import { type AgentRow, presentAgent } from "../store/agents.ts";
import type { ObservedFilter } from "../store/observed.ts";
import { orNull } from "../wire/fields.ts";
import { CREATE_REPORT, type CreateReportBody } from "../wire/guardrails.ts";
import { agentOfPath } from "./boundary.ts";

const HOUR_MS = 3_600_000;
const WINDOWS_MS = { "24h": 24 * HOUR_MS, "7d": 7 * 24 * HOUR_MS, "30d": 30 * 24 * HOUR_MS } as const;

function windowOf(body: CreateReportBody, now: number): { from: Date; to: Date } {
  if (body.time_window) {
    const window = { from: new Date(body.time_window.from), to: new Date(body.time_window.to) };
    if (window.from >= window.to)
      throw refuseInvalidField("time_window.from", "must be before time_window.to");
    return window;
  }
  // The millisecond that runs belongs to the window: an event sent just now is in the report.
  return { from: new Date(now - WINDOWS_MS[body.window ?? "7d"]), to: new Date(now + 1) };
}

/** Sections of a report by name; `sections` of the request picks some of them. */
function sectionsOf(services: Services, agent: AgentRow, filter: ObservedFilter): Record<string, unknown> {
  const { declared, observed, drift } = boundaryOf(services.store, agent.id, filter);
  return { activity: services.store.observed.activity(agent.id, filter), declared, observed, drift };
}

const urlsOf = (services: Services, id: string) => {
  const url = `${services.url()}/api/boundary-reports/${id}`;
  return { web_url: url, export_url: url, export_urls: { json: url } };
};

async function createReport(c: AppContext, services: Services): Promise<Response> {
  const agent = agentOfPath(c, services);
  const { body, warnings } = await readObject(c, services, CREATE_REPORT);
  const window = windowOf(body, services.settings.now());
  const environments = body.filters?.environments;
  const all = sectionsOf(services, agent, {
    ...window,
    environments: environments?.length ? environments : undefined,
    agentVersionId: body.filters?.agent_version_id ?? undefined,
  });
  const wanted = body.sections?.length ? body.sections : Object.keys(all);
  const unknown = wanted.filter((name) => !Object.hasOwn(all, name));
  if (unknown.length > 0) {
    warnings.push(`sections ${unknown.join(", ")} are not known; there are ${Object.keys(all).join(", ")}`);
  }
  const now = services.timestamp();
  const report = {
    title: body.title ?? `Boundary of ${agent.name ?? agent.key}`,
    report_type: body.report_type ?? "agent_boundary_report",
    agent: presentAgent(agent),
    time_window: { from: window.from.toISOString(), to: window.to.toISOString() },
    filters: orNull(body.filters),
    generated_at: now,
    ...Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name))),
  };
  const id = services.store.transaction(() => services.store.reports.create(agent.id, report, now));
  return c.json(
    withWarnings({ id, report_id: id, status: "generated", ...urlsOf(services, id) }, warnings),
    201,
  );
}

function findReport(c: AppContext, services: Services) {
  const id = pathParameter(c, "reportId");
  const found = services.store.reports.byId(id);
  if (found === undefined) throw notFound("boundary report", id);
  return found;
}

function readReport(c: AppContext, services: Services): Response {
  const { id, agent_id, created_at, report } = findReport(c, services);
  return c.json({
    id,
    report_id: id,
    agent_id,
    status: "generated",
    created_at,
    ...urlsOf(services, id),
    report,
  });
}

export const reportRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/agents/:agentId/boundary-reports",
    summary: "Make a boundary report: declared against observed in a window of time",
    handle: createReport,
  },
  {
    method: "GET",
    path: "/v1/boundary-reports/:reportId",
    summary: "A boundary report and where it can be read",
    handle: readReport,
  },
  {
    method: "GET",
    path: "/api/boundary-reports/:reportId",
    summary: "The JSON export of a boundary report",
    handle: (c, services) => c.json(findReport(c, services).report),
  },
];
