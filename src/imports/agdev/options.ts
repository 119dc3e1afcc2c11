/** What an import of a run of ag.dev is given: answers of its API, and what the application knows beside them. */
import type { AgentSessionKind } from "../../semconv/index.ts";

/** Bodies as they came, parsed. A run without the others is taken as well. */
export interface AgDevBundle {
  /** Of `GET /agents/{agentId}/runs/{runId}`, or of the webhook that tells of a run's end. */
  run: unknown;
  /**
   * Of `GET /agents/{agentId}/runs/{runId}/events`: `{ data, pagination }`, `{ items, total, page, pageSize }`, or the events of
   * all pages in one list. Without it the run is told without its work.
   */
  events?: unknown;
  /** Of `GET /agents/{agentId}/revisions/{revisionId}`: which tools are those of an MCP server, which models were used. */
  revision?: unknown;
  /** Of `GET /agents/{agentId}`: the agent's name. */
  agent?: unknown;
}

export interface AgDevContext {
  /** Session the run is of. ag.dev has none: it is the application that knows which runs belong together. Default: none. */
  sessionId?: string | undefined;
  /** Default `single_agent`; `pipeline` where several agents of ag.dev take turns. */
  sessionKind?: AgentSessionKind | undefined;
  /** Whether this is the session's last run: the session is then completed. Default `false`. */
  sessionEnded?: boolean | undefined;
  /** Key of the agent. Default: its id at ag.dev. */
  agentKey?: string | undefined;
  /** Name of the agent. Default: as the bundle's `agent` says, else none. */
  agentName?: string | undefined;
  /** MCP server a tool is of, where no revision says so. It is asked first. */
  mcpServerOf?: ((toolName: string) => string | undefined) | undefined;
  /** Attributes of the resource the spans are of. Default `{ "service.name": "ag.dev" }`. */
  resource?: Readonly<Record<string, string | number | boolean>> | undefined;
}
