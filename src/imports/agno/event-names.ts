/** Names of Agno's events: those of a team and of a workflow's run say the same as an agent's, with another first word. */
import { type Json, text } from "../json.ts";

/** Events of a workflow that say what those of a run do. */
const WORKFLOW: ReadonlyMap<string, string> = new Map(
  ["Started", "Completed", "Error", "Cancelled", "Paused"].map((stage) => [
    `Workflow${stage}`,
    `Run${stage}`,
  ]),
);

/** Events that only a team has. */
const TEAM_ONLY = /^TeamTask/;

/** The name without what says whose it is: `TeamToolCallStarted` is `ToolCallStarted`, `WorkflowError` is `RunError`. */
export function bareName(event: Json): string {
  const name = text(event.event) ?? "";
  if (name.startsWith("Team") && !TEAM_ONLY.test(name)) return name.slice("Team".length);
  return WORKFLOW.get(name) ?? name;
}
