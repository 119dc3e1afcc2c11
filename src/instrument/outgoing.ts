/** What goes along with a call to another service or an MCP server, so that its work joins this run and session. */
import { type Context, context, propagation, type SpanContext, trace } from "@opentelemetry/api";
import { reasonOf } from "../model/errors.ts";
import type { RemoteIds, Scope } from "../model/scope.ts";
import { headerOf, isAllowedHost, isAllowedName, withBaggage, withoutBaggage } from "../propagation/index.ts";
import { traceparent } from "./handles.ts";
import type { InstrumentHost } from "./host.ts";
import type { LiveScopes } from "./live.ts";

/** What the registered propagator writes; ids of ours only for hosts on the list. Never throws. */
export function outgoingHeaders(
  host: InstrumentHost,
  live: LiveScopes,
  url: string | URL,
): Record<string, string> {
  const scope = live.active();
  const ids = isAllowedHost(url, host.baggage.write) ? activeIds(host, scope) : undefined;
  return injected(host, traced(context.active(), scope), ids);
}

/**
 * Members for `params._meta` of an MCP request, by the names OpenTelemetry gives them there
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/): written whatever propagator is registered, ids of ours only for
 * servers on the list. Never throws.
 * @param within OTel Context of the request's span.
 */
export function outgoingMeta(
  host: InstrumentHost,
  scope: Scope,
  within: Context,
  server: string,
): Record<string, string> {
  const ids = isAllowedName(server, host.baggage.write) ? activeIds(host, scope) : undefined;
  const meta = injected(host, within, ids);
  const own = {
    traceparent: traceparent(trace.getSpanContext(within)),
    baggage: ids === undefined ? undefined : headerOf(ids),
  };
  for (const [name, value] of Object.entries(own)) if (value !== undefined) meta[name] ??= value;
  return meta;
}

function injected(host: InstrumentHost, within: Context, ids: RemoteIds | undefined): Record<string, string> {
  const carrier: Record<string, string> = {};
  try {
    propagation.inject(ids === undefined ? withoutBaggage(within) : withBaggage(within, ids), carrier);
  } catch (error) {
    propagatorFailed(host, error);
  }
  return carrier;
}

export function propagatorFailed(host: InstrumentHost, error: unknown): void {
  host.reporter.once("propagator_failed", `the propagator threw: ${host.redactor.text(reasonOf(error))}`);
}

/** Ids of what is active, and what Apie calls them by now. */
function activeIds(host: InstrumentHost, scope: Scope | undefined): RemoteIds {
  const { session, run } = scope ?? {};
  return {
    sessionId: session?.id,
    apieSessionId:
      session === undefined ? undefined : (session.apieId ?? host.sessionIds?.current(session.id)),
    runId: run?.id,
    apieRunId: run === undefined ? undefined : (run.apieId ?? host.runIds?.current(run.id)),
  };
}

/** Without a context manager no span is active although we are inside a run. */
function traced(active: Context, scope: Scope | undefined): Context {
  const run = scope?.run?.spanContext;
  if (run === undefined || trace.getSpanContext(active) !== undefined) return active;
  return trace.setSpanContext(active, run as SpanContext);
}
