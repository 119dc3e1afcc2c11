import { AgentStore } from "./agents.ts";
import type { Database } from "./database.ts";
import { DeclarationStore } from "./declarations.ts";
import { EventStore } from "./events.ts";
import { GuardrailStore } from "./guardrails.ts";
import { HandoffStore } from "./handoffs.ts";
import { ObservedStore } from "./observed.ts";
import { openDatabase } from "./open.ts";
import { PolicyStore } from "./policies.ts";
import { ReportStore } from "./reports.ts";
import { RunStore } from "./runs.ts";
import { SessionStore } from "./sessions.ts";
import { SpanStore } from "./spans.ts";

/** All that the local Apie keeps. Every call is synchronous; the writes of one request go in one transaction. */
export class Store {
  readonly #db: Database;
  readonly agents: AgentStore;
  readonly declarations: DeclarationStore;
  readonly sessions: SessionStore;
  readonly runs: RunStore;
  readonly handoffs: HandoffStore;
  readonly events: EventStore;
  readonly observed: ObservedStore;
  readonly guardrails: GuardrailStore;
  readonly policies: PolicyStore;
  readonly reports: ReportStore;
  readonly spans: SpanStore;

  constructor(db: Database) {
    this.#db = db;
    this.agents = new AgentStore(db);
    this.declarations = new DeclarationStore(db);
    this.sessions = new SessionStore(db);
    this.runs = new RunStore(db);
    this.handoffs = new HandoffStore(db);
    this.events = new EventStore(db);
    this.observed = new ObservedStore(db);
    this.guardrails = new GuardrailStore(db);
    this.policies = new PolicyStore(db);
    this.reports = new ReportStore(db);
    this.spans = new SpanStore(db);
  }

  /** @throws LocalApieError when this Node has no node:sqlite or the file is not ours */
  static async open(
    path: string | undefined,
    warn: (message: string) => void = () => undefined,
  ): Promise<Store> {
    return new Store(await openDatabase(path, warn));
  }

  /** All or nothing: whatever `work` throws, nothing of it is kept. */
  transaction<T>(work: () => T): T {
    return this.#db.transaction(work);
  }

  /** Whether the database answers. */
  healthy(): boolean {
    try {
      return this.#db.get<{ one: number }>("SELECT 1 AS one")?.one === 1;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#db.close();
  }
}
