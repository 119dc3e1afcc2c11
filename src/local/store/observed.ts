/** What an agent was seen doing: aggregates over its events, for the boundary map and the boundary reports. */
import type { Database } from "./database.ts";
import { Conditions } from "./paging.ts";

export interface ObservedFilter {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly environments?: readonly string[] | undefined;
  readonly agentVersionId?: string | undefined;
}

/** One combination of tool, action, resource and environment, and how often events named it. */
export interface ObservedUse {
  tool: string | null;
  provider: string | null;
  action: string | null;
  resource: string | null;
  environment: string | null;
  events: number;
  /** `agent.tool.called` among them. */
  calls: number;
  first_us: number;
  last_us: number;
}

export interface Activity {
  readonly events: number;
  readonly runs: number;
  readonly errors: number;
  readonly failures: number;
  /** `agent.guardrail.evaluated` events by policy decision. */
  readonly decisions: Readonly<Record<string, number>>;
}

const MAX_COMBINATIONS = 5_000;

const micros = (date: Date | undefined): number | undefined =>
  date === undefined ? undefined : date.getTime() * 1000;

const conditions = (agentId: string, filter: ObservedFilter): Conditions =>
  new Conditions()
    .add("agent_id = ?", agentId)
    .add("occurred_us >= ?", micros(filter.from))
    .add("occurred_us < ?", micros(filter.to))
    .add(
      "environment IN (SELECT value FROM json_each(?))",
      filter.environments && JSON.stringify(filter.environments),
    )
    .add("json_extract(body, '$.agent_version_id') = ?", filter.agentVersionId);

export class ObservedStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The most used first; at most 5,000. */
  uses(agentId: string, filter: ObservedFilter = {}): ObservedUse[] {
    const where = conditions(agentId, filter).add(
      "coalesce(tool_name, action_type, resource_type) IS NOT NULL",
    );
    return this.#db.all<ObservedUse>(
      `SELECT tool_name AS tool, tool_provider AS provider, action_type AS action, resource_type AS resource, environment,
         count(*) AS events, sum(type = 'agent.tool.called') AS calls,
         min(occurred_us) AS first_us, max(occurred_us) AS last_us
       FROM events ${where.sql} GROUP BY 1, 2, 3, 4, 5 ORDER BY events DESC, 1, 3, 4 LIMIT ?`,
      ...where.values,
      MAX_COMBINATIONS,
    );
  }

  activity(agentId: string, filter: ObservedFilter): Activity {
    const where = conditions(agentId, filter);
    const evaluated = conditions(agentId, filter).add("type = 'agent.guardrail.evaluated'");
    const totals = this.#db.get<Record<"events" | "runs" | "errors" | "failures", number>>(
      `SELECT count(*) AS events, count(DISTINCT run_id) AS runs,
         coalesce(sum(type = 'agent.error'), 0) AS errors, coalesce(sum(type LIKE '%.failed'), 0) AS failures
       FROM events ${where.sql}`,
      ...where.values,
    );
    const decisions = this.#db.all<{ decision: string; events: number }>(
      `SELECT coalesce(json_extract(body, '$.decision.policyDecision'), 'unknown') AS decision, count(*) AS events
       FROM events ${evaluated.sql} GROUP BY 1 ORDER BY 1`,
      ...evaluated.values,
    );
    return {
      ...(totals ?? { events: 0, runs: 0, errors: 0, failures: 0 }),
      decisions: Object.fromEntries(decisions.map((row) => [String(row.decision), row.events])),
    };
  }
}
