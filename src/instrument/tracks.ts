/** Things told in passing: instants, each a span without length and one event. */
import type { Link, SpanContext } from "@opentelemetry/api";
import {
  ATTR_AGENT_ACTION_NAME,
  ATTR_AGENT_ACTION_RESULT,
  ATTR_AGENT_ACTION_TYPE,
  ATTR_AGENT_APPROVAL_ID,
  ATTR_AGENT_APPROVAL_REASON,
  ATTR_AGENT_APPROVAL_RESOLVED_BY,
  ATTR_AGENT_APPROVAL_STATUS,
  ATTR_AGENT_ERROR_HANDLED,
  ATTR_AGENT_EVENT_PAYLOAD,
  ATTR_AGENT_EVENT_TYPE,
  ATTR_AGENT_OPERATION_STAGE,
  ATTR_AGENT_RESOURCE_TYPE,
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_TOOL_CALL_ID,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_TOOL_TYPE,
} from "../semconv/index.ts";
import type { AttributeInput } from "./attributes.ts";
import { errorType, isError } from "./errors.ts";
import { type Given, members } from "./given.ts";
import type {
  ActionCompletedInput,
  ActionFailedInput,
  ActionInput,
  ApprovalInput,
  ApprovalResolvedInput,
  ApprovalStatus,
  CommonInput,
  ErrorInput,
  ResourceInput,
  ToolInput,
  ToolRef,
  TrackInput,
} from "./inputs.ts";
import type { LiveScopes } from "./live.ts";
import type { SpanPlan, SpanWriter } from "./writer.ts";

const RESOLUTIONS = [
  "approved",
  "rejected",
  "expired",
  "cancelled",
  "timeout",
] as const satisfies ApprovalStatus[];
const TOOL_CALLED = "agent.tool.called";
/** Names under it are the protocol's, each with fields of its own. */
const RESERVED = "agent.";

export class Tracks {
  readonly #writer: SpanWriter;
  readonly #live: LiveScopes;

  constructor(writer: SpanWriter, live: LiveScopes) {
    this.#writer = writer;
    this.#live = live;
  }

  track(input: TrackInput): void {
    const { text } = this.#writer;
    const given = members(input);
    const type = this.#ownType(text.name(given.type, "track: type"));
    this.#tell(given, {
      operation: "event",
      name: `event ${type}`,
      attributes: {
        [ATTR_AGENT_EVENT_TYPE]: type,
        [ATTR_AGENT_EVENT_PAYLOAD]: text.json(given.payload, "metadata"),
      },
    });
  }

  toolCall(input: ToolInput): void {
    const { text } = this.#writer;
    const given = members(input);
    const name = text.name(members(given.tool).name, "trackToolCall: tool.name");
    this.#tell(given, {
      operation: "event",
      name: `event ${TOOL_CALLED}`,
      attributes: {
        ...text.tool(given.tool ?? { name }),
        ...text.target(given.action, given.resource),
        [ATTR_GEN_AI_TOOL_NAME]: name,
        [ATTR_AGENT_EVENT_TYPE]: TOOL_CALLED,
      },
    });
  }

  actionRequested(input: ActionInput): void {
    this.#action("requested", members(input));
  }

  actionCompleted(input: ActionCompletedInput): void {
    this.#action("completed", members(input));
  }

  actionFailed(input: ActionFailedInput): void {
    this.#action("failed", members(input));
  }

  #action(
    status: "requested" | "completed" | "failed",
    given: Given<ActionFailedInput & ActionCompletedInput>,
  ): void {
    const { text } = this.#writer;
    const action = members(given.action);
    const name = text.name(action.name, "trackAction: action.name");
    this.#tell(
      given,
      {
        operation: "action",
        name: `action ${name}`,
        attributes: {
          ...this.#toolOfAction(given.tool),
          ...text.target(action, given.resource, given.riskLevel),
          [ATTR_AGENT_ACTION_NAME]: name,
          [ATTR_AGENT_ACTION_TYPE]: text.name(action.type, "trackAction: action.type"),
          [ATTR_AGENT_ACTION_RESULT]: this.#writer.content(given.result, "result"),
          [ATTR_AGENT_OPERATION_STAGE]: status,
        },
      },
      status === "failed" ? { error: given.error ?? new Error("action failed") } : undefined,
    );
  }

  resourceTouched(input: ResourceInput): void {
    const { text } = this.#writer;
    const given = members(input);
    const type = text.name(members(given.resource).type, "trackResourceTouched: resource.type");
    this.#tell(given, {
      operation: "resource_access",
      name: `access ${type}`,
      attributes: { ...text.target(given.action, given.resource), [ATTR_AGENT_RESOURCE_TYPE]: type },
    });
  }

  approvalRequested(input: ApprovalInput): void {
    const given = members(input);
    const id = this.#writer.text.nameKey(given.approvalId, "trackApprovalRequested: approvalId");
    const asked = this.#approval(given, id, "pending", {
      [ATTR_AGENT_OPERATION_STAGE]: "requested",
    });
    this.#live.approvals.set(id, asked);
  }

  approvalResolved(input: ApprovalResolvedInput): void {
    const { text, host } = this.#writer;
    const given = members(input);
    const id = text.nameKey(given.approvalId, "trackApprovalResolved: approvalId");
    const status = text.choice(given.status, RESOLUTIONS, "trackApprovalResolved: status");
    this.#approval(
      given,
      id,
      // A decision nobody can read lets nothing through.
      status ?? "cancelled",
      {
        [ATTR_AGENT_OPERATION_STAGE]: "resolved",
        [ATTR_AGENT_APPROVAL_RESOLVED_BY]: host.captureContent ? text.text(given.resolvedBy) : undefined,
      },
      this.#writer.link(this.#live.approvals.get(id), "approval_request"),
    );
  }

  #approval(
    given: Given<ApprovalInput>,
    id: string,
    status: ApprovalStatus | "pending",
    more: AttributeInput,
    links: readonly Link[] = [],
  ): SpanContext {
    const { text } = this.#writer;
    const action = text.text(members(given.action).name);
    return this.#tell(given, {
      operation: "approval",
      name: action === undefined ? "approval" : `approval ${action}`,
      links,
      attributes: {
        ...text.target(given.action, given.resource),
        [ATTR_AGENT_APPROVAL_ID]: id,
        [ATTR_AGENT_APPROVAL_STATUS]: status,
        [ATTR_AGENT_APPROVAL_REASON]: text.text(given.reason),
        ...more,
      },
    });
  }

  /** Untyped code hands the error itself in. */
  error(input: ErrorInput): void {
    const isInput = typeof input === "object" && input !== null && !isError(input);
    const given: Given<ErrorInput> = isInput ? members(input) : { error: input };
    const type = errorType(given.error, this.#writer.host.redactor);
    this.#tell(
      given,
      {
        operation: "error",
        name: `error ${type}`,
        attributes: {
          [ATTR_ERROR_TYPE]: type,
          [ATTR_AGENT_ERROR_HANDLED]: given.handled !== false,
        },
      },
      { error: given.error },
    );
  }

  #tell(given: Given<CommonInput>, plan: Omit<SpanPlan, "scope">, failure?: { error: unknown }): SpanContext {
    const scope = this.#live.scopeFor(given);
    const attributes = { ...this.#writer.common(given, scope), ...plan.attributes };
    return this.#writer.instant({ ...plan, scope, attributes }, (work) => {
      if (failure !== undefined) work.noteError(failure.error);
    });
  }

  /** An event that bears a name of the protocol without its fields would be refused, or misread. */
  #ownType(type: string): string {
    if (!type.startsWith(RESERVED)) return type;
    const own = `custom.${type}`;
    this.#writer.complain(
      "track: type",
      `"${type}" is a name of the protocol, told by the method for it; "${own}" is recorded`,
    );
    return own;
  }

  /** An action names its tool; the kind of tool call it was is the tool span's to say. */
  #toolOfAction(tool: ToolRef | undefined): AttributeInput {
    const {
      [ATTR_GEN_AI_TOOL_TYPE]: _type,
      [ATTR_GEN_AI_TOOL_CALL_ID]: _call,
      ...named
    } = this.#writer.text.tool(tool);
    return named;
  }
}
