/** What is told of an error thrown by code of the application's: no secret, and nothing of what that code was given. */
import { withoutEcho } from "../model/echo.ts";
import { reasonOf } from "../model/errors.ts";
import type { SpanLike } from "../model/span.ts";
import { toPlain } from "./plain.ts";
import { REDACTED, type Redactor } from "./redaction/index.ts";

const LIMITS = { depth: 24, items: 1_000, text: 262_144 };

/** @param given what the code had before it and may quote. */
export function told(error: unknown, given: unknown, redactor: Redactor): string {
  return redactor.text(withoutEcho(reasonOf(error), written(given)));
}

function written(given: unknown): string | undefined {
  return given === undefined ? undefined : JSON.stringify(toPlain(given, LIMITS));
}

/** The part of a span that may be content; nothing of one that cannot even be read. */
export function spanContent(span: SpanLike): object | undefined {
  try {
    const { attributes, events, status } = span;
    return { attributes, events: events?.map((event) => event.attributes), status: status?.message };
  } catch {
    return undefined;
  }
}

/** The same of an error that was thrown over a span. */
export const toldOfSpan = (error: unknown, span: SpanLike | undefined, redactor: Redactor): string =>
  told(error, span === undefined ? undefined : spanContent(span), redactor);

/** Shorter ones are no keys. */
const MIN_KEY = 8;

/** An API key of no known form is known to the client all the same. */
export const withoutKey = (text: string, apiKey: string): string =>
  apiKey.length < MIN_KEY ? text : text.replaceAll(apiKey, REDACTED);
