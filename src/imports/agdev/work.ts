/** Events of a run as spans: plans, reasoning, narration, tool calls, compression of the context, and what is not known. */
import {
  type AgentOperationName,
  ATTR_AGENT_ACTION_TYPE,
  ATTR_AGENT_EVENT_TYPE,
  ATTR_AGENT_MCP_SERVER_NAME,
  ATTR_AGENT_METADATA,
  ATTR_AGENT_REASONING_CONTENT,
  ATTR_AGENT_RESOURCE_ID,
  ATTR_AGENT_RESOURCE_TYPE,
  ATTR_AGENT_SOURCE_ID,
  ATTR_AGENT_SOURCE_TIME_RESOLUTION,
  ATTR_AGENT_STEP_CONTENT,
  ATTR_AGENT_STEP_INDEX,
  ATTR_AGENT_STEP_KEY,
  ATTR_AGENT_STEP_NAME,
  ATTR_AGENT_STEP_TYPE,
  ATTR_AGENT_TOOL_PROVIDER,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_ID,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_TOOL_TYPE,
  ATTR_MCP_METHOD_NAME,
} from "../../semconv/index.ts";
import { content, object, text, word } from "../json.ts";
import type { Draft } from "../run-trace.ts";
import { type Attributes, KIND_CLIENT } from "../span.ts";
import type { Instant } from "../timeline.ts";
import type { Building } from "./building.ts";
import { type Moment, pointsOf } from "./moments.ts";
import { SYSTEM } from "./system.ts";

interface StepKind {
  operation: AgentOperationName;
  /** Whether the span is named after the agent, or after the step. */
  isOfAgent: boolean;
  step: string;
  type: string;
  more?: Attributes;
  /** Where the event's text goes. */
  content?: string;
}

const STEPS: ReadonlyMap<string, StepKind> = new Map([
  [
    "planning",
    {
      operation: "plan",
      isOfAgent: true,
      step: "planning",
      type: "planning",
      more: { [ATTR_GEN_AI_OPERATION_NAME]: "plan" },
      content: ATTR_AGENT_STEP_CONTENT,
    },
  ],
  [
    "reasoning",
    {
      operation: "reasoning",
      isOfAgent: true,
      step: "reasoning",
      type: "reasoning",
      content: ATTR_AGENT_REASONING_CONTENT,
    },
  ],
  [
    "narration",
    {
      operation: "workflow_step",
      isOfAgent: false,
      step: "narration",
      type: "other",
      content: ATTR_AGENT_STEP_CONTENT,
    },
  ],
  [
    "context_compression",
    { operation: "workflow_step", isOfAgent: false, step: "compression", type: "other" },
  ],
]);

const TOOL_CALL = "tool_call";
const MCP_CALL = "tools/call";
const TOOL_FAILED = "tool_error";

export class Work {
  readonly #building: Building;
  readonly #drafts = new Map<Moment, Draft>();
  /** Requests to MCP servers, by the tool calls they carry out. */
  readonly #requests = new Map<Draft, Draft>();
  #steps = 0;
  #calls = 0;

  constructor(building: Building) {
    this.#building = building;
  }

  get toolCalls(): number {
    return this.#calls;
  }

  tell(moments: readonly Moment[]): void {
    const { timeline } = this.#building.trace;
    for (const { moment, phase } of pointsOf(moments)) {
      if (phase === "start") this.#begin(moment, timeline.add(moment.startUs));
      else this.#end(moment);
    }
  }

  #begin(moment: Moment, at: Instant): void {
    const draft = this.#open(moment, at);
    this.#drafts.set(moment, draft);
    draft.record.push([moment.pointer, moment.event]);
    for (const { pointer, event } of moment.copies) draft.record.push([pointer, event]);
    if (moment.endUs !== undefined || !this.#isOverUnseen(moment)) return;
    const over = this.#withRequest(draft);
    for (const one of over) one.end = over.at(-1)?.start;
  }

  /** What nobody saw end, in a run that is over, has failed if it was work that the run needed. */
  #isOverUnseen({ event }: Moment): boolean {
    const type = text(event.type) ?? "";
    if (type === TOOL_CALL) return "output" in (object(event.data) ?? {});
    return this.#building.status.failure === undefined || type === "narration";
  }

  #end(moment: Moment): void {
    const { trace } = this.#building;
    const draft = this.#drafts.get(moment);
    if (draft === undefined || draft.end !== undefined) return;
    if (moment.event.type === TOOL_CALL) this.#touch(draft, moment);
    // What is below it ends just before it.
    for (const over of this.#withRequest(draft).reverse())
      over.end = trace.timeline.add(
        over === draft || moment.endUs === undefined ? moment.endUs : moment.endUs - 1,
      );
  }

  #withRequest(draft: Draft): Draft[] {
    const request = this.#requests.get(draft);
    return request === undefined ? [draft] : [draft, request];
  }

  #open(moment: Moment, at: Instant): Draft {
    const type = text(moment.event.type) ?? "";
    const step = STEPS.get(type);
    if (step !== undefined) return this.#step(step, moment, at);
    if (type === TOOL_CALL) return this.#call(moment, at);
    return this.#unknown(type, moment, at);
  }

  #step(kind: StepKind, moment: Moment, at: Instant): Draft {
    const { operation, step, isOfAgent } = kind;
    const { trace, agent } = this.#building;
    this.#steps += 1;
    return trace.open({
      key: keyOf(moment),
      operation,
      name: `${operation} ${isOfAgent ? agent : step}`,
      at,
      attributes: {
        ...commonAttributes(moment),
        ...kind.more,
        [ATTR_AGENT_STEP_KEY]: step,
        [ATTR_AGENT_STEP_NAME]: step,
        [ATTR_AGENT_STEP_TYPE]: kind.type,
        [ATTR_AGENT_STEP_INDEX]: this.#steps - 1,
        ...(kind.content === undefined ? {} : { [kind.content]: text(object(moment.event.data)?.content) }),
      },
    });
  }

  /** A tool of an MCP server has a request to that below it. */
  #call(moment: Moment, at: Instant): Draft {
    const { trace, toolKind } = this.#building;
    const data = object(moment.event.data) ?? {};
    const name = text(data.name) ?? "unknown";
    const { server, isBuiltIn, action } = toolKind(name);
    const isMcp = server !== undefined;
    this.#calls += 1;
    const attributes: Attributes = {
      [ATTR_GEN_AI_OPERATION_NAME]: "execute_tool",
      [ATTR_GEN_AI_TOOL_NAME]: name,
      [ATTR_GEN_AI_TOOL_CALL_ARGUMENTS]: content(data.input),
      [ATTR_GEN_AI_TOOL_CALL_RESULT]: content(data.output),
      [ATTR_AGENT_TOOL_PROVIDER]: isMcp ? "mcp" : isBuiltIn ? SYSTEM : undefined,
      [ATTR_AGENT_ACTION_TYPE]: action,
    };
    const draft = trace.open({
      key: keyOf(moment),
      operation: "tool_call",
      name: `execute_tool ${name}`,
      at,
      attributes: {
        ...commonAttributes(moment),
        ...attributes,
        [ATTR_GEN_AI_TOOL_TYPE]: isMcp || isBuiltIn ? "extension" : undefined,
        [ATTR_GEN_AI_TOOL_CALL_ID]: text(data.id),
      },
    });
    if (!isMcp) return draft;
    const request = trace.open({
      key: `${draft.key}:mcp`,
      operation: "mcp_request",
      name: `${MCP_CALL} ${name}`,
      kind: KIND_CLIENT,
      parent: draft,
      at: trace.timeline.add(moment.startUs),
      attributes: {
        ...commonAttributes(moment),
        ...attributes,
        [ATTR_AGENT_MCP_SERVER_NAME]: server,
        [ATTR_MCP_METHOD_NAME]: MCP_CALL,
      },
    });
    this.#requests.set(draft, request);
    // ag.dev has no mark for a call that failed; an MCP server's answer has one of its own (MCP, CallToolResult).
    if (object(data.output)?.isError === true)
      for (const failed of [draft, request]) failed.failure = { type: TOOL_FAILED };
    return draft;
  }

  /** A page that one of ag.dev's own tools was sent to. */
  #touch(parent: Draft, moment: Moment): void {
    const { trace } = this.#building;
    const url = text(object(object(moment.event.data)?.input)?.url);
    if (url === undefined || parent.attributes[ATTR_AGENT_TOOL_PROVIDER] !== SYSTEM) return;
    trace.instant({
      key: `${parent.key}:url`,
      operation: "resource_access",
      name: "access web_page",
      parent,
      // Within the call, which keeps its end.
      at: trace.timeline.add(moment.endUs === undefined ? undefined : moment.endUs - 1),
      attributes: {
        [ATTR_AGENT_SOURCE_TIME_RESOLUTION]: moment.resolution,
        [ATTR_AGENT_RESOURCE_TYPE]: "web_page",
        [ATTR_AGENT_RESOURCE_ID]: url,
        [ATTR_AGENT_ACTION_TYPE]: "read",
      },
    });
  }

  /** Kept, and told by its name. */
  #unknown(said: string, moment: Moment, at: Instant): Draft {
    const type = `${SYSTEM}.${word(said) ?? "event"}`;
    const { startUs, endUs } = moment;
    return this.#building.trace.instant({
      key: keyOf(moment),
      operation: "event",
      name: `event ${type}`,
      at,
      attributes: {
        ...commonAttributes(moment),
        [ATTR_AGENT_EVENT_TYPE]: type,
        [ATTR_AGENT_METADATA]:
          endUs === undefined || endUs === startUs
            ? undefined
            : JSON.stringify({ duration_ms: (endUs - startUs) / 1_000 }),
      },
    });
  }
}

/** What the span is within its run is what its event is called, wherever in the list that stands. */
function keyOf({ event, index }: Moment): string {
  const callId = event.type === TOOL_CALL ? text(object(event.data)?.id) : undefined;
  return text(event.id) ?? (callId === undefined ? `event:${index}` : `tool:${callId}`);
}

const commonAttributes = ({ event, resolution }: Moment): Attributes => ({
  [ATTR_AGENT_SOURCE_TIME_RESOLUTION]: resolution,
  [ATTR_AGENT_SOURCE_ID]: text(event.id),
});
