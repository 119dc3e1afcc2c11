/**
 * What a convention of the user's gives may be of any size and shape, and waits with its event: a circle, a getter that
 * throws or objects shared a million times over must be met here, not where it is counted, redacted or written.
 */
import { toPlainObject } from "../events/index.ts";
import type { Activity } from "../model/activity.ts";

type Members = Record<string, unknown>;

const UNREADABLE: Readonly<Members> = { notice: "[Unreadable]" };

export function plainActivity(activity: Activity): Activity {
  const { metadata, payloadSummary, event } = activity;
  if (metadata === undefined && payloadSummary === undefined && event === undefined) return activity;
  return {
    ...activity,
    metadata: plainMembers(metadata),
    payloadSummary: plainMembers(payloadSummary),
    event: event === undefined ? undefined : { ...event, payload: plainMembers(event.payload) },
  };
}

function plainMembers(given: Members | undefined): Members | undefined {
  return given === undefined || given === null ? undefined : (toPlainObject(given) ?? UNREADABLE);
}
