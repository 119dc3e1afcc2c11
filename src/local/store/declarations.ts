/** The boundary agents declare: capabilities and tools. */
import { newId } from "../ids.ts";
import { type Database, fromJson, toJson } from "./database.ts";

export interface DeclaredCapability {
  readonly id: string;
  readonly tool: { readonly name: string; readonly provider: string | null };
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly environments: readonly string[];
  readonly risk_level: string | null;
  readonly declared_at: string;
}

export interface DefinedTool {
  readonly id: string;
  readonly name: string;
  readonly provider: string | null;
  readonly description: string | null;
  readonly input_schema: unknown;
  readonly action_types: readonly string[];
  readonly resource_types: readonly string[];
  readonly risk_level: string | null;
  readonly defined_at: string;
}

type Text = string | null;
type CapabilityRow = Record<
  "id" | "tool_name" | "tool_provider" | "actions" | "resources" | "environments" | "declared_at",
  string
> & {
  risk_level: Text;
};
type ToolRow = Record<
  "id" | "name" | "provider" | "action_types" | "resource_types" | "defined_at",
  string
> & {
  description: Text;
  input_schema: Text;
  risk_level: Text;
};

const listOf = (json: string): string[] => JSON.parse(json) as string[];

export class DeclarationStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Declares a capability; one for the same tool and provider is replaced. */
  declare(
    agentId: string,
    capability: Omit<DeclaredCapability, "id" | "declared_at">,
    now: string,
  ): DeclaredCapability {
    const { id } = this.#db.get<{ id: string }>(
      `INSERT INTO capabilities
         (id, agent_id, tool_name, tool_provider, actions, resources, environments, risk_level, declared_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (agent_id, tool_name, tool_provider) DO UPDATE SET
         actions = excluded.actions, resources = excluded.resources, environments = excluded.environments,
         risk_level = excluded.risk_level, declared_at = excluded.declared_at
       RETURNING id`,
      newId("cap"),
      agentId,
      capability.tool.name,
      capability.tool.provider ?? "",
      JSON.stringify(capability.actions),
      JSON.stringify(capability.resources),
      JSON.stringify(capability.environments),
      capability.risk_level,
      now,
    ) as { id: string };
    return { id, ...capability, declared_at: now };
  }

  capabilities(agentId: string): DeclaredCapability[] {
    return this.#db
      .all<CapabilityRow>(
        "SELECT * FROM capabilities WHERE agent_id = ? ORDER BY tool_name, tool_provider",
        agentId,
      )
      .map((row) => ({
        id: row.id,
        tool: { name: row.tool_name, provider: row.tool_provider || null },
        actions: listOf(row.actions),
        resources: listOf(row.resources),
        environments: listOf(row.environments),
        risk_level: row.risk_level,
        declared_at: row.declared_at,
      }));
  }

  /** Defines a tool; one of the same name and provider is replaced. `created`: there was none. */
  define(
    agentId: string,
    tool: Omit<DefinedTool, "id" | "defined_at">,
    now: string,
  ): DefinedTool & { created: boolean } {
    const fresh = newId("tool");
    const { id } = this.#db.get<{ id: string }>(
      `INSERT INTO tools
         (id, agent_id, name, provider, description, input_schema, action_types, resource_types, risk_level, defined_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (agent_id, name, provider) DO UPDATE SET
         description = excluded.description, input_schema = excluded.input_schema,
         action_types = excluded.action_types, resource_types = excluded.resource_types,
         risk_level = excluded.risk_level, defined_at = excluded.defined_at
       RETURNING id`,
      fresh,
      agentId,
      tool.name,
      tool.provider ?? "",
      tool.description,
      toJson(tool.input_schema),
      JSON.stringify(tool.action_types),
      JSON.stringify(tool.resource_types),
      tool.risk_level,
      now,
    ) as { id: string };
    return { id, ...tool, defined_at: now, created: id === fresh };
  }

  tools(agentId: string): DefinedTool[] {
    return this.#db
      .all<ToolRow>("SELECT * FROM tools WHERE agent_id = ? ORDER BY name, provider", agentId)
      .map((row) => ({
        id: row.id,
        name: row.name,
        provider: row.provider || null,
        description: row.description,
        input_schema: fromJson(row.input_schema),
        action_types: listOf(row.action_types),
        resource_types: listOf(row.resource_types),
        risk_level: row.risk_level,
        defined_at: row.defined_at,
      }));
  }
}
