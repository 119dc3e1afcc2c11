/** Pages that the answer of a run names. */
import {
  ATTR_AGENT_ACTION_TYPE,
  ATTR_AGENT_RESOURCE_ID,
  ATTR_AGENT_RESOURCE_TITLE,
  ATTR_AGENT_RESOURCE_TYPE,
} from "../semconv/index.ts";
import { objects, text } from "./json.ts";
import type { RunTrace } from "./run-trace.ts";
import type { Attributes } from "./span.ts";

/** The most that `agent.run.sources` holds. */
const MAX_SOURCES = 100;

/**
 * Each page once, the last things the run tells.
 *
 * @param named a list with `url` and, maybe, `title`; what is none of these is passed over.
 * @param endUs end of the run, if it is known: they come right before it.
 * @returns for `agent.run.sources`.
 */
export function tellSources(
  trace: RunTrace,
  named: unknown,
  endUs: number | undefined,
  attributes: Attributes,
): readonly string[] | undefined {
  const titles = new Map<string, string | undefined>();
  for (const { item } of objects(named)) {
    const url = text(item.url);
    if (url !== undefined && !titles.has(url)) titles.set(url, text(item.title));
  }
  for (const [url, title] of titles)
    trace.instant({
      key: `source:${url}`,
      operation: "resource_access",
      name: "access source",
      at: trace.timeline.add(endUs === undefined ? undefined : endUs - titles.size),
      attributes: {
        ...attributes,
        [ATTR_AGENT_RESOURCE_TYPE]: "source",
        [ATTR_AGENT_RESOURCE_ID]: url,
        [ATTR_AGENT_RESOURCE_TITLE]: title,
        [ATTR_AGENT_ACTION_TYPE]: "read",
      },
    });
  return titles.size === 0 ? undefined : [...titles.keys()].slice(0, MAX_SOURCES);
}
