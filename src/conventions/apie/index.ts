/** Our own convention, `agent.*` (semconv/): the spans written by the API of this package, here or in other processes. */
import type { Activity, ActivityKind, ErrorFacts } from "../../model/activity.ts";
import type { Convention, SpanView } from "../../model/convention.ts";
import * as attr from "../../semconv/index.ts";
import { failureOf } from "../failure.ts";
import { usage } from "../normalize.ts";
import { entryOf, parseFlag, parseObject, parseText } from "../read.ts";
import {
  actionAndResource,
  readAgent,
  readApproval,
  readCommon,
  readGuardrail,
  readHandoff,
  readMcp,
  readModelCall,
  readSession,
  readStep,
  readTool,
  readUsage,
  runFacts,
} from "./facts.ts";

export const APIE_CONVENTION = "apie";

/** `agent.operation.name` is the only discriminator. */
export const KINDS: Readonly<Record<string, ActivityKind>> = {
  session: "session",
  session_start: "session_start",
  session_end: "session_end",
  run: "run",
  run_start: "none",
  workflow_step: "step",
  plan: "step",
  reasoning: "step",
  memory: "step",
  llm_call: "llm",
  tool_call: "tool",
  mcp_request: "mcp",
  handoff: "handoff",
  guardrail: "guardrail",
  approval: "approval",
  action: "action",
  resource_access: "resource",
  event: "event",
  error: "error",
};

/** Facts beyond the common ones, by kind. */
const PARTS: Partial<Record<ActivityKind, (view: SpanView) => Partial<Activity>>> = {
  session: ({ attributes }) => ({ session: readSession(attributes) }),
  session_start: ({ attributes }) => ({ session: readSession(attributes) }),
  session_end: ({ attributes }) => ({ session: readSession(attributes) }),
  run: ({ attributes }) => ({ run: runFacts(attributes), session: readSession(attributes) }),
  llm: ({ attributes }) => ({ llm: { ...readModelCall(attributes), usage: usage(readUsage(attributes)) } }),
  tool: ({ attributes }) => ({ tool: readTool(attributes), ...actionAndResource(attributes) }),
  mcp: ({ attributes }) => ({ mcp: readMcp(attributes), ...actionAndResource(attributes) }),
  handoff: ({ attributes }) => ({ handoff: readHandoff(attributes) }),
  guardrail: ({ attributes }) => ({
    guardrail: readGuardrail(attributes),
    tool: readTool(attributes),
    ...actionAndResource(attributes),
  }),
  approval: ({ attributes }) => ({ approval: readApproval(attributes), ...actionAndResource(attributes) }),
  action: ({ attributes }) => ({ tool: readTool(attributes), ...actionAndResource(attributes) }),
  resource: ({ attributes }) => actionAndResource(attributes),
  event: ({ attributes }) => ({
    tool: readTool(attributes),
    ...actionAndResource(attributes),
    event: {
      type: parseText(attributes[attr.ATTR_AGENT_EVENT_TYPE]) ?? "custom.event",
      payload: parseObject(attributes[attr.ATTR_AGENT_EVENT_PAYLOAD]),
    },
  }),
};

function errorOf(view: SpanView): ErrorFacts | undefined {
  const failure = failureOf(view.span);
  if (failure === undefined) return undefined;
  return {
    ...failure,
    handled: parseFlag(view.attributes[attr.ATTR_AGENT_ERROR_HANDLED]),
    id: parseText(view.attributes[attr.ATTR_AGENT_ERROR_ID]),
  };
}

export const apieConvention: Convention = {
  name: APIE_CONVENTION,
  read(view) {
    const operation = view.attributes[attr.ATTR_AGENT_OPERATION_NAME];
    if (typeof operation !== "string") return undefined;
    const kind = entryOf(KINDS, operation);
    if (kind === undefined) return undefined;
    return {
      kind,
      convention: APIE_CONVENTION,
      ...readCommon(view.attributes),
      agent: readAgent(view.attributes),
      step: readStep(view.attributes),
      ...PARTS[kind]?.(view),
      ...(view.phase === "end" ? { error: errorOf(view) } : {}),
    };
  },
  content({ attributes }) {
    const input =
      attributes[attr.ATTR_AGENT_RUN_INPUT_VALUE] ??
      attributes[attr.ATTR_GEN_AI_INPUT_MESSAGES] ??
      attributes[attr.ATTR_GEN_AI_TOOL_CALL_ARGUMENTS];
    const output =
      attributes[attr.ATTR_AGENT_RUN_OUTPUT_VALUE] ??
      attributes[attr.ATTR_GEN_AI_OUTPUT_MESSAGES] ??
      attributes[attr.ATTR_GEN_AI_TOOL_CALL_RESULT];
    const instructions = attributes[attr.ATTR_GEN_AI_SYSTEM_INSTRUCTIONS];
    const text =
      attributes[attr.ATTR_AGENT_REASONING_CONTENT] ??
      attributes[attr.ATTR_AGENT_STEP_CONTENT] ??
      attributes[attr.ATTR_AGENT_RESOURCE_TITLE];
    const content = { input, output, instructions, text };
    return Object.values(content).every((value) => value === undefined) ? undefined : content;
  },
};
