/** A call from another process: its work goes on in the caller's trace, run and session. */
import { type Context, context, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { idsInHeader, readBaggage, withScope } from "../propagation/index.ts";
import { members, requireFunction } from "./given.ts";
import { parseTraceparent } from "./handles.ts";
import type { InstrumentHost } from "./host.ts";
import type { LiveScopes } from "./live.ts";
import { propagatorFailed } from "./outgoing.ts";

/** Headers of a request, `params._meta` of an MCP request, attributes of a message: texts by name. */
export type Carrier = object | undefined;

const OWN_FIELDS = ["traceparent", "tracestate", "baggage"];

/** Runs `fn` as work a caller elsewhere asked for. What is wrong with the carrier is left out of it. */
export function withRemoteParent<T>(
  host: InstrumentHost,
  live: LiveScopes,
  carrier: unknown,
  fn: () => T,
): T {
  requireFunction("propagation.withRemoteParent", fn);
  const fields = fieldsIn(host, carrier);
  const came = extracted(host, fields);
  const base = joined(context.active(), came, fields);
  const ids = host.baggage.read ? (readBaggage(came) ?? idsInHeader(fields.baggage ?? "")) : undefined;
  if (ids === undefined) return context.with(base, fn);
  const scope = { owner: host.owner, session: live.remoteSession(ids), run: undefined, step: undefined };
  return withScope({ ...scope, remote: ids }, base, fn);
}

/** The caller's trace, unless the work is in a span of that already; and the caller's baggage. */
function joined(active: Context, came: Context, fields: Record<string, string>): Context {
  const caller = trace.getSpanContext(came) ?? parseTraceparent(fields.traceparent);
  const isIn = caller === undefined || trace.getSpanContext(active)?.traceId === caller.traceId;
  const base = isIn ? active : trace.setSpanContext(active, caller);
  const baggage = propagation.getBaggage(came);
  return baggage === undefined ? base : propagation.setBaggage(base, baggage);
}

function extracted(host: InstrumentHost, fields: Record<string, string>): Context {
  try {
    return propagation.extract(ROOT_CONTEXT, fields);
  } catch (error) {
    propagatorFailed(host, error);
    return ROOT_CONTEXT;
  }
}

/** What a propagator may look for, by names in lower case. A header that came more than once is a list. */
function fieldsIn(host: InstrumentHost, carrier: unknown): Record<string, string> {
  const wanted = new Set([...OWN_FIELDS, ...propagatorFields(host)]);
  const fields: Record<string, string> = {};
  for (const [name, value] of entriesOf(carrier)) {
    const lower = name.toLowerCase();
    const isList = Array.isArray(value) && value.every((one) => typeof one === "string");
    const text = isList ? value.join(",") : value;
    if (typeof text === "string" && wanted.has(lower)) fields[lower] = text;
  }
  return fields;
}

function propagatorFields(host: InstrumentHost): string[] {
  try {
    return propagation.fields().map((name) => name.toLowerCase());
  } catch (error) {
    propagatorFailed(host, error);
    return [];
  }
}

function entriesOf(carrier: unknown): [string, unknown][] {
  if (!(carrier instanceof Headers))
    return Object.entries(members(carrier as Record<string, unknown> | undefined));
  return [...carrier];
}
