/** Both ends of an imported session: roots with no length, which its runs link to. */
import type { ResourceLike } from "../model/span.ts";
import {
  type AgentSessionKind,
  ATTR_AGENT_OPERATION_NAME,
  ATTR_AGENT_SESSION_KIND,
  ATTR_AGENT_SESSION_STATUS,
} from "../semconv/index.ts";
import { sessionContext } from "./ids.ts";
import { identityAttributes } from "./run-trace.ts";
import { type ImportedSpan, linkTo, makeSpan } from "./span.ts";

export interface SessionEnd {
  system: string;
  sessionId: string;
  kind: AgentSessionKind;
  agentKey: string;
  agentName: string | undefined;
  operation: "session_start" | "session_end";
  /** Microseconds since the epoch. */
  at: number;
  resource: ResourceLike;
}

export function sessionSpan({ operation, kind, at, resource, ...identity }: SessionEnd): ImportedSpan {
  const { system, sessionId } = identity;
  const isEnd = operation === "session_end";
  return makeSpan({
    context: sessionContext(system, sessionId, operation),
    name: `${operation} ${kind}`,
    startUs: at,
    endUs: at,
    attributes: {
      [ATTR_AGENT_OPERATION_NAME]: operation,
      ...identityAttributes(identity),
      [ATTR_AGENT_SESSION_KIND]: kind,
      [ATTR_AGENT_SESSION_STATUS]: isEnd ? "completed" : "active",
    },
    links: isEnd ? [linkTo(sessionContext(system, sessionId), "session")] : [],
    resource,
  });
}
