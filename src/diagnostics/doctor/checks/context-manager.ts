/** Whether context lasts: without it, spans of other libraries have no parent. */
import { CONTEXT_MISSING, CONTEXT_REMEDY, hasContextManager, withMark } from "../../context-manager.ts";
import { type Finding, type Found, ok, warning } from "../finding.ts";

export async function checkContextManager(): Promise<Finding[]> {
  return [{ check: "context_manager", ...(await look()) }];
}

async function look(): Promise<Found> {
  if (!hasContextManager()) return warning(CONTEXT_MISSING, CONTEXT_REMEDY);
  const lasts = await withMark(async (isThere) => {
    await Promise.resolve();
    return isThere();
  });
  return lasts
    ? ok("a context manager is registered, and context lasts over await")
    : warning("the context manager loses context at the first await", CONTEXT_REMEDY);
}
