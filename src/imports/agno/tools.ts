/** Tool calls: from their events, with what the run's own list says more exactly, or from that list alone. */
import {
  ATTR_AGENT_HANDOFF_ID,
  ATTR_AGENT_HANDOFF_REASON,
  ATTR_AGENT_HANDOFF_SOURCE_KEY,
  ATTR_AGENT_HANDOFF_SOURCE_NAME,
  ATTR_AGENT_HANDOFF_SOURCE_RUN_ID,
  ATTR_AGENT_HANDOFF_STATUS,
  ATTR_AGENT_HANDOFF_TARGET_KEY,
  ATTR_AGENT_HANDOFF_TARGET_NAME,
  ATTR_AGENT_HANDOFF_TARGET_RUN_ID,
  ATTR_AGENT_HANDOFF_TYPE,
  ATTR_AGENT_MCP_SERVER_NAME,
  ATTR_AGENT_TOOL_PROVIDER,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_ID,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_TOOL_TYPE,
  ATTR_MCP_METHOD_NAME,
} from "../../semconv/index.ts";
import { runContext } from "../ids.ts";
import { content, type Json, number, object, objects, text } from "../json.ts";
import type { Draft } from "../run-trace.ts";
import { type Attributes, KIND_CLIENT, linkTo, type SpanFailure } from "../span.ts";
import { type Instant, microseconds } from "../timeline.ts";
import { type Building, bear, EXACT, type Handlers, SECONDS, timeOf } from "./building.ts";
import { type Delegations, delegationsOf, type Target } from "./delegations.ts";
import { SYSTEM } from "./system.ts";

interface Listed {
  item: Json;
  index: number;
}

interface Call {
  draft: Draft;
  /** To the MCP server that carries it out. */
  request: Draft | undefined;
  handoffs: Draft[];
  isOver: boolean;
}

export class Tools {
  readonly #building: Building;
  readonly #delegations: Delegations;
  /** The run's own list, by call. */
  readonly #listed = new Map<string, Listed>();
  readonly #calls = new Map<string, Call>();
  #unnamed = 0;

  constructor(building: Building) {
    this.#building = building;
    const { document, found, run, events } = building;
    this.#delegations = delegationsOf(document, found, run, events);
    for (const listed of objects(run.tools)) this.#listed.set(this.#idOf(listed.item, listed.index), listed);
  }

  readonly handlers: Handlers = {
    ToolCallStarted: (event) => this.#event(event, (tool) => this.#start(tool, event)),
    ToolCallCompleted: (event) => this.#event(event, (tool) => this.#end(tool, event)),
    ToolCallError: (event) => this.#event(event, (tool) => this.#failed(tool, event)),
  };

  get count(): number {
    return this.#calls.size;
  }

  /** The run's own list, but for calls that events told of. */
  rest(): Listed[] {
    return [...this.#listed].filter(([id]) => !this.#calls.has(id)).map(([, listed]) => listed);
  }

  /** The call of a list, found by a message that asked for it. */
  listed(callId: unknown): Listed | undefined {
    return typeof callId === "string" && !this.#calls.has(callId) ? this.#listed.get(callId) : undefined;
  }

  /** Calls that one message asked for: they begin together, and end as their times say. */
  fromList(together: readonly Listed[]): void {
    const calls = together.map(({ item, index }) => ({
      item,
      call: this.#begin(item, undefined, this.#idOf(item, index)),
    }));
    const byEnd = calls.toSorted((a, b) => endOf(a.item) - endOf(b.item));
    for (const { item, call } of byEnd) this.#finish(call, item, undefined);
  }

  /** What ran when the run failed did not end. */
  fail(at: Instant, failure: SpanFailure): void {
    for (const call of this.#calls.values()) {
      if (call.isOver) continue;
      call.isOver = true;
      for (const draft of [call.draft, ...belowOf(call)]) {
        draft.end = at;
        draft.failure = failure;
      }
    }
  }

  #event(event: Json, handle: (tool: Json) => Draft | undefined): Draft | undefined {
    const tool = object(event.tool);
    return tool === undefined ? undefined : handle(tool);
  }

  #idOf(tool: Json, index: number | undefined): string {
    return (
      text(tool.tool_call_id) ?? (index === undefined ? `unnamed-${this.#unnamed++}` : `listed-${index}`)
    );
  }

  #start(tool: Json, event: Json): Draft {
    const id = this.#idOf(tool, undefined);
    return this.#begin(this.#fuller(id, tool), event, id).draft;
  }

  #end(tool: Json, event: Json): Draft {
    const id = text(tool.tool_call_id) ?? this.#openOf(tool);
    const known = id === undefined ? undefined : this.#calls.get(id);
    const call =
      known?.isOver === false
        ? known
        : this.#begin(this.#fuller(id ?? "", tool), event, id ?? this.#idOf(tool, undefined));
    this.#finish(call, this.#fuller(id ?? "", tool), event);
    return call.draft;
  }

  /** Follows the completion of the same call, which says already that it failed. */
  #failed(tool: Json, event: Json): Draft {
    const id = text(tool.tool_call_id) ?? this.#openOf(tool);
    const call = id === undefined ? undefined : this.#calls.get(id);
    if (call === undefined || !call.isOver) {
      const draft = this.#end({ ...tool, tool_call_error: true }, event);
      draft.failure ??= failureOf({ ...tool, tool_call_error: true }, event);
      return draft;
    }
    const told = call.draft.failure ?? { type: TOOL_FAILED };
    fail(call, { ...told, message: text(event.error) ?? told.message });
    return call.draft;
  }

  /** A call that has no id, by its name. */
  #openOf(tool: Json): string | undefined {
    for (const [id, { draft, isOver }] of this.#calls)
      if (!isOver && draft.attributes[ATTR_GEN_AI_TOOL_NAME] === tool.tool_name) return id;
    return undefined;
  }

  /** The list says how a call ended and exactly when; its events may have been stored before that was known. */
  #fuller(id: string, tool: Json): Json {
    const listed = this.#listed.get(id)?.item;
    if (listed === undefined) return tool;
    const told = Object.entries(tool).filter(([, value]) => value !== null && value !== undefined);
    return { ...listed, ...Object.fromEntries(told), metrics: object(listed.metrics) ?? tool.metrics };
  }

  #begin(tool: Json, event: Json | undefined, id: string): Call {
    const { trace, context } = this.#building;
    const { timeline } = trace;
    const name = text(tool.tool_name) ?? "unknown";
    const exact = seconds(object(tool.metrics)?.start_time);
    const at =
      exact === undefined
        ? event === undefined
          ? timeline.add(microseconds(tool.created_at))
          : timeOf(this.#building, event)
        : timeline.add(exact, true);
    const server = context.mcpServerOf?.(name);
    const resolution = exact === undefined ? SECONDS : EXACT;
    const draft = trace.open({
      key: `tool:${id}`,
      operation: "tool_call",
      name: `execute_tool ${name}`,
      at,
      attributes: {
        ...resolution,
        ...callAttributes(name, tool, server),
        [ATTR_GEN_AI_TOOL_TYPE]: server === undefined ? "function" : "extension",
        [ATTR_GEN_AI_TOOL_CALL_ID]: text(tool.tool_call_id),
      },
    });
    const request =
      server === undefined
        ? undefined
        : trace.open({
            key: `tool:${id}:mcp`,
            operation: "mcp_request",
            name: `${MCP_CALL} ${name}`,
            kind: KIND_CLIENT,
            parent: draft,
            at: timeline.add(exact, exact !== undefined),
            attributes: {
              ...resolution,
              ...callAttributes(name, tool, server),
              [ATTR_AGENT_MCP_SERVER_NAME]: server,
              [ATTR_MCP_METHOD_NAME]: MCP_CALL,
            },
          });
    const handoffs = (this.#delegations.get(id) ?? []).map((target) =>
      this.#handOver(draft, tool, id, target),
    );
    const listed = this.#listed.get(id);
    if (listed !== undefined && !this.#calls.has(id))
      bear(this.#building, draft, "tools", listed.index, listed.item);
    const call: Call = { draft, request, handoffs, isOver: false };
    this.#calls.set(id, call);
    return call;
  }

  #finish(call: Call, tool: Json, event: Json | undefined): void {
    const { timeline } = this.#building.trace;
    call.isOver = true;
    for (const handoff of call.handoffs) handoff.end = timeline.add(undefined);
    const exact = seconds(object(tool.metrics)?.end_time);
    if (call.request !== undefined) call.request.end = timeline.add(exact, exact !== undefined);
    call.draft.end =
      exact !== undefined
        ? timeline.add(exact, true)
        : event === undefined
          ? timeline.add(undefined)
          : timeOf(this.#building, event);
    for (const draft of [call.draft, call.request])
      if (draft !== undefined)
        draft.attributes = { ...draft.attributes, [ATTR_GEN_AI_TOOL_CALL_RESULT]: content(tool.result) };
    fail(call, tool.tool_call_error === true ? failureOf(tool, event) : undefined);
  }

  #handOver(draft: Draft, tool: Json, callId: string, target: Target): Draft {
    const { trace, found, facts, handoffs } = this.#building;
    const id = trace.idOf(`handoff|${callId}|${target.runId}`);
    const handoff = trace.open({
      key: `handoff:${callId}:${target.runId}`,
      operation: "handoff",
      name: `handoff ${target.agentName ?? target.agentKey}`,
      parent: draft,
      at: trace.timeline.add(undefined),
      attributes: {
        ...SECONDS,
        [ATTR_AGENT_HANDOFF_ID]: id,
        [ATTR_AGENT_HANDOFF_TYPE]: "delegate",
        [ATTR_AGENT_HANDOFF_STATUS]: tool.tool_call_error === true ? "failed" : "completed",
        [ATTR_AGENT_HANDOFF_REASON]: text(object(tool.tool_args)?.task),
        [ATTR_AGENT_HANDOFF_SOURCE_KEY]: facts.agentKey,
        [ATTR_AGENT_HANDOFF_SOURCE_NAME]: facts.agentName,
        [ATTR_AGENT_HANDOFF_SOURCE_RUN_ID]: found.id,
        [ATTR_AGENT_HANDOFF_TARGET_KEY]: target.agentKey,
        [ATTR_AGENT_HANDOFF_TARGET_NAME]: target.agentName,
        [ATTR_AGENT_HANDOFF_TARGET_RUN_ID]: target.runId,
      },
      links: [linkTo(runContext(SYSTEM, target.runId), "started_run")],
    });
    handoffs.set(target.runId, { id, from: trace.contextOf(handoff), at: handoff.start });
    return handoff;
  }
}

const MCP_CALL = "tools/call";
const TOOL_FAILED = "tool_error";

const belowOf = ({ request, handoffs }: Call): Draft[] =>
  request === undefined ? handoffs : [request, ...handoffs];

function fail(call: Call, failure: SpanFailure | undefined): void {
  for (const draft of [call.draft, ...belowOf(call)]) draft.failure = failure;
}

function callAttributes(name: string, tool: Json, server: string | undefined): Attributes {
  return {
    [ATTR_GEN_AI_OPERATION_NAME]: "execute_tool",
    [ATTR_GEN_AI_TOOL_NAME]: name,
    [ATTR_GEN_AI_TOOL_CALL_ARGUMENTS]: content(tool.tool_args),
    [ATTR_AGENT_TOOL_PROVIDER]: server === undefined ? undefined : "mcp",
  };
}

const failureOf = (tool: Json, event: Json | undefined): SpanFailure => ({
  type: TOOL_FAILED,
  message: text(event?.error) ?? text(tool.result),
});

const seconds = (value: unknown): number | undefined =>
  number(value) === undefined ? undefined : microseconds(value);

const endOf = (tool: Json): number => seconds(object(tool.metrics)?.end_time) ?? Number.POSITIVE_INFINITY;
