/** What the root span of a run of Agno says, and what it links to. */
import type { LinkLike } from "../../model/span.ts";
import {
  ATTR_AGENT_HANDOFF_ID,
  ATTR_AGENT_METADATA,
  ATTR_AGENT_ROLE,
  ATTR_AGENT_RUN_INPUT_VALUE,
  ATTR_AGENT_RUN_LLM_CALL_COUNT,
  ATTR_AGENT_RUN_OUTPUT_TYPE,
  ATTR_AGENT_RUN_OUTPUT_VALUE,
  ATTR_AGENT_RUN_PARENT_ID,
  ATTR_AGENT_RUN_SOURCES,
  ATTR_AGENT_RUN_STATUS,
  ATTR_AGENT_RUN_TOOL_CALL_COUNT,
  ATTR_AGENT_SESSION_KIND,
  ATTR_AGENT_SOURCE_SHAPE,
  ATTR_AGENT_SOURCE_STATUS,
  ATTR_AGENT_STEP_KEY,
  ATTR_AGENT_STEP_NAME,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_WORKFLOW_NAME,
  ATTR_USER_ID,
} from "../../semconv/index.ts";
import { runContext, sessionContext } from "../ids.ts";
import { content, number, object, text } from "../json.ts";
import { type Attributes, linkTo } from "../span.ts";
import { type Building, SECONDS, type Surroundings } from "./building.ts";
import { runUsage } from "./metrics.ts";
import { SYSTEM } from "./system.ts";

/** What was told of below. */
export interface Told {
  models: number;
  tools: number;
  sources: readonly string[] | undefined;
}

export function rootAttributes(building: Building, around: Surroundings, told: Told): Attributes {
  const { run, facts, status, found } = building;
  const { kind, model, provider } = facts;
  const format = run.run_response_format ?? (run.content_type === "str" ? "text" : undefined);
  const answer = content(run.content);
  const isFailureText = status.failure !== undefined && answer === status.failure.message;
  const metadata = {
    run_kind: kind,
    superseded: status.isSuperseded || undefined,
    superseded_by: around.supersededBy,
    cancelled: status.status === "cancelled" || undefined,
    fork_message_index: number(run.forked_from_message_index),
  };
  return {
    ...SECONDS,
    [ATTR_AGENT_SOURCE_SHAPE]: facts.shape,
    [ATTR_AGENT_SOURCE_STATUS]: status.said,
    [ATTR_AGENT_RUN_STATUS]: status.status,
    [ATTR_AGENT_RUN_PARENT_ID]: found.parentId,
    [ATTR_AGENT_ROLE]: kind === "agent" || found.parentId !== undefined ? undefined : "orchestrator",
    [ATTR_AGENT_HANDOFF_ID]: around.handoffs.get(found.id)?.id,
    [ATTR_AGENT_SESSION_KIND]: around.session?.kind,
    [ATTR_AGENT_STEP_KEY]: around.step?.key,
    [ATTR_AGENT_STEP_NAME]: around.step?.name,
    [ATTR_GEN_AI_WORKFLOW_NAME]: kind === "workflow" ? (facts.agentName ?? facts.agentKey) : undefined,
    [ATTR_USER_ID]: facts.userId,
    [ATTR_GEN_AI_REQUEST_MODEL]: model,
    [ATTR_GEN_AI_PROVIDER_NAME]: provider?.toLowerCase(),
    [ATTR_AGENT_RUN_INPUT_VALUE]: content(facts.input),
    [ATTR_AGENT_RUN_OUTPUT_VALUE]: isFailureText ? undefined : answer,
    [ATTR_AGENT_RUN_OUTPUT_TYPE]: format === "text" || format === "json" ? format : undefined,
    [ATTR_GEN_AI_OUTPUT_TYPE]: format === "text" || format === "json" ? format : undefined,
    [ATTR_AGENT_RUN_SOURCES]: told.sources,
    [ATTR_AGENT_RUN_LLM_CALL_COUNT]: told.models,
    [ATTR_AGENT_RUN_TOOL_CALL_COUNT]: told.tools,
    [ATTR_AGENT_METADATA]: JSON.stringify(metadata),
    ...(kind === "workflow" ? {} : runUsage(object(run.metrics))),
  };
}

export function linksOf(
  { found, run }: Building,
  { session, previousId, handoffs, step }: Surroundings,
): LinkLike[] {
  const handoff = handoffs.get(found.id);
  const to = (id: string | undefined, type: Parameters<typeof linkTo>[1]): LinkLike[] =>
    id === undefined ? [] : [linkTo(runContext(SYSTEM, id), type)];
  return [
    ...(session === undefined ? [] : [linkTo(sessionContext(SYSTEM, session.id), "session")]),
    ...to(found.parentId, "parent_run"),
    ...(handoff === undefined ? [] : [linkTo(handoff.from, "handoff_source")]),
    ...(step === undefined ? [] : [step.link]),
    ...to(previousId, "previous_run"),
    ...to(text(run.forked_from_run_id), "forked_from"),
    ...to(text(run.regenerated_from), "regenerated_from"),
  ];
}
