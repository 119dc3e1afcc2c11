/**
 * Ids and keys that spans name are what runs and sessions are told apart by, and may be secrets: a session named by the
 * user's token, say. They are replaced here, before anything is kept under them, by what is still one for each.
 */
import type { Redactor } from "../events/index.ts";
import type { Activity } from "../model/activity.ts";

export const idWithoutSecrets = (id: string | undefined, redactor: Redactor): string | undefined =>
  // A convention of the user's may give what is no text.
  typeof id === "string" ? redactor.identity(id) : id;

/** The members of each part of an activity that are such ids. */
const PARTS = {
  agent: ["key"],
  run: ["parentId", "handoffId"],
  handoff: ["id", "sourceKey", "sourceRunId", "targetKey", "targetRunId"],
  approval: ["id"],
  step: ["key"],
} as const satisfies { [Part in keyof Activity]?: readonly (keyof NonNullable<Activity[Part]>)[] };

const PART_NAMES = Object.keys(PARTS) as (keyof typeof PARTS)[];

/** Replaces them in the activity itself, which was just made. */
export function hideSecretIds(activity: Activity, redactor: Redactor): void {
  if (activity.sessionId !== undefined) activity.sessionId = idWithoutSecrets(activity.sessionId, redactor);
  if (activity.runId !== undefined) activity.runId = idWithoutSecrets(activity.runId, redactor);
  for (const part of PART_NAMES) {
    const facts = activity[part] as Record<string, string | undefined> | undefined;
    if (facts === undefined || facts === null) continue;
    for (const name of PARTS[part]) {
      const id = facts[name];
      if (id === undefined) continue;
      const hidden = idWithoutSecrets(id, redactor);
      // Facts may be shared by activities, or frozen.
      if (hidden !== id) Object.assign(activity, { [part]: { ...activity[part], [name]: hidden } });
    }
  }
}
