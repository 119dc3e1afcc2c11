/** Whether there is a context manager: without one, spans of other libraries have no parent. */
import { context, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";

const MARK = createContextKey("apie-otel context manager");

export const CONTEXT_MISSING =
  "no context manager is registered: runs of this package find their way, spans of other libraries are not placed below them";

export const CONTEXT_REMEDY =
  "register one before the provider is used: context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()), of @opentelemetry/context-async-hooks; NodeSDK and startApie do it by themselves";

const isMarked = (): boolean => context.active().getValue(MARK) === true;

/** Runs `look` where a context manager, if there is one, has something to keep; it tells whether that is there. */
export function withMark<T>(look: (isMarked: () => boolean) => T): T {
  return context.with(ROOT_CONTEXT.setValue(MARK, true), () => look(isMarked));
}

export const hasContextManager = (): boolean => withMark((isThere) => isThere());
