/** Registers the agent with Apie. Every open waits for it; it is tried until it works or is refused for its content. */
import {
  type Answer,
  type ApieClient,
  type IdentifyBody,
  type Registration,
  toError,
} from "../apie-api/index.ts";
import type { ApieError } from "../model/errors.ts";
import { type Attempted, untried } from "./attempts.ts";

export type RegistrationState = "idle" | "asking" | "registered" | "refused";

export class AgentRegistration {
  readonly #client: ApieClient;
  readonly #body: IdentifyBody;
  readonly #capabilities: readonly unknown[];
  readonly attempted: Attempted = untried();
  state: RegistrationState = "idle";
  /** What Apie answered last; kept while the agent is registered again. */
  value: Registration = {};
  /** The last failure, for `ready()` and the doctor. */
  failure: Exclude<Answer<unknown>, { kind: "ok" }> | undefined;

  constructor(client: ApieClient, body: IdentifyBody, capabilities: readonly unknown[]) {
    this.#client = client;
    this.#body = body;
    this.#capabilities = capabilities;
  }

  /** Registered, or refused in a way that repeating does not change: opens then go without agent ids. */
  get isSettled(): boolean {
    return this.state === "registered" || this.state === "refused";
  }

  /** The last failure as an error. */
  get error(): ApieError | undefined {
    return this.failure === undefined ? undefined : toError(this.failure, "registration");
  }

  /** To be asked for anew. An answer under way is as good. */
  forget(): void {
    if (this.state !== "asking") this.state = "idle";
  }

  async ask(): Promise<Answer<Registration>> {
    this.state = "asking";
    const answer = await this.#client.identify(this.#body);
    if (answer.kind === "ok") {
      this.state = "registered";
      this.value = answer.value;
      this.failure = undefined;
    } else {
      this.state = answer.kind === "invalid" ? "refused" : "idle";
      this.failure = answer;
    }
    return answer;
  }

  /** Declares the configured boundary. A failure is told, and does not undo the registration. */
  async declareCapabilities(): Promise<Answer<unknown> | undefined> {
    if (this.#capabilities.length === 0 || this.value.agentId === undefined) return undefined;
    return this.#client.declareCapabilities(this.value.agentId, this.#capabilities);
  }
}
