/** Whether context lasts: without it, spans of other libraries have no parent. */
import { context, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import { type Finding, type Found, ok, warning } from "../finding.ts";

const MARK = createContextKey("apie-otel doctor");
const REMEDY =
  "register one before the provider is used: context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()), of @opentelemetry/context-async-hooks; NodeSDK and startApie do it by themselves";

export async function checkContextManager(): Promise<Finding[]> {
  return [{ check: "context_manager", ...(await look()) }];
}

async function look(): Promise<Found> {
  const marked = ROOT_CONTEXT.setValue(MARK, true);
  const isMarked = (): boolean => context.active().getValue(MARK) === true;
  if (!context.with(marked, isMarked))
    return warning(
      "no context manager is registered: runs of this package find their way, spans of other libraries are not placed below them",
      REMEDY,
    );
  const lasts = await context.with(marked, async () => {
    await Promise.resolve();
    return isMarked();
  });
  return lasts
    ? ok("a context manager is registered, and context lasts over await")
    : warning("the context manager loses context at the first await", REMEDY);
}
