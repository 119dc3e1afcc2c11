/** Spans of waits for people: an approval is decided on; anything else is asked for, and given. */
import {
  type AgentApprovalStatus,
  ATTR_AGENT_ACTION_NAME,
  ATTR_AGENT_ACTION_TYPE,
  ATTR_AGENT_APPROVAL_ID,
  ATTR_AGENT_APPROVAL_STATUS,
  ATTR_AGENT_OPERATION_STAGE,
} from "../../semconv/index.ts";
import type { Draft, RunTrace } from "../run-trace.ts";
import type { Attributes } from "../span.ts";
import type { Instant } from "../timeline.ts";
import { SECONDS } from "./building.ts";

export interface Asking {
  /** What the span is within its run. */
  key: string;
  /** Of the approval; `undefined` for what is no approval. */
  approvalId: string | undefined;
  /** What the approval is for, or what is asked for: `user_input`, … */
  name: string;
  at: Instant;
  parent?: Draft | undefined;
  attributes?: Attributes | undefined;
}

/** The wait lasts until it is closed, or as long as the run that waits. */
export function openWait(trace: RunTrace, { key, approvalId, name, at, parent, attributes }: Asking): Draft {
  const isApproval = approvalId !== undefined;
  return trace.open({
    key,
    mayStayOpen: true,
    operation: isApproval ? "approval" : "action",
    name: `${isApproval ? "approval" : "action"} ${name}`,
    parent,
    at,
    attributes: {
      ...SECONDS,
      ...attributes,
      [ATTR_AGENT_ACTION_TYPE]: isApproval ? "execute" : name,
      [ATTR_AGENT_ACTION_NAME]: name,
      ...(isApproval
        ? { [ATTR_AGENT_APPROVAL_ID]: approvalId, [ATTR_AGENT_APPROVAL_STATUS]: "pending" }
        : { [ATTR_AGENT_OPERATION_STAGE]: "requested" }),
    },
  });
}

/** @param decision on an approval; nothing else is decided on. */
export function closeWait(draft: Draft, at: Instant, decision: AgentApprovalStatus): void {
  draft.end = at;
  const isApproval = draft.attributes[ATTR_AGENT_APPROVAL_ID] !== undefined;
  draft.attributes = {
    ...draft.attributes,
    [ATTR_AGENT_APPROVAL_STATUS]: isApproval ? decision : undefined,
    [ATTR_AGENT_OPERATION_STAGE]: undefined,
  };
}
