/**
 * The active run and session. They travel in the OTel Context, and beside it in an AsyncLocalStorage of our own, so that
 * they survive where no context manager is registered. Both are shared by every copy of this package in the process.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, context, createContextKey } from "@opentelemetry/api";
import type { Scope } from "../model/scope.ts";
import type { ContextLike } from "../model/span.ts";

/** `createContextKey` gives the same symbol for the same text in every copy of the API. */
export const SCOPE_CONTEXT_KEY = createContextKey("apie-otel scope v1");
const STORAGE_KEY = Symbol.for("apie-otel.scope-storage.v1");

const shared = globalThis as { [STORAGE_KEY]?: AsyncLocalStorage<Scope> };
shared[STORAGE_KEY] ??= new AsyncLocalStorage<Scope>();
const storage = shared[STORAGE_KEY];

/** Scope of a span from the context it was started in; called for every span of the process. */
export function scopeOf(parentContext: unknown): Scope | undefined {
  const carried = (parentContext as ContextLike | undefined)?.getValue?.(SCOPE_CONTEXT_KEY) as
    | Scope
    | undefined;
  return carried ?? storage.getStore();
}

export function activeScope(): Scope | undefined {
  return (context.active().getValue(SCOPE_CONTEXT_KEY) as Scope | undefined) ?? storage.getStore();
}

/** Runs `fn` in `scope`, with `base` as the OTel Context. */
export function withScope<T>(scope: Scope, base: Context, fn: () => T): T {
  return storage.run(scope, () => context.with(base.setValue(SCOPE_CONTEXT_KEY, scope), fn));
}
