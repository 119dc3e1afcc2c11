/** Guardrail policies: those of the documented templates that were enabled, and those somebody wrote. */
import type { Policy, PolicyMatch } from "../guardrails/policy.ts";
import { newId } from "../ids.ts";
import type { Database } from "./database.ts";

export interface StoredPolicy extends Policy {
  readonly id: string;
  readonly source: "template" | "custom";
  readonly enabled: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}

type Row = Omit<StoredPolicy, "match" | "enabled"> & { seq: number; match: string; enabled: number };

function present({ seq: _, match, enabled, ...row }: Row): StoredPolicy {
  return { ...row, match: JSON.parse(match) as PolicyMatch, enabled: enabled === 1 };
}

export class PolicyStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** In order of their making. */
  all(): StoredPolicy[] {
    return this.#db.all<Row>("SELECT * FROM policies ORDER BY seq").map(present);
  }

  enabled(): StoredPolicy[] {
    return this.#db.all<Row>("SELECT * FROM policies WHERE enabled = 1 ORDER BY seq").map(present);
  }

  find(key: string): StoredPolicy | undefined {
    const row = this.#db.get<Row>("SELECT * FROM policies WHERE key = ?", key);
    return row === undefined ? undefined : present(row);
  }

  /** Makes a policy, or puts it in the place of the one of the same key. */
  put(policy: Policy, source: StoredPolicy["source"], enabled: boolean, now: string): StoredPolicy {
    const row = this.#db.get<Row>(
      `INSERT INTO policies (id, key, name, decision, reason, match, source, enabled, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET
         name = excluded.name, decision = excluded.decision, reason = excluded.reason, match = excluded.match,
         source = excluded.source, enabled = excluded.enabled, updated_at = excluded.updated_at
       RETURNING *`,
      newId("pol"),
      policy.key,
      policy.name,
      policy.decision,
      policy.reason,
      JSON.stringify(policy.match),
      source,
      enabled ? 1 : 0,
      now,
      now,
    ) as Row;
    return present(row);
  }

  /** False when there is none of that key. */
  remove(key: string): boolean {
    return this.#db.run("DELETE FROM policies WHERE key = ?", key) === 1;
  }
}
