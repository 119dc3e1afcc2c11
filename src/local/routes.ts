/** Every route of the local Apie, in one list: the server is built from it and `GET /api` answers it. */
import { agDevRoutes } from "./foreign/agdev/routes.ts";
import { agentOsRoutes } from "./foreign/agentos/routes.ts";
import { pageRoutes } from "./http/page.ts";
import type { Route } from "./http/route.ts";
import { approvalRoutes } from "./ingest/approvals.ts";
import { boundaryRoutes } from "./ingest/boundary.ts";
import { guardrailRoutes as evaluationRoutes } from "./ingest/evaluate.ts";
import { eventRoutes as ingestRoutes } from "./ingest/events.ts";
import { healthRoutes } from "./ingest/health.ts";
import { identifyRoutes } from "./ingest/identify.ts";
import { policyRoutes } from "./ingest/policies.ts";
import { reportRoutes } from "./ingest/reports.ts";
import { runRoutes as openRunRoutes } from "./ingest/runs.ts";
import { sessionRoutes as openSessionRoutes } from "./ingest/sessions.ts";
import { otlpRoutes } from "./otlp/routes.ts";
import { agentRoutes } from "./read/agents.ts";
import { eventRoutes } from "./read/events.ts";
import { guardrailRoutes } from "./read/guardrails.ts";
import { runRoutes } from "./read/runs.ts";
import { sessionRoutes } from "./read/sessions.ts";
import { streamRoutes } from "./read/stream.ts";
import { traceRoutes } from "./read/traces.ts";

const directory: Route = {
  method: "GET",
  path: "/api",
  summary: "This list",
  handle: (c) => c.json({ routes: ROUTES.map(({ handle: _, ...route }) => route) }),
};

export const ROUTES: readonly Route[] = [
  ...healthRoutes,
  ...pageRoutes,
  // What Apie's clients call.
  ...identifyRoutes,
  ...boundaryRoutes,
  ...openRunRoutes,
  ...openSessionRoutes,
  ...ingestRoutes,
  ...evaluationRoutes,
  ...approvalRoutes,
  ...reportRoutes,
  // What OpenTelemetry SDKs call.
  ...otlpRoutes,
  // What the page, the command line and curious people read.
  directory,
  ...agentRoutes,
  ...sessionRoutes,
  ...runRoutes,
  ...eventRoutes,
  ...traceRoutes,
  ...guardrailRoutes,
  ...policyRoutes,
  ...streamRoutes,
  // What tools of other systems read.
  ...agentOsRoutes,
  ...agDevRoutes,
];
