/** Errors as spans tell them: a class, an identity, and the text only where content is captured. */
import { randomUUID } from "node:crypto";
import { types } from "node:util";
import type { Span } from "@opentelemetry/api";
import { SpanStatusCode } from "@opentelemetry/api";
import { type Redactor, truncateText } from "../events/index.ts";
import type { Scope } from "../model/scope.ts";
import {
  ATTR_AGENT_ERROR_ID,
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
} from "../semconv/index.ts";

const MAX_MESSAGE = 4_096;
const MAX_STACK = 16_384;

const ids = new WeakMap<object, string>();

/** What has no identity of its own (a text, `undefined`), by the scope it was last thrown into. */
const thrownInto = new WeakMap<Scope, { value: unknown; id: string }>();

/**
 * The same for one error wherever it passes, so that it is reported once.
 * @param thrownOut scope of the work it is thrown out of. @param into scope around that work.
 */
export function errorId(error: unknown, thrownOut?: Scope, into?: Scope): string {
  if ((typeof error === "object" && error !== null) || typeof error === "function") {
    let id = ids.get(error);
    if (id === undefined) {
      id = randomUUID();
      ids.set(error, id);
    }
    return id;
  }
  const below = thrownOut === undefined ? undefined : thrownInto.get(thrownOut);
  const id = below !== undefined && Object.is(below.value, error) ? below.id : randomUUID();
  if (into !== undefined) thrownInto.set(into, { value: error, id });
  return id;
}

const CLASS_LIKE = /^[\p{L}_$][\p{L}\p{N}_$.]{0,119}$/u;

/** Errors of other realms too. A Proxy may throw when it is asked for its prototype. */
export function isError(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    return false;
  }
}

/** Class name of the error; reading it must not throw, whatever was thrown. One that holds a secret is none. */
export function errorType(error: unknown, redactor: Redactor): string {
  const name = nameOf(error);
  return redactor.secrets(name) === name ? name : "Error";
}

function nameOf(error: unknown): string {
  try {
    if (isError(error)) {
      const own = error.constructor?.name;
      const name = error.name !== "Error" || own === undefined ? error.name : own;
      return CLASS_LIKE.test(name) ? name : "Error";
    }
  } catch {
    return "Error";
  }
  if (typeof error === "object") return error === null ? "null" : "Object";
  return typeof error;
}

function textOf(error: unknown, part: "message" | "stack"): string | undefined {
  try {
    const value = isError(error) ? error[part] : part === "message" ? String(error) : undefined;
    return typeof value === "string" && value !== "" ? value : undefined;
  } catch {
    return undefined;
  }
}

export interface ErrorWriting {
  readonly captureContent: boolean;
  readonly redactor: Redactor;
}

/** Marks the span as failed. Nothing the error says is written unless content is captured. */
export function writeError(span: Span, error: unknown, id: string, writing: ErrorWriting): void {
  const type = errorType(error, writing.redactor);
  const message = shown(error, "message", MAX_MESSAGE, writing);
  const stack = shown(error, "stack", MAX_STACK, writing);
  span.setAttribute(ATTR_ERROR_TYPE, type);
  span.setAttribute(ATTR_AGENT_ERROR_ID, id);
  span.addEvent("exception", {
    [ATTR_EXCEPTION_TYPE]: type,
    ...(message === undefined ? {} : { [ATTR_EXCEPTION_MESSAGE]: message }),
    ...(stack === undefined ? {} : { [ATTR_EXCEPTION_STACKTRACE]: stack }),
  });
  span.setStatus({ code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) });
}

function shown(
  error: unknown,
  part: "message" | "stack",
  limit: number,
  { captureContent, redactor }: ErrorWriting,
): string | undefined {
  const text = captureContent ? textOf(error, part) : undefined;
  return text === undefined ? undefined : truncateText(redactor.text(text), limit);
}
