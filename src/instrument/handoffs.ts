/** Hand-offs from one agent to another, around a child run or stage by stage. */
import { randomUUID } from "node:crypto";
import type { SpanContext } from "@opentelemetry/api";
import type { RunScope, Scope } from "../model/scope.ts";
import {
  AGENT_HANDOFF_TYPE_VALUES,
  ATTR_AGENT_HANDOFF_ID,
  ATTR_AGENT_HANDOFF_INPUT_SUMMARY,
  ATTR_AGENT_HANDOFF_REASON,
  ATTR_AGENT_HANDOFF_SOURCE_KEY,
  ATTR_AGENT_HANDOFF_SOURCE_NAME,
  ATTR_AGENT_HANDOFF_SOURCE_RUN_ID,
  ATTR_AGENT_HANDOFF_STATUS,
  ATTR_AGENT_HANDOFF_TARGET_ID,
  ATTR_AGENT_HANDOFF_TARGET_KEY,
  ATTR_AGENT_HANDOFF_TARGET_NAME,
  ATTR_AGENT_HANDOFF_TARGET_RUN_ID,
  ATTR_AGENT_HANDOFF_TYPE,
  ATTR_AGENT_OPERATION_STAGE,
} from "../semconv/index.ts";
import type { AttributeInput } from "./attributes.ts";
import { type Given, members, requireFunction } from "./given.ts";
import type { AgentRef, HandoffInput, HandoffStageInput } from "./inputs.ts";
import type { LiveScopes } from "./live.ts";
import { Remembered } from "./remembered.ts";
import type { Run } from "./run.ts";
import type { Runs } from "./runs.ts";
import type { AgentIdentity, SpanWriter } from "./writer.ts";

export type HandoffStage = "requested" | "accepted" | "completed" | "failed";

/** Who hands over to whom, as far as it is known. */
interface Parties {
  source: AgentIdentity | undefined;
  sourceRunId: string | undefined;
  target: AgentIdentity | undefined;
}

interface Request {
  spanContext: SpanContext;
  parties: Parties;
}

export class Handoffs {
  readonly #writer: SpanWriter;
  readonly #live: LiveScopes;
  readonly #runs: Runs;
  /** Hand-offs asked for here: their later stages lead back, and need not name the agents again. */
  readonly #requests = new Remembered<Request>();

  constructor(writer: SpanWriter, live: LiveScopes, runs: Runs) {
    this.#writer = writer;
    this.#live = live;
    this.#runs = runs;
  }

  /**
   * Hands over to another agent and runs `fn` as its run: a hand-off span in the active run, and the target's run, a trace
   * of its own, linked to it.
   */
  async withHandoff<T>(input: HandoffInput, fn: (run: Run) => T | PromiseLike<T>): Promise<T> {
    requireFunction("withHandoff", fn);
    const writer = this.#writer;
    const { text } = writer;
    const given = members(input);
    const scope = this.#live.scopeFor(given);
    const id = randomUUID();
    const target = this.#target(given.target, "withHandoff: target.key");
    const handoff = writer.start({
      operation: "handoff",
      name: `handoff ${text.text(target.name) ?? target.key}`,
      scope,
      attributes: {
        ...writer.common(given, scope),
        ...this.#attributes(id, { ...this.#givingSide(scope.run), target }),
        [ATTR_AGENT_HANDOFF_TYPE]: this.#type(given.type, "withHandoff") ?? "delegate",
        [ATTR_AGENT_HANDOFF_REASON]: text.text(given.reason),
        [ATTR_AGENT_HANDOFF_INPUT_SUMMARY]: text.text(given.inputSummary),
      },
    });
    handoff.onEnd = (failed) => handoff.set({ [ATTR_AGENT_HANDOFF_STATUS]: failed ? "failed" : "completed" });
    return handoff.run(() => {
      const { inputSummary, sessionId, metadata, payloadSummary, stepKey, stepName, stepIndex } = given;
      const run = this.#runs.begin({
        input: {
          inputSummary,
          sessionId,
          metadata,
          payloadSummary,
          stepKey,
          stepName,
          stepIndex,
          role: given.role ?? "worker",
          trigger: "handoff",
        },
        parent: scope.run,
        agent: target,
        handoff: { id, links: writer.link(handoff.span.spanContext(), "handoff_source") },
      });
      handoff.set({ [ATTR_AGENT_HANDOFF_TARGET_RUN_ID]: run.id });
      return this.#runs.runIn(run, fn);
    });
  }

  /** @returns the hand-off's id, by which the later stages are joined to it. */
  requested(input: HandoffStageInput): { handoffId: string } {
    const given = members(input);
    const scope = this.#live.scopeFor({
      ...given,
      runId: this.#writer.text.id(given.runId) ?? this.#writer.text.id(given.sourceRunId),
    });
    const giving = this.#givingSide(scope.run);
    const source = this.#runs.agentOf(members(given.source)) ?? giving.source;
    const target =
      given.target === undefined && this.#writer.text.id(given.targetAgentId) !== undefined
        ? undefined
        : this.#target(given.target, "trackHandoffRequested: target.key");
    const handoffId = this.#writer.text.id(given.handoffId) ?? randomUUID();
    const parties = { ...giving, source, target };
    const spanContext = this.#tell("requested", handoffId, given, scope, parties);
    this.#requests.set(handoffId, { spanContext, parties });
    return { handoffId };
  }

  stage(stage: Exclude<HandoffStage, "requested">, input: HandoffStageInput): { handoffId: string } {
    const given = members(input);
    const handoffId = this.#writer.text.id(given.handoffId) ?? randomUUID();
    const asked = this.#requests.get(handoffId)?.parties;
    const sourceId = this.#writer.text.id(given.sourceRunId);
    const giving = sourceId === undefined ? asked : this.#givingSide(this.#live.run(sourceId));
    const parties = {
      source: this.#runs.agentOf(members(given.source)) ?? giving?.source,
      sourceRunId: giving?.sourceRunId,
      target: this.#runs.agentOf(members(given.target)) ?? asked?.target,
    };
    this.#tell(stage, handoffId, given, this.#receivingScope(given), parties);
    return { handoffId };
  }

  #tell(
    stage: HandoffStage,
    handoffId: string,
    given: Given<HandoffStageInput>,
    scope: Scope,
    parties: Parties,
  ): SpanContext {
    const writer = this.#writer;
    const { text } = writer;
    const label = text.text(parties.target?.name) ?? parties.target?.key;
    return writer.instant(
      {
        operation: "handoff",
        name: label === undefined ? "handoff" : `handoff ${label}`,
        scope,
        links: writer.link(this.#requests.get(handoffId)?.spanContext, "handoff_source"),
        attributes: {
          ...writer.common(given, scope),
          ...this.#attributes(handoffId, parties),
          [ATTR_AGENT_HANDOFF_STATUS]: stage,
          [ATTR_AGENT_OPERATION_STAGE]: stage,
          [ATTR_AGENT_HANDOFF_TYPE]: this.#type(given.type, "trackHandoff"),
          [ATTR_AGENT_HANDOFF_REASON]: text.text(given.reason),
          [ATTR_AGENT_HANDOFF_INPUT_SUMMARY]: text.text(given.inputSummary),
          [ATTR_AGENT_HANDOFF_TARGET_ID]: this.#writer.text.id(given.targetAgentId),
          [ATTR_AGENT_HANDOFF_TARGET_RUN_ID]: this.#writer.text.id(given.targetRunId),
        },
      },
      (work) => {
        if (stage === "failed") work.noteError(given.error ?? new Error("hand-off failed"));
      },
    );
  }

  /** Later stages belong to the receiving run, unless they name another or that run takes nothing any more. */
  #receivingScope(given: Given<HandoffStageInput>): Scope {
    const targetId = given.runId === undefined ? this.#writer.text.id(given.targetRunId) : undefined;
    const target = targetId === undefined ? undefined : this.#live.run(targetId);
    return this.#live.scopeFor(
      target !== undefined && this.#runs.mayTakeWork(target) ? { ...given, runId: target.id } : given,
    );
  }

  #givingSide(run: RunScope | undefined): Omit<Parties, "target"> {
    const { agent } = this.#writer.host;
    return {
      source: run === undefined ? agent : { key: run.agentKey, name: run.agentName },
      sourceRunId: run?.id,
    };
  }

  #target(ref: AgentRef | undefined, field: string): AgentIdentity {
    const given = members(ref);
    return this.#runs.agentOf(given) ?? { key: this.#writer.text.name(given.name, field), name: undefined };
  }

  #type(value: unknown, call: string): string | undefined {
    return this.#writer.text.choice(value, AGENT_HANDOFF_TYPE_VALUES, `${call}: type`);
  }

  #attributes(id: string, { source, sourceRunId, target }: Parties): AttributeInput {
    const { text } = this.#writer;
    return {
      [ATTR_AGENT_HANDOFF_ID]: id,
      [ATTR_AGENT_HANDOFF_SOURCE_KEY]: source?.key,
      [ATTR_AGENT_HANDOFF_SOURCE_NAME]: text.text(source?.name),
      [ATTR_AGENT_HANDOFF_SOURCE_RUN_ID]: sourceRunId,
      [ATTR_AGENT_HANDOFF_TARGET_KEY]: target?.key,
      [ATTR_AGENT_HANDOFF_TARGET_NAME]: text.text(target?.name),
    };
  }
}
