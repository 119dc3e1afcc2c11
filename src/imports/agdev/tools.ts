/** Which tools are whose: ag.dev's own, those of an MCP server, and those nothing is known of. */
import { type Json, list, object, objects, text } from "../json.ts";
import type { AgDevDocument } from "./document.ts";
import type { AgDevContext } from "./options.ts";

/** What tools of ag.dev's own do, by the names its configuration has for them. */
const BUILT_IN: ReadonlyMap<string, string> = new Map([
  ["searchWeb", "read"],
  ["searchNews", "read"],
  ["browseWebsite", "read"],
  ["codeInterpreter", "execute"],
]);

export interface ToolKind {
  /** The MCP server it is of. */
  server: string | undefined;
  isBuiltIn: boolean;
  /** As `agent.action.type`. */
  action: string | undefined;
}

/** Tools of the run's revision; where that is not given, those the agent has now. */
function configured({ revision, agent }: AgDevDocument): Json[] {
  const of = object(revision?.config)?.tools ?? object(agent?.config)?.tools ?? agent?.tools;
  return objects(of).map(({ item }) => item);
}

export function toolKinds(document: AgDevDocument, context: AgDevContext): (name: string) => ToolKind {
  const servers = new Map<string, string>();
  const builtIn = new Set(BUILT_IN.keys());
  for (const { source, type, serverId, enabledTools } of configured(document)) {
    const server = text(serverId);
    if (source === "builtin" && typeof type === "string") builtIn.add(type);
    if (source !== "mcp" || server === undefined) continue;
    for (const tool of list(enabledTools))
      if (typeof tool === "string" && !servers.has(tool)) servers.set(tool, server);
  }
  return (name) => {
    const server = context.mcpServerOf?.(name) ?? servers.get(name);
    const isBuiltIn = server === undefined && builtIn.has(name);
    return { server, isBuiltIn, action: isBuiltIn ? BUILT_IN.get(name) : undefined };
  };
}
