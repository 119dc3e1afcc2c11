/** Agents and their versions. */
import { newId } from "../ids.ts";
import { type Database, fromJson } from "./database.ts";
import { Conditions, type Cursor, type Page, pageByArrival, presented } from "./paging.ts";

export interface AgentRow {
  seq: number;
  id: string;
  key: string;
  name: string | null;
  purpose: string | null;
  owner_email: string | null;
  team: string | null;
  description: string | null;
  mode: string | null;
  identified: number;
  first_seen_at: string;
  last_seen_at: string;
}

export interface AgentIdentity {
  readonly key: string;
  readonly name: string;
  readonly purpose: string | null;
  readonly owner_email: string | null;
  readonly team: string | null;
  readonly description: string | null;
  readonly mode: string | null;
}

export interface AgentVersion {
  readonly id: string;
  readonly config_hash: string;
  readonly config: unknown;
  readonly created_at: string;
  readonly last_identified_at: string;
}

/** The agent as the read API shows it. */
export function presentAgent({ seq: _, identified, ...agent }: AgentRow) {
  return { ...agent, identified: identified === 1 };
}

export class AgentStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  byId(id: string): AgentRow | undefined {
    return this.#db.get<AgentRow>("SELECT * FROM agents WHERE id = ?", id);
  }

  byKey(key: string): AgentRow | undefined {
    return this.#db.get<AgentRow>("SELECT * FROM agents WHERE key = ?", key);
  }

  /** The agent of this key; made when it was never seen, as any key may come on a run or an event. */
  touch(key: string, now: string): { agent: AgentRow; created: boolean } {
    const known = this.byKey(key);
    if (known !== undefined) {
      this.#db.run("UPDATE agents SET last_seen_at = ? WHERE id = ?", now, known.id);
      return { agent: known, created: false };
    }
    const id = newId("agt");
    this.#db.insert("agents", { id, key, first_seen_at: now, last_seen_at: now });
    return { agent: this.byId(id) as AgentRow, created: true };
  }

  /** Registers or updates the agent itself. `created`: it was not identified before. */
  identify(identity: AgentIdentity, now: string): { id: string; created: boolean } {
    const { agent } = this.touch(identity.key, now);
    this.#db.run(
      `UPDATE agents SET name = ?, purpose = ?, owner_email = ?, team = ?, description = ?, mode = ?, identified = 1
       WHERE id = ?`,
      identity.name,
      identity.purpose,
      identity.owner_email,
      identity.team,
      identity.description,
      identity.mode,
      agent.id,
    );
    return { id: agent.id, created: agent.identified === 0 };
  }

  /** The version with this configuration; made when it is new. */
  version(
    agentId: string,
    configHash: string,
    config: unknown,
    now: string,
  ): { id: string; created: boolean } {
    const known = this.#db.get<{ id: string }>(
      `UPDATE agent_versions SET last_identified_at = ? WHERE agent_id = ? AND config_hash = ? RETURNING id`,
      now,
      agentId,
      configHash,
    );
    if (known !== undefined) return { id: known.id, created: false };
    const id = newId("ver");
    this.#db.insert("agent_versions", {
      id,
      agent_id: agentId,
      config_hash: configHash,
      config: JSON.stringify(config),
      created_at: now,
      last_identified_at: now,
    });
    return { id, created: true };
  }

  /** Versions, the one identified last first. */
  versions(agentId: string, limit: number): AgentVersion[] {
    return this.#db
      .all<Record<keyof AgentVersion, string>>(
        `SELECT id, config_hash, config, created_at, last_identified_at FROM agent_versions
         WHERE agent_id = ? ORDER BY last_identified_at DESC, seq DESC LIMIT ?`,
        agentId,
        limit,
      )
      .map((row) => ({ ...row, config: fromJson(row.config) }));
  }

  /** Newest first. */
  list(limit: number, cursor: Cursor | undefined): Page<ReturnType<typeof presentAgent>> {
    const reading = { order: "newest", limit, cursor } as const;
    const page = pageByArrival<AgentRow>(this.#db, "* FROM agents", new Conditions(), reading);
    return presented(page, presentAgent);
  }
}
