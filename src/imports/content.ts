/** What of an imported span may be words of users, models and tools. */
import {
  ATTR_AGENT_APPROVAL_REASON,
  ATTR_AGENT_HANDOFF_REASON,
  ATTR_AGENT_REASONING_TITLE,
  ATTR_AGENT_RESOURCE_ID,
  ATTR_AGENT_RUN_SOURCES,
  CONTENT_ATTRIBUTES,
} from "../semconv/index.ts";
import type { ImportedSpan } from "./span.ts";

/** Those of the convention, and those that elsewhere an application fills in to be shown, and here a record of what was said. */
const CONTENT: ReadonlySet<string> = new Set([
  ...CONTENT_ATTRIBUTES,
  ATTR_AGENT_APPROVAL_REASON,
  ATTR_AGENT_HANDOFF_REASON,
  ATTR_AGENT_REASONING_TITLE,
  ATTR_AGENT_RESOURCE_ID,
  ATTR_AGENT_RUN_SOURCES,
]);

const withoutContentOf = (attributes: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(attributes).filter(([key]) => !CONTENT.has(key)));

/** The span as it may leave the process: without content, and without the record of its source. */
export function withoutContent(span: ImportedSpan): ImportedSpan {
  return {
    ...span,
    attributes: withoutContentOf(span.attributes),
    events: span.events.map((event) => ({ ...event, attributes: withoutContentOf(event.attributes ?? {}) })),
    status: { code: span.status.code },
  };
}
