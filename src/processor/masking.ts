/**
 * The user's `redact` over what opens and completes runs and sessions. It knows events, so that is what it is shown: of a type
 * that says which call it is, with the summaries in `payloadSummary` and the rest in `metadata`.
 */
import { type Hook, hooked, type WireEvent } from "../events/index.ts";
import type { Members, Parts } from "./body-members.ts";

/** What the hook sees as the event's type. */
export type MaskedCall =
  | "run.started"
  | "run.completed"
  | "session.started"
  | "session.completed"
  | "handoff.requested";

export interface BodyParts<Body> {
  parts: Parts<Body>;
  /** Metadata of the application's. */
  given: Members | undefined;
  metadata: Parts<Members>;
}

/** @returns the same parts with what the hook made of them; what it drops, or fails over, is left out of the call. */
export function maskedParts<Body extends object>(
  call: MaskedCall,
  agentKey: string,
  { parts, given, metadata }: BodyParts<Body>,
  hook: Hook,
): BodyParts<Body> {
  if (hook.redact === undefined) return { parts, given, metadata };
  const { told = {}, summaries = {} } = parts as Parts<Members>;
  const { step_name, environment, payload_summary: summary, ...rest } = told;
  const event = {
    type: call,
    agent_key: agentKey,
    step_name,
    environment,
    payload_summary: known({ ...(summary as Members | undefined), ...rest, ...summaries }),
    metadata: known({ ...given, ...metadata.told, ...metadata.summaries }),
  } as unknown as WireEvent;
  const masked = hooked(event, hook);
  const seen = { payload: masked?.payload_summary ?? {}, metadata: masked?.metadata ?? {} };
  const named = new Set(Object.keys({ ...metadata.told, ...metadata.summaries }));
  const others = new Set(Object.keys({ ...rest, ...summaries }));
  return {
    parts: {
      ...parts,
      told: known({
        step_name: masked?.step_name,
        environment: masked?.environment,
        payload_summary: summary === undefined ? undefined : without(seen.payload, others),
        ...pick(seen.payload, rest),
      }),
      summaries: pick(seen.payload, summaries),
    } as Parts<Body>,
    given: without(seen.metadata, named),
    metadata: {
      ...metadata,
      told: pick(seen.metadata, metadata.told),
      summaries: pick(seen.metadata, metadata.summaries),
    },
  };
}

const known = (members: Members): Members =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

/** Of what the hook gave, the members that there were. */
function pick(given: Members, asked: Members = {}): Members {
  return known(Object.fromEntries(Object.keys(asked).map((name) => [name, given[name]])));
}

const without = (given: Members, names: ReadonlySet<string>): Members =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !names.has(name)));
