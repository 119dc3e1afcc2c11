import type { ChangeHub } from "./changes.ts";
import type { BodyBudget } from "./http/body-budget.ts";
import type { LocalApieSettings } from "./options.ts";
import type { Store } from "./store/index.ts";

/** What every route handler works with. */
export interface Services {
  readonly store: Store;
  readonly changes: ChangeHub;
  readonly settings: LocalApieSettings;
  readonly bodies: BodyBudget;
  /** Address of this server, without a trailing slash. */
  readonly url: () => string;
  /** The server's clock, ISO 8601 in milliseconds. Apie stamps starts and ends itself. */
  readonly timestamp: () => string;
  /** Aborted when the server closes; ends long polls and streams. */
  readonly closing: AbortSignal;
}
