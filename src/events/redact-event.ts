/** Redaction of an event that does not go through the bridge. */
import { type RedactionOptions, Redactor } from "./redaction/index.ts";
import { type ApieEvent, IDENTITY, toCamel, type WireEvent } from "./wire.ts";

const KEPT: ReadonlySet<string> = new Set(IDENTITY.flatMap((name) => [name, toCamel(name)]));

/**
 * A copy of an event in which recognisable secrets are replaced by `[REDACTED]`: by their form in every text, by the name of
 * their member (`password`, `api_key`, `authorization`, `cookie`, … but not counts of tokens), and by the given options. The
 * bridge does the same to everything it sends.
 *
 * @param event in the SDK's or the wire's spelling; plain data.
 * @example
 * redactEvent(event, { redactKeys: ["ssn"], redactAllowPaths: ["metadata.page_token"], redactDenyPatterns: [/acme-\d+/] });
 * @throws {SyntaxError} when a deny pattern is no regular expression.
 */
export function redactEvent<Event extends ApieEvent | WireEvent>(
  event: Event,
  options: RedactionOptions = {},
): Event {
  const redactor = new Redactor(options);
  const members = Object.entries(event).map(([name, value]) => [
    name,
    KEPT.has(name) ? value : redactor.value(value, name),
  ]);
  return Object.fromEntries(members) as Event;
}
