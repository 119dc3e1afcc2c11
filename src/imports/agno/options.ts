/** What the application knows of a document of Agno that the document does not say. */

export interface AgnoContext {
  /** Session of runs that do not name theirs: those of `GET /sessions/{id}/runs`, where it is in the URL. */
  sessionId?: string | undefined;
  /** Type of that session. Default: by its first run. */
  sessionType?: "agent" | "team" | "workflow" | undefined;
  /** Whether the sessions are over: they are then completed. Default `false`: a session of Agno goes on whenever its user does. */
  sessionsEnded?: boolean | undefined;
  /** MCP server a tool is of; Agno does not say. Default: tools are functions. */
  mcpServerOf?: ((toolName: string) => string | undefined) | undefined;
  /** Whether a hook is a guardrail. Default: when its name ends in `Guardrail`. */
  isGuardrail?: ((hookName: string) => boolean) | undefined;
  /** Attributes of the resource the spans are of. Default `{ "service.name": "agno" }`. */
  resource?: Readonly<Record<string, string | number | boolean>> | undefined;
}
