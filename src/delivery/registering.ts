/** Has the agent registered before anything else is asked of Apie, and tells whoever waits for that. */
import { type Registration, toError } from "../apie-api/index.ts";
import type { ApieError } from "../model/errors.ts";
import type { Agenda } from "./agenda.ts";
import type { Passes } from "./passes.ts";
import type { Problems } from "./problems.ts";
import type { AgentRegistration } from "./registration.ts";
import type { Requests } from "./requests.ts";
import type { Counters } from "./totals.ts";

export interface RegisteringParts {
  registration: AgentRegistration;
  agenda: Agenda;
  passes: Passes;
  requests: Requests;
  counters: Counters;
  problems: Problems;
  onRegistered: (registration: Registration) => void;
  /** An attempt did not work out. */
  onSetBack: () => void;
}

export class Registering {
  readonly #parts: RegisteringParts;
  readonly #waiting: ((error: ApieError | undefined) => void)[] = [];
  /** Requests under way: one, or none. */
  underWay = 0;

  constructor(parts: RegisteringParts) {
    this.#parts = parts;
  }

  /** Resolves with the error that stands in the way when an attempt failed, with nothing once registered. */
  settled(): Promise<ApieError | undefined> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Nobody waits any longer. */
  giveUp(error: ApieError): void {
    for (const resolve of this.#waiting.splice(0)) resolve(error);
  }

  /** Asks Apie, if it may be asked now. */
  ask(now: number): void {
    const { registration, agenda, passes, requests, counters, problems } = this.#parts;
    const { attempted } = registration;
    if (registration.state === "asking" || !agenda.isDue(attempted, now)) return;
    const pass = passes.tryPass("registration", now);
    if (pass === undefined) return;
    counters.requests += 1;
    this.underWay += 1;
    requests.add(registration.ask(), (answer) => {
      this.underWay -= 1;
      if (answer.kind === "ok" || answer.kind === "invalid") passes.succeeded(attempted, pass);
      else {
        passes.setBack(attempted, pass, now, answer);
        this.#parts.onSetBack();
      }
      if (answer.kind === "ok") {
        this.#parts.onRegistered(answer.value);
        this.#declareCapabilities();
      }
      if (answer.kind === "invalid") {
        problems.add(toError(answer, "registration refused, going on without agent ids"));
      }
      for (const resolve of this.#waiting.splice(0)) resolve(registration.error);
    });
  }

  #declareCapabilities(): void {
    const { registration, requests, problems } = this.#parts;
    requests.add(registration.declareCapabilities(), (answer) => {
      if (answer !== undefined && answer.kind !== "ok")
        problems.add(toError(answer, "capabilities not declared"));
    });
  }
}
