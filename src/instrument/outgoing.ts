/** Headers for a call to another service, so that its work joins this run and session. */
import { type Context, context, propagation, type SpanContext, trace } from "@opentelemetry/api";
import { reasonOf } from "../model/errors.ts";
import type { Scope } from "../model/scope.ts";
import { isAllowedHost, type RemoteIds, withBaggage, withoutBaggage } from "../propagation/index.ts";
import type { InstrumentHost } from "./host.ts";
import type { LiveScopes } from "./live.ts";

/** What the registered propagator writes; ids of ours only for hosts on the list. Never throws. */
export function outgoingHeaders(
  host: InstrumentHost,
  live: LiveScopes,
  url: string | URL,
): Record<string, string> {
  const scope = live.active();
  const active = traced(context.active(), scope);
  const isAllowed = isAllowedHost(url, host.baggage.write);
  const headers: Record<string, string> = {};
  try {
    propagation.inject(
      isAllowed ? withBaggage(active, activeIds(host, scope)) : withoutBaggage(active),
      headers,
    );
  } catch (error) {
    host.reporter.once("propagator_failed", `the propagator threw: ${host.redactor.text(reasonOf(error))}`);
  }
  return headers;
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
