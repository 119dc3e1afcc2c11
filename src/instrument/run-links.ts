/** What ties a run to the rest: links from its root span, and a marker in the trace it was started in. */
import { context, type Link, trace } from "@opentelemetry/api";
import type { RunScope, SessionScope } from "../model/scope.ts";
import { ATTR_AGENT_RUN_PARENT_ID } from "../semconv/index.ts";
import type { Work } from "./work.ts";
import type { AgentIdentity, SpanWriter } from "./writer.ts";

export interface RunTies {
  session: SessionScope | undefined;
  /** Run that delegated to it. */
  parent: RunScope | undefined;
}

/** To its session, its parent, the hand-off it comes from, and what was active, unless that is one of them. */
export function runLinks(
  writer: SpanWriter,
  { session, parent, handoff }: RunTies & { handoff: readonly Link[] },
): Link[] {
  const links = [
    ...writer.link(session?.spanContext, "session"),
    ...writer.link(parent?.spanContext, "parent_run"),
    ...handoff,
  ];
  const cause = trace.getSpanContext(context.active());
  const isLinked = links.some((link) => link.context.spanId === cause?.spanId);
  // A nested run is below its cause.
  return isLinked || writer.host.runSpans === "nested"
    ? links
    : [...links, ...writer.link(cause, "caused_by")];
}

/** A short span in the trace that was active, so that it leads to the run as the run leads to it. */
export function markRun(
  writer: SpanWriter,
  work: Work,
  { scope, session, parent, agent }: RunTies & { scope: RunScope; agent: AgentIdentity },
): void {
  const active = context.active();
  if (trace.getSpanContext(active) === undefined) return;
  writer.instant({
    operation: "run_start",
    name: `start_run ${writer.text.text(agent.name) ?? agent.key}`,
    scope: { owner: writer.host.owner, session, run: scope, step: undefined },
    parent: active,
    agent,
    attributes: { [ATTR_AGENT_RUN_PARENT_ID]: parent?.id },
    links: writer.link(work.span.spanContext(), "started_run"),
  });
}
