/**
 * Asks before work begins, and tells of it in spans: a guardrail span around the evaluation, an approval span around the wait
 * for a human. Work that is stopped was never begun: it has no span of its own.
 */
import { SpanKind } from "@opentelemetry/api";
import { POLICY_SET } from "../config/index.ts";
import type { GuardDecision, GuardPort, GuardQuestion } from "../model/guard.ts";
import { ApprovalDeniedError, ApprovalPendingError, GuardrailBlockedError } from "../model/guard-errors.ts";
import type { Scope } from "../model/scope.ts";
import {
  ATTR_AGENT_ACTION_NAME,
  ATTR_AGENT_ACTION_RISK_LEVEL,
  ATTR_AGENT_ACTION_TYPE,
  ATTR_AGENT_APPROVAL_ID,
  ATTR_AGENT_APPROVAL_REASON,
  ATTR_AGENT_APPROVAL_RESOLVED_BY,
  ATTR_AGENT_APPROVAL_STATUS,
  ATTR_AGENT_ERROR_HANDLED,
  ATTR_AGENT_GUARDRAIL_DECISION_ID,
  ATTR_AGENT_GUARDRAIL_EFFECTIVE_DECISION,
  ATTR_AGENT_GUARDRAIL_ENFORCEMENT_ACTION,
  ATTR_AGENT_GUARDRAIL_MATCHED,
  ATTR_AGENT_GUARDRAIL_MODE,
  ATTR_AGENT_GUARDRAIL_NAME,
  ATTR_AGENT_GUARDRAIL_POLICY_DECISION,
  ATTR_AGENT_GUARDRAIL_REASON,
  ATTR_AGENT_GUARDRAIL_RECEIPT_ID,
  ATTR_AGENT_GUARDRAIL_TARGET,
  ATTR_AGENT_GUARDRAIL_TRIGGERED,
  ATTR_AGENT_OPERATION_STAGE,
  ATTR_AGENT_RESOURCE_ENVIRONMENT,
  ATTR_AGENT_RESOURCE_ID,
  ATTR_AGENT_RESOURCE_PROVIDER,
  ATTR_AGENT_RESOURCE_TYPE,
  ATTR_AGENT_TOOL_PROVIDER,
  ATTR_AGENT_TOOL_RISK_LEVEL,
  ATTR_GEN_AI_TOOL_NAME,
} from "../semconv/index.ts";
import type { AttributeInput } from "./attributes.ts";
import { type Given, idOf, members, signalOf } from "./given.ts";
import type { GuardInput } from "./inputs.ts";
import type { LiveScopes } from "./live.ts";
import type { Work } from "./work.ts";
import type { SpanWriter } from "./writer.ts";

/** What is to be guarded. */
export interface GuardSubject {
  readonly given: Given<GuardInput>;
  readonly scope: Scope;
  /** What kind of work waits for the answer. */
  readonly target: "tool_call" | "action";
}

export class Guarding {
  readonly #writer: SpanWriter;
  readonly #live: LiveScopes;
  readonly #port: GuardPort;

  constructor(writer: SpanWriter, live: LiveScopes, port: GuardPort) {
    this.#writer = writer;
    this.#live = live;
    this.#port = port;
  }

  /**
   * Whether the work may begin. In monitor mode it may at once, and nothing is awaited.
   * @param guard what the call itself says; `undefined` for the client's default.
   * @returns a promise to wait for before the work begins, which rejects when it must not.
   */
  admit(subject: GuardSubject, guard: unknown): Promise<void> | undefined {
    const isWanted = typeof guard === "boolean" ? guard : this.#port.isOnByDefault;
    if (!isWanted) return undefined;
    if (this.#port.mode === "enforce") return this.#enforce(subject);
    // Nothing rejects in monitor mode; whatever did must not end the process.
    this.#writer.host.awaits(this.decide(subject).catch(() => undefined));
    return undefined;
  }

  /** Evaluates, and tells of it. Resolves with a block as with everything else. @throws as `GuardPort.evaluate`. */
  async decide(subject: GuardSubject): Promise<GuardDecision> {
    return (await this.#evaluated(subject)).decision;
  }

  async #enforce(subject: GuardSubject): Promise<void> {
    const asked = idOf(subject.given.approvalId);
    if (asked !== undefined) return this.#waitForApproval(subject, asked, undefined);
    const { question, decision } = await this.#evaluated(subject);
    switch (decision.enforcementAction) {
      case "proceed":
      case "warn":
        return;
      case "wait_for_approval":
        // The port makes a failed evaluation of one without an id; whoever else answers so does not get the work begun.
        if (decision.approvalId === undefined) throw new GuardrailBlockedError(nameOf(question), decision);
        return this.#waitForApproval(subject, decision.approvalId, decision.reason);
      default:
        throw new GuardrailBlockedError(nameOf(question), decision);
    }
  }

  async #evaluated(subject: GuardSubject): Promise<{ question: GuardQuestion; decision: GuardDecision }> {
    const { work, question } = this.#begin(subject);
    try {
      const decision = await this.#port.evaluate(question, signalOf(subject.given.signal));
      this.#tell(work, decision);
      return { question, decision };
    } catch (error) {
      work.fail(error);
      throw error;
    }
  }

  #begin({ given, scope, target }: GuardSubject): { work: Work; question: GuardQuestion } {
    const writer = this.#writer;
    const { host, text } = writer;
    const tool = given.tool === undefined ? {} : text.tool(given.tool);
    const about = text.target(given.action, given.resource, given.riskLevel);
    const work = writer.start({
      operation: "guardrail",
      // Which of the policies matched is known at the end only.
      name: `guardrail ${POLICY_SET}`,
      kind: SpanKind.CLIENT,
      scope,
      attributes: {
        ...writer.common(given, scope),
        ...tool,
        ...about,
        [ATTR_AGENT_GUARDRAIL_NAME]: POLICY_SET,
        [ATTR_AGENT_GUARDRAIL_MODE]: this.#port.mode,
        [ATTR_AGENT_GUARDRAIL_TARGET]: target,
      },
    });
    const { run } = scope;
    const question: GuardQuestion = {
      agentKey: run?.agentKey ?? host.agent.key,
      // Nobody waits for it: while it is not known the question goes without.
      runId: run === undefined ? undefined : (host.runIds?.current(run.id) ?? run.apieId),
      action: {
        type: textIn(about, ATTR_AGENT_ACTION_TYPE),
        name: textIn(about, ATTR_AGENT_ACTION_NAME),
        riskLevel: textIn(about, ATTR_AGENT_ACTION_RISK_LEVEL),
      },
      resource: {
        type: textIn(about, ATTR_AGENT_RESOURCE_TYPE),
        id: textIn(about, ATTR_AGENT_RESOURCE_ID),
        provider: textIn(about, ATTR_AGENT_RESOURCE_PROVIDER),
        environment: textIn(about, ATTR_AGENT_RESOURCE_ENVIRONMENT),
      },
      tool: toolIn(tool),
      metadata: parsed(text.json(given.metadata, "metadata")),
    };
    return { work, question };
  }

  #tell(work: Work, decision: GuardDecision): void {
    const { text } = this.#writer;
    const matched = decision.matchedGuardrails.map((key) => text.key(key)).filter((key) => key !== undefined);
    work.set({
      [ATTR_AGENT_GUARDRAIL_MODE]: decision.mode,
      [ATTR_AGENT_GUARDRAIL_POLICY_DECISION]: decision.policyDecision,
      [ATTR_AGENT_GUARDRAIL_EFFECTIVE_DECISION]: decision.effectiveDecision,
      [ATTR_AGENT_GUARDRAIL_ENFORCEMENT_ACTION]: decision.enforcementAction,
      [ATTR_AGENT_GUARDRAIL_TRIGGERED]:
        decision.policyDecision === undefined ? undefined : decision.policyDecision !== "allow",
      [ATTR_AGENT_GUARDRAIL_REASON]: text.text(decision.reason),
      [ATTR_AGENT_GUARDRAIL_MATCHED]: matched.length === 0 ? undefined : matched,
      [ATTR_AGENT_GUARDRAIL_DECISION_ID]: text.key(decision.decisionId),
      [ATTR_AGENT_GUARDRAIL_RECEIPT_ID]: text.key(decision.receiptId),
      [ATTR_AGENT_APPROVAL_ID]: text.key(decision.approvalId),
    });
    if (decision.failure === undefined) {
      work.end();
      return;
    }
    work.set({ [ATTR_AGENT_ERROR_HANDLED]: true });
    work.fail(failureNamed(decision.failure));
  }

  /** Resolves once a human has allowed it. @throws {ApprovalDeniedError} {ApprovalPendingError} otherwise. */
  async #waitForApproval(
    { given, scope }: GuardSubject,
    approvalId: string,
    reason: string | undefined,
  ): Promise<void> {
    const writer = this.#writer;
    const { host, text } = writer;
    const action = text.text(members(given.action).name);
    const before = this.#live.approvals.get(approvalId);
    const work = writer.start({
      operation: "approval",
      name: action === undefined ? "approval" : `approval ${action}`,
      scope,
      links: writer.link(before, "approval_request"),
      attributes: {
        ...writer.common(given, scope),
        ...text.target(given.action, given.resource, given.riskLevel),
        [ATTR_AGENT_APPROVAL_ID]: text.key(approvalId),
        [ATTR_AGENT_APPROVAL_STATUS]: "pending",
        [ATTR_AGENT_APPROVAL_REASON]: text.text(reason),
        // Asked for in an earlier segment: this is the decision only.
        [ATTR_AGENT_OPERATION_STAGE]: before === undefined ? undefined : "resolved",
      },
    });
    if (before === undefined) this.#live.approvals.set(approvalId, work.span.spanContext());
    // Whoever decides should see what is asked for, and what led to it, before the next interval.
    host.hurry();
    const subject = text.text(members(given.tool).name);
    const name = subject === undefined ? `action ${action ?? "unknown"}` : `tool ${subject}`;
    if (given.approval === "throw" && given.approvalId === undefined) {
      work.end();
      throw new ApprovalPendingError(name, approvalId);
    }
    const { status, resolvedBy } = await this.#port.waitForApproval(approvalId, {
      signal: signalOf(given.signal),
    });
    const outcome = status === "pending" ? "timeout" : status;
    work.set({
      [ATTR_AGENT_APPROVAL_STATUS]: outcome,
      [ATTR_AGENT_APPROVAL_RESOLVED_BY]: host.captureContent ? text.text(resolvedBy) : undefined,
    });
    work.end();
    if (outcome !== "approved") throw new ApprovalDeniedError(name, approvalId, outcome);
  }
}

/** What is guarded, in words for messages; of names that are redacted already. */
function nameOf({ tool, action }: GuardQuestion): string {
  return tool === undefined ? `action ${action.name ?? "unknown"}` : `tool ${tool.name}`;
}

function textIn(attributes: AttributeInput, key: string): string | undefined {
  const value = attributes[key];
  return typeof value === "string" ? value : undefined;
}

function toolIn(attributes: AttributeInput): GuardQuestion["tool"] {
  const name = textIn(attributes, ATTR_GEN_AI_TOOL_NAME);
  if (name === undefined) return undefined;
  return {
    name,
    provider: textIn(attributes, ATTR_AGENT_TOOL_PROVIDER),
    riskLevel: textIn(attributes, ATTR_AGENT_TOOL_RISK_LEVEL),
  };
}

const parsed = (json: string | undefined): Record<string, unknown> | undefined =>
  json === undefined ? undefined : (JSON.parse(json) as Record<string, unknown>);

/** The word is the error's class: `timeout`, `http_503`, … */
function failureNamed(name: string): Error {
  const error = new Error("the guardrail could not be evaluated");
  error.name = name;
  return error;
}
