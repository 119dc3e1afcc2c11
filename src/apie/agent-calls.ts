/** What asks Apie about the agent itself and waits for the answer: registration, declarations, validation, test events. */
import {
  type Answer,
  type ApieClient,
  detachedTimer,
  type Registration,
  toError,
} from "../apie-api/index.ts";
import type { ApieConfig, CapabilityOptions, ToolOptions } from "../config/index.ts";
import {
  type EventValidation,
  sendTestEvent,
  type TestEventMode,
  type TestEventResult,
  validate,
} from "../diagnostics/index.ts";
import { Redactor } from "../events/index.ts";
import { members } from "../instrument/index.ts";
import { ApieError, reasonOf } from "../model/errors.ts";
import { type Pipeline, withoutSecrets } from "../processor/index.ts";

const TEST_MODES = ["pipeline", "single", "proof"] as const satisfies TestEventMode[];

export class AgentCalls {
  readonly #config: ApieConfig;
  readonly #pipeline: Pipeline | undefined;

  /** @param pipeline absent while the client is switched off: then nothing is asked. */
  constructor(config: ApieConfig, pipeline: Pipeline | undefined) {
    this.#config = config;
    this.#pipeline = pipeline;
  }

  /** As far as Apie has answered. */
  get registration(): Registration {
    return this.#pipeline?.delivery.registration.value ?? {};
  }

  ready(): Promise<Registration> {
    return this.#registered((pipeline) => pipeline.delivery.whenRegistered());
  }

  identify(): Promise<Registration> {
    return this.#registered((pipeline) => pipeline.delivery.identify());
  }

  async declare(capabilities: readonly CapabilityOptions[]): Promise<void> {
    const call = "capabilities.declare";
    if (!Array.isArray(capabilities)) throw badArgument(`${call}: expected a list of capabilities`);
    capabilities.forEach((capability, index) => {
      if (!isText(members(members(capability).tool).name))
        throw badArgument(`${call}: ${index}.tool.name: expected the tool's name`);
    });
    const body = this.#jsonOf(call, capabilities).map(known);
    for (const capability of capabilities) this.#pipeline?.boundary.declare(capability);
    await this.#aboutAgent(call, (client, agentId) => client.declareCapabilities(agentId, body));
  }

  async define(tool: ToolOptions): Promise<void> {
    const call = "tools.define";
    // The protocol has no environments here.
    const { environments, ...described } = members(tool);
    if (!isText(described.name)) throw badArgument(`${call}: name: expected the tool's name`);
    const body = known(this.#jsonOf(call, described));
    this.#pipeline?.boundary.define(tool);
    await this.#aboutAgent(call, (client, agentId) => client.defineTool(agentId, body));
  }

  async validateEvents(events: unknown, options?: { remote?: boolean }): Promise<EventValidation> {
    const asked = members(options).remote === false ? undefined : this.#pipeline;
    return validate(events, asked?.client, asked?.redactor);
  }

  async sendTestEvent(input?: { mode?: TestEventMode }): Promise<TestEventResult> {
    const pipeline = this.#pipeline;
    if (pipeline === undefined)
      throw new ApieError("disabled", "sendTestEvent: the client is disabled (enabled: false)");
    const wanted = members(input).mode ?? "pipeline";
    const mode = TEST_MODES.find((one) => one === wanted);
    if (mode === undefined) {
      const words = TEST_MODES.map((one) => `"${one}"`).join(", ");
      throw badArgument(`sendTestEvent: mode: expected one of ${words}`);
    }
    const { agentId, agentVersionId } = await this.ready();
    const { agent, runtime } = this.#config;
    const { redactor } = pipeline;
    return sendTestEvent(
      {
        client: pipeline.client,
        agentKey: redactor.identity(agent.key),
        agentId,
        agentVersionId,
        environment: runtime?.environment === undefined ? undefined : redactor.secrets(runtime.environment),
        mode: this.#config.mode,
      },
      mode,
    );
  }

  async #registered(ask: (pipeline: Pipeline) => Promise<ApieError | undefined>): Promise<Registration> {
    const pipeline = this.#pipeline;
    if (pipeline === undefined) return {};
    const { flushTimeoutMs } = this.#config;
    const error = await new Promise<ApieError | undefined>((resolve) => {
      const late = new ApieError("timeout", `registration: no answer within ${flushTimeoutMs} ms`);
      const deadline = detachedTimer(flushTimeoutMs, () => resolve(late), { keepAlive: true });
      void ask(pipeline).then((failure) => {
        deadline.cancel();
        resolve(failure);
      });
    });
    if (error !== undefined) throw error;
    return { ...this.registration };
  }

  async #aboutAgent(
    call: string,
    ask: (client: ApieClient, agentId: string) => Promise<Answer<unknown>>,
  ): Promise<void> {
    const pipeline = this.#pipeline;
    if (pipeline === undefined) return;
    const { agentId } = await this.ready();
    if (agentId === undefined) throw new ApieError("not_registered", `${call}: Apie gave the agent no id`);
    const answer = await ask(pipeline.client, agentId);
    if (answer.kind !== "ok") throw toError(answer, call);
  }

  /** What of a value is sent: read here, where an object that cannot be written is the caller's to mend. */
  #jsonOf<T extends object>(call: string, value: T): T {
    try {
      return withoutSecrets(value, this.#pipeline?.redactor ?? new Redactor());
    } catch (cause) {
      throw badArgument(`${call}: cannot be written as JSON: ${reasonOf(cause)}`, cause);
    }
  }
}

const badArgument = (message: string, cause?: unknown): ApieError =>
  new ApieError("invalid_argument", message, { cause });
const isText = (value: unknown): boolean => typeof value === "string" && value !== "";

/** Nothing the protocol names is sent as null. */
const known = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null)) as T;
