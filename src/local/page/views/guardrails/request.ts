/** What an action that was asked about is, in words. */
import { membersOf, textOf } from "../../data/members.ts";

export interface Asked {
  readonly agent: string | undefined;
  readonly tool: string | undefined;
  readonly action: string | undefined;
  readonly resource: string | undefined;
  readonly environment: string | undefined;
  readonly risk: string | undefined;
}

export function askedOf(request: unknown): Asked {
  const { agent_key, tool, action, resource, risk_level } = membersOf(request);
  const [theTool, theAction, theResource] = [membersOf(tool), membersOf(action), membersOf(resource)];
  const both = (...parts: unknown[]): string | undefined =>
    parts.map(textOf).filter(Boolean).join(" ") || undefined;
  return {
    agent: textOf(agent_key),
    tool: [theTool.provider, theTool.name].map(textOf).filter(Boolean).join("/") || undefined,
    action: theAction.name === theAction.type ? textOf(theAction.type) : both(theAction.type, theAction.name),
    resource: both(theResource.type, theResource.external_id),
    environment: textOf(theResource.environment),
    risk:
      textOf(risk_level) ??
      textOf(theAction.risk_level) ??
      textOf(theAction.riskLevel) ??
      textOf(theTool.riskLevel),
  };
}
