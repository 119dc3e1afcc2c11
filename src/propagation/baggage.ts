/**
 * Run and session ids in W3C baggage (https://www.w3.org/TR/baggage/): ids only, opt-in, and only for callees the user names.
 * What arrives is text of a stranger: checked for form, never trusted to name a run of ours.
 */
import { type Context, propagation } from "@opentelemetry/api";
import type { RemoteIds } from "../model/scope.ts";

const KEYS = {
  sessionId: "agent.session.id",
  apieSessionId: "apie.session.id",
  runId: "agent.run.id",
  apieRunId: "apie.run.id",
} as const satisfies Record<keyof RemoteIds, string>;

const NAMES = Object.keys(KEYS) as (keyof RemoteIds)[];

/** Ids are short and plain; anything else is left alone. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** Longest header the specification asks anybody to take; what is longer is not read. */
const MAX_HEADER = 8_192;

export function readBaggage(context: Context): RemoteIds | undefined {
  const baggage = propagation.getBaggage(context);
  return baggage === undefined ? undefined : idsIn((key) => baggage.getEntry(key)?.value);
}

/** Ids in a baggage header, for where no propagator reads it. */
export function idsInHeader(header: string): RemoteIds | undefined {
  if (header.length > MAX_HEADER) return undefined;
  const entries = header.split(",").map((entry): [string, string] => {
    const [pair = ""] = entry.split(";", 1);
    const at = pair.indexOf("=");
    return [pair.slice(0, Math.max(0, at)).trim(), pair.slice(at + 1).trim()];
  });
  const values = new Map(entries);
  return idsIn((key) => values.get(key));
}

/** A baggage header of ids alone. They are plain, so nothing in them is to be encoded. */
export function headerOf(ids: RemoteIds): string | undefined {
  const entries = NAMES.flatMap((name) => {
    const value = ids[name];
    return value !== undefined && ID.test(value) ? [`${KEYS[name]}=${value}`] : [];
  });
  return entries.length === 0 ? undefined : entries.join(",");
}

function idsIn(read: (key: string) => string | undefined): RemoteIds | undefined {
  const ids: { -readonly [Name in keyof RemoteIds]: RemoteIds[Name] } = {};
  for (const name of NAMES) {
    const value = read(KEYS[name]);
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
  try {
    return isAllowedName(new URL(url).hostname, hosts);
  } catch {
    return false;
  }
}

/** As `isAllowedHost`, for what is known by its name alone: an MCP server. */
export function isAllowedName(name: string, names: readonly string[] | boolean): boolean {
  if (typeof names === "boolean") return names;
  const own = name.toLowerCase();
  return names.some((pattern) => {
    const lower = pattern.toLowerCase();
    return lower.startsWith("*.") ? own.endsWith(lower.slice(1)) : own === lower;
  });
}
