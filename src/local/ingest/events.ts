/** `POST /v1/events` takes a batch whole or refuses it whole; `/validate` says of each event what would happen to it. */
import { readJson } from "../http/body.ts";

import type { AppContext, Route } from "../http/route.ts";
import { parse, refuseInvalid } from "../http/validate.ts";
import type { Services } from "../services.ts";
import { checkEvent, EVENTS } from "../wire/events.ts";
import { eventContext } from "./event-context.ts";
import { type IncomingEvent, recordEvents } from "./record-events.ts";

const MAX_WARNINGS = 50;

/** Each warning once, and not more than a reader can use. */
function shorten(warnings: readonly string[]): string[] {
  const distinct = [...new Set(warnings)];
  if (distinct.length <= MAX_WARNINGS) return distinct;
  return [...distinct.slice(0, MAX_WARNINGS), `and ${distinct.length - MAX_WARNINGS} more warnings`];
}

async function readEvents(c: AppContext, services: Services): Promise<readonly unknown[]> {
  return parse(EVENTS, await readJson(c, services)).events;
}

async function ingest(c: AppContext, services: Services): Promise<Response> {
  const values = await readEvents(c, services);
  const checked = values.map(checkEvent);
  const issues = checked.flatMap((result, index) =>
    result.ok
      ? []
      : result.issues.map(({ path, message }) => ({
          path: path === "event" ? `events[${index}]` : `events[${index}].${path}`,
          message,
        })),
  );
  if (issues.length > 0) throw refuseInvalid(issues);

  const incoming = checked.flatMap((result, index): IncomingEvent[] =>
    result.ok ? [{ event: result.event, raw: values[index] }] : [],
  );
  const { store } = services;
  const recorded = store.transaction(() => recordEvents(store, incoming, services.timestamp()));
  services.changes.publish(recorded.changes);

  const schemaWarnings = checked.flatMap((result, index) =>
    result.ok ? result.warnings.map((warning) => `events[${index}]: ${warning}`) : [],
  );
  const { accepted, duplicates } = recorded;
  return c.json({
    accepted,
    ...(duplicates > 0 ? { duplicates } : {}),
    warnings: shorten([...recorded.warnings, ...schemaWarnings]),
  });
}

async function validate(c: AppContext, services: Services): Promise<Response> {
  const values = await readEvents(c, services);
  const context = eventContext(services.store);
  const previews = values.map((value, index) => {
    const result = checkEvent(value);
    return result.ok
      ? {
          index,
          type: result.event.type,
          validation_status: "valid",
          warnings: [...result.warnings, ...context.warnings(result.event)],
        }
      : {
          index,
          validation_status: "invalid",
          warnings: result.issues.map(({ path, message }) => `${path}: ${message}`),
          issues: result.issues,
        };
  });
  return c.json({
    accepted: previews.filter((preview) => preview.validation_status === "valid").length,
    previews,
  });
}

export const eventRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/events",
    summary: "Take a batch of events, whole or not at all",
    handle: ingest,
  },
  {
    method: "POST",
    path: "/v1/events/validate",
    summary: "Say of each event whether it would be taken; nothing is stored",
    handle: validate,
  },
];
