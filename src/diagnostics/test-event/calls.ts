/** The calls of a test event: each is taken, or is named in the error. */
import { type Answer, type ApieClient, toError } from "../../apie-api/index.ts";
import { CAPTURE_SOURCE } from "../../config/index.ts";
import type { WireDecision, WireEvent } from "../../events/index.ts";
import { ApieError } from "../../model/errors.ts";

/** Whom the events are about, and whom to send them to. */
export interface TestEventAgent {
  client: ApieClient;
  agentKey: string;
  agentId: string | undefined;
  agentVersionId: string | undefined;
  environment: string | undefined;
  /** `monitor` or `enforce`. */
  mode: string;
}

export const METADATA = { test_event: true, capture_source: CAPTURE_SOURCE };
export const READ = { type: "read", name: "read_test_resource" };
export const RESOURCE = { type: "test_resource", externalId: "test-resource-1", environment: "test" };
export const TOOL = { name: "test_tool", provider: "test" };

const DECISIONS = ["allow", "warn", "block", "require_approval"] as const;
const ENFORCEMENTS = ["proceed", "warn", "block", "wait_for_approval"] as const;
const MODES = ["monitor", "enforce"] as const;

function wordOf<Word extends string>(words: readonly Word[], said: unknown): Word | undefined {
  return words.find((word) => word === said);
}

/** @throws {ApieError} naming the call that Apie did not take. */
async function taken<T>(call: string, answer: Promise<Answer<T>>): Promise<T> {
  const result = await answer;
  if (result.kind !== "ok") throw toError(result, call);
  return result.value;
}

async function created(call: string, answer: Promise<Answer<{ id: string } | undefined>>): Promise<string> {
  const value = await taken(call, answer);
  if (value === undefined) throw new ApieError("answer_without_id", `${call}: Apie's answer held no id`);
  return value.id;
}

export class TestCalls {
  readonly #agent: TestEventAgent;
  readonly #client: ApieClient;
  /** What is open at Apie, the newest last, with the way to close it. */
  readonly #open: { id: string; complete: (status: string) => Promise<Answer<undefined>>; call: string }[] =
    [];

  constructor(agent: TestEventAgent) {
    this.#agent = agent;
    this.#client = agent.client;
  }

  async openSession(kind: string): Promise<string> {
    const { agentKey, agentId, environment } = this.#agent;
    const body = {
      kind,
      orchestrator_agent_key: agentKey,
      orchestrator_agent_id: agentId,
      environment,
      input_summary: "Test event",
      metadata: METADATA,
    };
    const id = await created("POST /v1/sessions", this.#client.createSession(body));
    this.#open.push({
      id,
      call: "POST /v1/sessions/{id}/complete",
      complete: (status) => this.#client.completeSession(id, { status, metadata: METADATA }),
    });
    return id;
  }

  async openRun(
    sessionId: string | undefined,
    summary: string,
    place: { parent_run_id?: string; role?: string; step_index?: number } = {},
  ): Promise<string> {
    const { agentKey, agentId, agentVersionId, environment } = this.#agent;
    const body = {
      agent_key: agentKey,
      agent_id: agentId,
      agent_version_id: agentVersionId,
      environment,
      input_summary: summary,
      metadata: METADATA,
      ...place,
    };
    const id =
      sessionId === undefined
        ? await created("POST /v1/runs", this.#client.createRun(body))
        : await created("POST /v1/sessions/{id}/runs", this.#client.createSessionRun(sessionId, body));
    this.#open.push({
      id,
      call: "POST /v1/runs/{id}/complete",
      complete: (status) => this.#client.completeRun(id, { status, metadata: METADATA }),
    });
    return id;
  }

  /** What Apie decides about the tool call of the test. A word that is not known lets pass, as in the vendor's SDK. */
  async evaluate(runId: string): Promise<WireDecision> {
    const { externalId, ...resource } = RESOURCE;
    const answer = await taken(
      "POST /v1/guardrails/evaluate",
      this.#client.evaluate({
        agent_key: this.#agent.agentKey,
        run_id: runId,
        mode: this.#agent.mode,
        action: READ,
        resource: { ...resource, external_id: externalId },
        tool: TOOL,
      }),
    );
    const policyDecision = wordOf(DECISIONS, answer.policy_decision) ?? "allow";
    return {
      policyDecision,
      effectiveDecision: wordOf(DECISIONS, answer.effective_decision) ?? policyDecision,
      enforcementAction: wordOf(ENFORCEMENTS, answer.enforcement_action),
      mode: wordOf(MODES, answer.mode) ?? wordOf(MODES, this.#agent.mode),
      reason: typeof answer.reason === "string" ? answer.reason : undefined,
    };
  }

  async handOff(sessionId: string, runId: string, payload: Record<string, unknown>): Promise<void> {
    const body = {
      source_run_id: runId,
      source_agent_id: this.#agent.agentId,
      reason: "Test hand-off",
      payload_summary: payload,
      status: "requested",
    };
    await taken("POST /v1/sessions/{id}/handoffs", this.#client.createHandoff(sessionId, body));
  }

  async send(events: readonly WireEvent[]): Promise<void> {
    const call = "POST /v1/events";
    const ids = events.map(({ event_id }) => event_id);
    const answer = await taken(call, this.#client.sendEvents(JSON.stringify({ events }), ids));
    const index = answer.events.findIndex(({ outcome }) => outcome !== "taken");
    const verdict = answer.events[index];
    if (verdict === undefined) return;
    const what = verdict.outcome === "unknown" ? "" : `event ${index} (${events[index]?.type}) refused: `;
    throw new ApieError("event_refused", `${call}: ${what}${verdict.message}`);
  }

  /** Completes what is open, the newest first: runs before the session they are in. */
  async completeAll(): Promise<void> {
    for (let last = this.#open.at(-1); last !== undefined; last = this.#open.at(-1)) {
      await taken(last.call, last.complete("completed"));
      this.#open.pop();
    }
  }

  /** After a failure: leaves no run open at Apie if that can be helped. The failure itself is what is told. */
  async abandon(): Promise<void> {
    for (const { complete } of this.#open.splice(0).reverse()) await complete("failed");
  }
}
