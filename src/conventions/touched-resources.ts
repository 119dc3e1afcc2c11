/** Opt-in: spans of HTTP clients, databases and whatever else the user names, as `agent.resource.touched` of the run they are in. */
import type { ApieOptions } from "../config/index.ts";
import type { Convention } from "../model/convention.ts";
import { failureOf } from "./failure.ts";
import { touchingOf } from "./touched-rules.ts";

const convention = "resources";

/** A convention that is asked after all others. */
export function touchedResources(rules: NonNullable<ApieOptions["touchedResources"]>): Convention {
  const touching = rules.map(touchingOf);
  return {
    name: convention,
    read(view) {
      for (const touches of touching) {
        const touched = touches(view);
        if (touched === undefined) continue;
        const { type, id, provider, action, actionName } = touched;
        const failure = view.phase === "end" ? failureOf(view.span) : undefined;
        return {
          kind: "resource",
          convention,
          resource: { type, id, provider },
          action: action === undefined ? undefined : { type: action, name: actionName },
          // Whether the run fails on it is the run's to say.
          metadata: failure === undefined ? undefined : { outcome: "failed", error_type: failure.type },
        };
      }
      return undefined;
    },
  };
}
