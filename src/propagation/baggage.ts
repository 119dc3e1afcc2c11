/**
 * Run and session ids in W3C baggage (https://www.w3.org/TR/baggage/): ids only, opt-in, and only for callees the user names.
 * What arrives is text of a stranger: checked for form, never trusted to name a run of ours.
 */
import { type Context, propagation } from "@opentelemetry/api";

/** Ids as they travel: ours, and Apie's once known. */
export interface RemoteIds {
  sessionId?: string | undefined;
  apieSessionId?: string | undefined;
  runId?: string | undefined;
  apieRunId?: string | undefined;
}

const KEYS = {
  sessionId: "agent.session.id",
  apieSessionId: "apie.session.id",
  runId: "agent.run.id",
  apieRunId: "apie.run.id",
} as const satisfies Record<keyof RemoteIds, string>;

const NAMES = Object.keys(KEYS) as (keyof RemoteIds)[];

/** Ids are short and plain; anything else is left alone. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

export function readBaggage(context: Context): RemoteIds | undefined {
  const baggage = propagation.getBaggage(context);
  if (baggage === undefined) return undefined;
  const ids: RemoteIds = {};
  for (const name of NAMES) {
    const value = baggage.getEntry(KEYS[name])?.value;
    if (value !== undefined && ID.test(value)) ids[name] = value;
  }
  return Object.keys(ids).length === 0 ? undefined : ids;
}

/** Puts ids beside what the application's baggage holds already. */
export function withBaggage(context: Context, ids: RemoteIds): Context {
  let baggage = propagation.getBaggage(context) ?? propagation.createBaggage();
  for (const name of NAMES) {
    const value = ids[name];
    baggage = value === undefined ? baggage.removeEntry(KEYS[name]) : baggage.setEntry(KEYS[name], { value });
  }
  return propagation.setBaggage(context, baggage);
}

/** Takes ids of ours out again, so that a callee that is not on the list does not get them. */
export function withoutBaggage(context: Context): Context {
  const baggage = propagation.getBaggage(context);
  return baggage === undefined
    ? context
    : propagation.setBaggage(context, baggage.removeEntries(...Object.values(KEYS)));
}

/** @param hosts exact host names, or `*.example.com` for all below it. */
export function isAllowedHost(url: string | URL, hosts: readonly string[] | boolean): boolean {
  if (typeof hosts === "boolean") return hosts;
  let host: string;
  try {
    host = new URL(url).hostname.toLowerCase();
  } catch {
    return false;
  }
  return hosts.some((pattern) => {
    const lower = pattern.toLowerCase();
    return lower.startsWith("*.") ? host.endsWith(lower.slice(1)) : host === lower;
  });
}
