/** Validation by Apie, beside the local one. */
import { type ApieClient, toError } from "../apie-api/index.ts";
import {
  type LocalValidation,
  Redactor,
  redactWireEvent,
  toPlainObject,
  toWire,
  validateEvents,
  type WireEvent,
} from "../events/index.ts";

export interface RemoteVerdict {
  /** Place in the list that was given. */
  index: number;
  /** Apie's word; anything but `invalid` passes. */
  status: string;
  warnings: readonly string[];
}

export interface EventValidation extends LocalValidation {
  /** What Apie says; absent when it was not asked, or the events are wrong already. */
  remote?: { accepted: number | undefined; results: readonly RemoteVerdict[] } | undefined;
}

/** Events are sent as they are: Apie is asked about all of them. */
const LIMITS = { depth: 100, items: 10_000, text: 1_048_576, values: 1_000_000, characters: 8_388_608 };

/**
 * @param client absent: only the local rules are asked.
 * @param redactor what is sent to be looked at is redacted like everything else.
 * @throws {ApieError} when Apie does not answer.
 */
export async function validate(
  events: unknown,
  client: ApieClient | undefined,
  redactor = new Redactor(),
): Promise<EventValidation> {
  const local = validateEvents(events);
  if (client === undefined || !local.valid || local.results.length === 0) return local;
  const list = (Array.isArray(events) ? events : [events]) as object[];
  const answer = await client.validateEvents(list.map((event) => sendable(event, redactor)));
  if (answer.kind !== "ok") throw toError(answer, "POST /v1/events/validate");
  const results = answer.value.previews.map(
    (preview, index): RemoteVerdict => ({
      index,
      status: preview.validationStatus,
      warnings: preview.warnings,
    }),
  );
  return {
    ...local,
    valid: results.every((result) => result.status !== "invalid"),
    remote: { accepted: answer.value.accepted, results },
  };
}

function sendable(event: object, redactor: Redactor): WireEvent {
  const plain = toPlainObject(toWire(event), LIMITS) ?? {};
  return redactWireEvent(plain as unknown as WireEvent, redactor);
}
