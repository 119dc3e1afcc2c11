/** What a failed span says about its error. */
import { SpanStatusCode } from "@opentelemetry/api";
import type { ErrorFacts } from "../model/activity.ts";
import type { SpanLike } from "../model/span.ts";
import { parseText } from "./read.ts";

/** A class or a code, not a sentence: anything else could be content and is not shown. */
const CLASS_LIKE = /^[\p{L}_$][\p{L}\p{N}_$.:/#-]{0,119}$/u;
const CODE_LIKE = /^-?\d{1,9}$/;

/** Classes of errors by their names. */
const ERROR_CLASS =
  /^[\p{Lu}_$][\p{L}\p{N}_$.]*(?:Error|Exception|Exceeded|Triggered|Interrupt|Abort(?:ed)?|Timeout|Failure|Fault|Rejection|Warning)$/u;

/** The class in a message or a stack, which may begin with any word: only a word that is the name of one. */
export function errorClass(word: string | undefined): string | undefined {
  return word !== undefined && word.length <= 120 && ERROR_CLASS.test(word) ? word : undefined;
}

export function errorType(value: unknown): string | undefined {
  const name = parseText(value);
  return name !== undefined && (CLASS_LIKE.test(name) || CODE_LIKE.test(name)) ? name : undefined;
}

/** The last exception recorded on the span. */
function exceptionOf(span: SpanLike): ErrorFacts | undefined {
  const recorded = span.events?.findLast((event) => event.name === "exception");
  if (recorded === undefined) return undefined;
  const { attributes } = recorded;
  const stack = attributes?.["exception.stacktrace"];
  return {
    type: errorType(attributes?.["exception.type"]) ?? "Error",
    message: parseText(attributes?.["exception.message"]),
    stack: typeof stack === "string" ? stack : undefined,
  };
}

/**
 * The error a span ended with, for `error` of an activity: class or code by `error.type`, the recorded exception or the HTTP
 * status. Spans may be made by hand and lack members (an importer, a test): what is not there is not known.
 *
 * @returns `undefined` unless the span's status is ERROR: success is either unset or OK.
 */
export function failureOf(span: SpanLike): ErrorFacts | undefined {
  if (span.status?.code !== SpanStatusCode.ERROR) return undefined;
  const exception = exceptionOf(span);
  const attributes = span.attributes ?? {};
  const status = attributes["http.response.status_code"];
  const type =
    errorType(attributes["error.type"]) ??
    exception?.type ??
    (typeof status === "number" && status >= 400 ? String(status) : undefined) ??
    "Error";
  // Some libraries put a whole stack into the status message.
  const said = exception?.message ?? parseText(span.status.message?.split("\n", 1)[0]);
  return { ...exception, type, message: said };
}
