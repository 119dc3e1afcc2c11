/** Declared against observed: what an agent said it would do, what its events show, and where the two differ. */
import type { Store } from "./store/index.ts";
import type { ObservedFilter, ObservedUse } from "./store/observed.ts";

/** What is declared for one tool, from capabilities, tool definitions and the tools of the latest version together. */
export interface DeclaredTool {
  readonly tool: string;
  /** Empty lists restrict nothing. */
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly environments: readonly string[];
}

export interface Drift {
  /** Tools in use that nothing declares. */
  readonly undeclared_tools: readonly { tool: string; events: number }[];
  /** Declared tools used for actions, on resources or in environments that are not declared for them. */
  readonly undeclared_actions: readonly { tool: string; action: string; events: number }[];
  readonly undeclared_resources: readonly { tool: string; resource: string; events: number }[];
  readonly undeclared_environments: readonly { tool: string; environment: string; events: number }[];
  /** Declared tools that no event names. */
  readonly unused_tools: readonly string[];
}

type VersionTool = { name: string; action_types?: string[]; resource_types?: string[] };

const join = (...lists: readonly (readonly string[] | undefined)[]): string[] => [
  ...new Set(lists.flatMap((l) => l ?? [])),
];

/** By tool name: providers are told differently by declarations and events, so they do not separate tools here. */
export function declaredTools(store: Store, agentId: string): Map<string, DeclaredTool> {
  const declared = new Map<string, DeclaredTool>();
  const add = (
    tool: string,
    actions?: readonly string[],
    resources?: readonly string[],
    environments?: readonly string[],
  ) => {
    const known = declared.get(tool);
    declared.set(tool, {
      tool,
      actions: join(known?.actions, actions),
      resources: join(known?.resources, resources),
      environments: join(known?.environments, environments),
    });
  };
  const [latest] = store.agents.versions(agentId, 1);
  for (const tool of (latest?.config as { tools?: VersionTool[] } | undefined)?.tools ?? []) {
    add(tool.name, tool.action_types, tool.resource_types);
  }
  for (const tool of store.declarations.tools(agentId)) {
    add(tool.name, tool.action_types, tool.resource_types);
  }
  for (const capability of store.declarations.capabilities(agentId)) {
    add(capability.tool.name, capability.actions, capability.resources, capability.environments);
  }
  return declared;
}

/** Sums of events by tool and one more column. */
function sums<K extends "action" | "resource" | "environment">(
  uses: readonly ObservedUse[],
  column: K,
): { tool: string; value: string; events: number }[] {
  const found = new Map<string, { tool: string; value: string; events: number }>();
  for (const use of uses) {
    const { tool, events } = use;
    const value = use[column];
    if (tool === null || value === null) continue;
    const key = JSON.stringify([tool, value]);
    const sum = found.get(key) ?? { tool, value, events: 0 };
    sum.events += events;
    found.set(key, sum);
  }
  return [...found.values()];
}

/** What clients write where a call names no resource or environment: it says nothing, so it is beyond nothing. */
const UNKNOWN = "unknown";

function drift(declared: ReadonlyMap<string, DeclaredTool>, uses: readonly ObservedUse[]): Drift {
  const tools = new Map<string, number>();
  for (const { tool, events } of uses) if (tool !== null) tools.set(tool, (tools.get(tool) ?? 0) + events);
  const beyond = (
    column: "action" | "resource" | "environment",
    list: "actions" | "resources" | "environments",
  ) =>
    sums(uses, column).filter(({ tool, value }) => {
      const allowed = declared.get(tool)?.[list] ?? [];
      return allowed.length > 0 && value !== UNKNOWN && !allowed.includes(value);
    });
  return {
    undeclared_tools: [...tools]
      .filter(([tool]) => !declared.has(tool))
      .map(([tool, events]) => ({ tool, events })),
    undeclared_actions: beyond("action", "actions").map(({ tool, value, events }) => ({
      tool,
      action: value,
      events,
    })),
    undeclared_resources: beyond("resource", "resources").map(({ tool, value, events }) => ({
      tool,
      resource: value,
      events,
    })),
    undeclared_environments: beyond("environment", "environments").map(({ tool, value, events }) => ({
      tool,
      environment: value,
      events,
    })),
    unused_tools: [...declared.keys()].filter((tool) => !tools.has(tool)),
  };
}

const isoOf = (microseconds: number): string => new Date(microseconds / 1000).toISOString();

export function boundaryOf(store: Store, agentId: string, filter: ObservedFilter = {}) {
  const declared = declaredTools(store, agentId);
  const uses = store.observed.uses(agentId, filter);
  return {
    declared: [...declared.values()],
    observed: uses.map(({ first_us, last_us, ...use }) => ({
      ...use,
      first_seen_at: isoOf(first_us),
      last_seen_at: isoOf(last_us),
    })),
    drift: drift(declared, uses),
  };
}
