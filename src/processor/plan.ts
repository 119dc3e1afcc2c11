/** Which events tell of which work: at its beginning, and at its end. */
import type { EventType } from "../events/index.ts";
import type { Activity } from "../model/activity.ts";
import { type SpanNode, standsForTool } from "../tracking/index.ts";

type Types = readonly EventType[];

interface Plan {
  begin?: (node: SpanNode, activity: Activity) => Types;
  end: (node: SpanNode, activity: Activity) => readonly string[];
}

const always =
  (...types: EventType[]) =>
  (): Types =>
    types;

const bySuccess =
  (completed: Types, failed: Types) =>
  (_node: SpanNode, { error }: Activity): Types =>
    error === undefined ? completed : failed;

const modelCall: Plan = {
  begin: always("agent.llm.called"),
  end: bySuccess(["agent.llm.completed"], ["agent.llm.failed"]),
};

const TOOL_END = bySuccess(
  ["agent.tool.called", "agent.action.completed"],
  ["agent.tool.called", "agent.action.failed"],
);

const MCP_LIST = "tools/list";
const MCP_READ = "resources/read";

const mcp: Plan = {
  begin: (node, activity) => {
    if (activity.mcp?.method === MCP_LIST) return [];
    return standsForTool(node) ? ["agent.action.requested", "agent.mcp.called"] : ["agent.mcp.called"];
  },
  end: (node, activity) => {
    const { error } = activity;
    if (activity.mcp?.method === MCP_LIST) {
      return error === undefined ? ["agent.mcp.tools_listed"] : ["agent.mcp.called", "agent.mcp.failed"];
    }
    const call: Types = [error === undefined ? "agent.mcp.completed" : "agent.mcp.failed"];
    if (standsForTool(node)) return [...call, ...TOOL_END(node, activity)];
    return activity.mcp?.method === MCP_READ && error === undefined
      ? [...call, "agent.resource.touched"]
      : call;
  },
};

/**
 * Where a span tells one stage only, that stage's event is all there is; told at its beginning, but for failures, whose
 * error is known at the end.
 */
const isStage = ({ stage }: Activity, ...stages: string[]): boolean =>
  stage !== undefined && stages.includes(stage);

/** By words of whoever wrote the span: `constructor` is no stage. */
const HANDOFF_STAGES: ReadonlyMap<string, EventType> = new Map([
  ["requested", "agent.handoff.requested"],
  ["accepted", "agent.handoff.accepted"],
  ["completed", "agent.handoff.completed"],
]);

const handoff: Plan = {
  begin: (_node, { stage }) => {
    if (stage === "failed") return [];
    return [HANDOFF_STAGES.get(stage ?? "requested") ?? "agent.handoff.requested"];
  },
  // The target's run tells how it went; what never reached it failed here.
  end: (node, activity) => {
    if (isStage(activity, "failed")) return ["agent.handoff.failed"];
    const fellThrough =
      activity.stage === undefined && activity.error !== undefined && node.extra?.reachedTarget !== true;
    return fellThrough ? ["agent.handoff.failed"] : [];
  },
};

const ACTION_END = bySuccess(["agent.action.completed"], ["agent.action.failed"]);

const isPending = (activity: Activity): boolean => (activity.approval?.status ?? "pending") === "pending";

const TABLE: Partial<Record<Activity["kind"], Plan>> = {
  llm: modelCall,
  embedding: modelCall,
  tool: { begin: always("agent.action.requested"), end: TOOL_END },
  mcp,
  step: {
    begin: always("agent.workflow.step.started"),
    end: bySuccess(["agent.workflow.step.completed"], ["agent.workflow.step.failed"]),
  },
  action: {
    begin: (_node, activity) => (isStage(activity, "completed", "failed") ? [] : ["agent.action.requested"]),
    end: (node, activity) => (isStage(activity, "requested") ? [] : ACTION_END(node, activity)),
  },
  handoff,
  guardrail: { end: bySuccess(["agent.guardrail.evaluated"], ["agent.guardrail.evaluated", "agent.error"]) },
  approval: {
    begin: (_node, activity) => (isStage(activity, "resolved") ? [] : ["agent.approval.requested"]),
    end: (_node, activity) => (isPending(activity) ? [] : ["agent.approval.resolved"]),
  },
  resource: { end: always("agent.resource.touched") },
  retrieval: { end: bySuccess(["agent.resource.touched"], ["agent.error"]) },
  error: { end: always("agent.error") },
  event: { end: (_node, activity) => [activity.event?.type ?? "custom.event"] },
};

/** A convention of the user's may give any kind. */
const PLANS: ReadonlyMap<string, Plan> = new Map(Object.entries(TABLE));

export function eventsAtBegin(node: SpanNode): Types {
  const activity = node.opening;
  return activity === undefined ? [] : (PLANS.get(activity.kind)?.begin?.(node, activity) ?? []);
}

export function eventsAtEnd(node: SpanNode): readonly string[] {
  const activity = node.closing;
  return activity === undefined ? [] : (PLANS.get(activity.kind)?.end(node, activity) ?? []);
}

/** The type that opened this kind of work last, for `parent_event_id`: the one that names the work itself. */
export function openingEventOf(node: SpanNode): string | undefined {
  return eventsAtBegin(node).at(-1);
}
