/** Which attributes of ours say what: the tables the spans are read by. */
import type {
  ActionFacts,
  Activity,
  AgentFacts,
  ApprovalFacts,
  GuardrailFacts,
  HandoffFacts,
  McpFacts,
  ModelCallFacts,
  ResourceFacts,
  RunFacts,
  SessionFacts,
  StepFacts,
  ToolFacts,
  Usage,
} from "../../model/activity.ts";
import type { AttributesLike } from "../../model/span.ts";
import * as attr from "../../semconv/index.ts";
import { finishReason } from "../normalize.ts";
import { as, count, flag, number, object, parseNumber, parseTexts, reader, text, texts } from "../read.ts";

export const readAgent = reader<AgentFacts>({
  key: text(attr.ATTR_AGENT_KEY),
  name: text(attr.ATTR_AGENT_NAME),
  version: text(attr.ATTR_AGENT_VERSION),
  framework: text(attr.ATTR_AGENT_FRAMEWORK_NAME),
});

export const readSession = reader<SessionFacts>({
  kind: text(attr.ATTR_AGENT_SESSION_KIND),
  status: text(attr.ATTR_AGENT_SESSION_STATUS),
  inputSummary: text(attr.ATTR_AGENT_SESSION_INPUT_SUMMARY),
  outputSummary: text(attr.ATTR_AGENT_SESSION_OUTPUT_SUMMARY),
});

const readRun = reader<RunFacts>({
  parentId: text(attr.ATTR_AGENT_RUN_PARENT_ID),
  role: text(attr.ATTR_AGENT_ROLE),
  trigger: text(attr.ATTR_AGENT_RUN_TRIGGER),
  inputSummary: text(attr.ATTR_AGENT_RUN_INPUT_SUMMARY),
  outputSummary: text(attr.ATTR_AGENT_RUN_OUTPUT_SUMMARY),
  status: text(attr.ATTR_AGENT_RUN_STATUS),
  segmentIndex: count(attr.ATTR_AGENT_RUN_SEGMENT_INDEX),
  attempt: count(attr.ATTR_AGENT_RUN_ATTEMPT),
  revisionId: text(attr.ATTR_AGENT_REVISION_ID),
  handoffId: text(attr.ATTR_AGENT_HANDOFF_ID),
  sources: texts(attr.ATTR_AGENT_RUN_SOURCES),
});

const readRunUsage = reader<Usage>({
  input: count(attr.ATTR_AGENT_RUN_USAGE_INPUT_TOKENS),
  output: count(attr.ATTR_AGENT_RUN_USAGE_OUTPUT_TOKENS),
  total: count(attr.ATTR_AGENT_RUN_USAGE_TOTAL_TOKENS),
});

/** A run of another process may tell what it used where the model calls themselves are not seen. */
export function runFacts(attributes: AttributesLike): RunFacts | undefined {
  const facts = readRun(attributes);
  const used = readRunUsage(attributes);
  return used === undefined ? facts : { ...facts, usage: used };
}

export const readStep = reader<StepFacts>({
  key: text(attr.ATTR_AGENT_STEP_KEY),
  name: text(attr.ATTR_AGENT_STEP_NAME),
  index: count(attr.ATTR_AGENT_STEP_INDEX),
  type: text(attr.ATTR_AGENT_STEP_TYPE),
});

export const readUsage = reader<Usage>({
  input: count(attr.ATTR_GEN_AI_USAGE_INPUT_TOKENS),
  output: count(attr.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS),
  cacheRead: count(attr.ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS),
  cacheWrite: count(attr.ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS),
  reasoning: count(attr.ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS),
});

export const readModelCall = reader<ModelCallFacts>({
  operation: text(attr.ATTR_GEN_AI_OPERATION_NAME),
  provider: text(attr.ATTR_GEN_AI_PROVIDER_NAME),
  requestModel: text(attr.ATTR_GEN_AI_REQUEST_MODEL),
  responseModel: text(attr.ATTR_GEN_AI_RESPONSE_MODEL),
  responseId: text(attr.ATTR_GEN_AI_RESPONSE_ID),
  finishReason: as((value) => finishReason(parseTexts(value)?.[0]), attr.ATTR_GEN_AI_RESPONSE_FINISH_REASONS),
  stream: flag(attr.ATTR_GEN_AI_REQUEST_STREAM),
  timeToFirstTokenMs: as((value) => {
    const seconds = parseNumber(value);
    return seconds === undefined ? undefined : seconds * 1_000;
  }, attr.ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK),
  purpose: text(attr.ATTR_AGENT_LLM_PURPOSE),
  promptHash: text(attr.ATTR_AGENT_LLM_PROMPT_HASH),
  costAmount: number(attr.ATTR_AGENT_LLM_COST_AMOUNT),
  costCurrency: text(attr.ATTR_AGENT_LLM_COST_CURRENCY),
});

const readToolFacts = reader<ToolFacts>({
  name: text(attr.ATTR_GEN_AI_TOOL_NAME),
  provider: text(attr.ATTR_AGENT_TOOL_PROVIDER),
  type: text(attr.ATTR_GEN_AI_TOOL_TYPE),
  callId: text(attr.ATTR_GEN_AI_TOOL_CALL_ID),
  riskLevel: text(attr.ATTR_AGENT_TOOL_RISK_LEVEL),
});

/** A tool is known by its name; what else is said of none is left out. */
export function readTool(attributes: AttributesLike): ToolFacts | undefined {
  const facts = readToolFacts(attributes);
  return facts?.name === undefined ? undefined : facts;
}

const readAction = reader<ActionFacts>({
  type: text(attr.ATTR_AGENT_ACTION_TYPE),
  name: text(attr.ATTR_AGENT_ACTION_NAME),
  riskLevel: text(attr.ATTR_AGENT_ACTION_RISK_LEVEL),
  inferred: flag(attr.ATTR_AGENT_ACTION_INFERRED),
});

const readResource = reader<ResourceFacts>({
  type: text(attr.ATTR_AGENT_RESOURCE_TYPE),
  id: text(attr.ATTR_AGENT_RESOURCE_ID),
  provider: text(attr.ATTR_AGENT_RESOURCE_PROVIDER),
  environment: text(attr.ATTR_AGENT_RESOURCE_ENVIRONMENT),
});

export const readMcp = reader<McpFacts>({
  method: text(attr.ATTR_MCP_METHOD_NAME),
  server: text(attr.ATTR_AGENT_MCP_SERVER_NAME),
  serverVersion: text(attr.ATTR_AGENT_MCP_SERVER_VERSION),
  toolName: text(attr.ATTR_GEN_AI_TOOL_NAME),
  toolCount: count(attr.ATTR_AGENT_MCP_TOOL_COUNT),
  toolNames: texts(attr.ATTR_AGENT_MCP_TOOL_NAMES),
  resourceUri: text(attr.ATTR_MCP_RESOURCE_URI),
  sessionId: text(attr.ATTR_MCP_SESSION_ID),
});

export const readHandoff = reader<HandoffFacts>({
  id: text(attr.ATTR_AGENT_HANDOFF_ID),
  status: text(attr.ATTR_AGENT_HANDOFF_STATUS),
  type: text(attr.ATTR_AGENT_HANDOFF_TYPE),
  reason: text(attr.ATTR_AGENT_HANDOFF_REASON),
  sourceKey: text(attr.ATTR_AGENT_HANDOFF_SOURCE_KEY),
  sourceName: text(attr.ATTR_AGENT_HANDOFF_SOURCE_NAME),
  sourceRunId: text(attr.ATTR_AGENT_HANDOFF_SOURCE_RUN_ID),
  targetKey: text(attr.ATTR_AGENT_HANDOFF_TARGET_KEY),
  targetName: text(attr.ATTR_AGENT_HANDOFF_TARGET_NAME),
  targetRunId: text(attr.ATTR_AGENT_HANDOFF_TARGET_RUN_ID),
});

export const readGuardrail = reader<GuardrailFacts>({
  name: text(attr.ATTR_AGENT_GUARDRAIL_NAME),
  mode: text(attr.ATTR_AGENT_GUARDRAIL_MODE),
  target: text(attr.ATTR_AGENT_GUARDRAIL_TARGET),
  policyDecision: text(attr.ATTR_AGENT_GUARDRAIL_POLICY_DECISION),
  effectiveDecision: text(attr.ATTR_AGENT_GUARDRAIL_EFFECTIVE_DECISION),
  enforcementAction: text(attr.ATTR_AGENT_GUARDRAIL_ENFORCEMENT_ACTION),
  triggered: flag(attr.ATTR_AGENT_GUARDRAIL_TRIGGERED),
  reason: text(attr.ATTR_AGENT_GUARDRAIL_REASON),
  matched: texts(attr.ATTR_AGENT_GUARDRAIL_MATCHED),
  decisionId: text(attr.ATTR_AGENT_GUARDRAIL_DECISION_ID),
  receiptId: text(attr.ATTR_AGENT_GUARDRAIL_RECEIPT_ID),
});

export const readApproval = reader<ApprovalFacts>({
  id: text(attr.ATTR_AGENT_APPROVAL_ID),
  status: text(attr.ATTR_AGENT_APPROVAL_STATUS),
  reason: text(attr.ATTR_AGENT_APPROVAL_REASON),
  resolvedBy: text(attr.ATTR_AGENT_APPROVAL_RESOLVED_BY),
});

export const readCommon = reader<
  Pick<Activity, "stage" | "sessionId" | "userId" | "runId" | "payloadSummary" | "metadata">
>({
  stage: text(attr.ATTR_AGENT_OPERATION_STAGE),
  sessionId: text(attr.ATTR_AGENT_SESSION_ID),
  userId: text(attr.ATTR_USER_ID),
  runId: text(attr.ATTR_AGENT_RUN_ID),
  payloadSummary: object(attr.ATTR_AGENT_PAYLOAD_SUMMARY),
  metadata: object(attr.ATTR_AGENT_METADATA),
});

export function actionAndResource(attributes: AttributesLike): Pick<Activity, "action" | "resource"> {
  return { action: readAction(attributes), resource: readResource(attributes) };
}
