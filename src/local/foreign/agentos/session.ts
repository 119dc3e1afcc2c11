/** Runs of a session, as an AgentOS would have stored them. */

import { members, textOf } from "../../members.ts";
import { fromJson } from "../../store/database.ts";
import type { Store } from "../../store/index.ts";
import type { RunRow } from "../../store/runs.ts";
import type { SessionRow } from "../../store/sessions.ts";
import { type RecordedRun, readRun, startOf, userOf } from "../recorded.ts";
import { type Json, kindOf, type RunKind } from "./names.ts";
import { type Showing, showRun } from "./run.ts";

const TYPES: Readonly<Record<string, RunKind>> = { multi_agent: "team", pipeline: "workflow" };

export interface RunFilter {
  /** Session type, which decides on the schemas; by default the session's own. */
  readonly type?: RunKind | undefined;
  /** Bounds of when the run began, both included, in seconds since the epoch. */
  readonly created_after?: number | undefined;
  readonly created_before?: number | undefined;
}

const openingOf = (row: RunRow) => members(fromJson(row.metadata));

export class SessionRuns {
  readonly #store: Store;
  readonly #rows: readonly RunRow[];
  readonly #type: RunKind;
  readonly #showing: Showing;
  /** Runs that stand within the run of a workflow, by that. */
  readonly #within = new Map<string, RunRow[]>();

  /** @param askedFor id of the session as it was asked for, which is the one that the runs say. */
  constructor(store: Store, session: SessionRow, askedFor: string, type: RunKind | undefined) {
    this.#store = store;
    this.#type = type ?? TYPES[session.kind] ?? "agent";
    this.#rows = store.runs.ofSession(session.id);
    const workflows = new Set(
      this.#rows.filter((row) => kindOf(openingOf(row)) === "workflow").map(({ id }) => id),
    );
    for (const row of this.#rows) {
      if (row.parent_run_id === null || !workflows.has(row.parent_run_id)) continue;
      const siblings = this.#within.get(row.parent_run_id) ?? [];
      this.#within.set(row.parent_run_id, [...siblings, row]);
    }
    this.#showing = {
      sessionId: askedFor,
      runOfHandoff: store.events.runsOfHandoffs(session.id),
      executorsOf: ({ row }) => (this.#within.get(row.id) ?? []).map((one) => readRun(store, one)),
    };
  }

  /** Whether a run was done for this user. */
  isOf(userId: string): boolean {
    return this.#rows.some((row) => userOf({ opening: openingOf(row) }) === userId);
  }

  /** In the order they were opened, one at a time. */
  *list({ created_after, created_before }: RunFilter): Generator<Json> {
    for (const row of this.#rows) {
      if (this.#isWithin(row)) continue;
      const began = Math.floor(startOf(row) / 1_000_000);
      if (began < (created_after ?? began) || began > (created_before ?? began)) continue;
      yield this.#shown(readRun(this.#store, row));
    }
  }

  /** @param runId ours, or that of whoever recorded it. */
  find(runId: string): Json | undefined {
    const row =
      this.#rows.find(({ id }) => id === runId) ??
      this.#rows.find((one) => textOf(openingOf(one).run_id) === runId);
    return row === undefined ? undefined : this.#shown(readRun(this.#store, row));
  }

  #shown(run: RecordedRun): Json {
    return showRun(run, this.#type, this.#showing);
  }

  #isWithin({ parent_run_id, id }: RunRow): boolean {
    return parent_run_id !== null && this.#within.get(parent_run_id)?.some((row) => row.id === id) === true;
  }
}
