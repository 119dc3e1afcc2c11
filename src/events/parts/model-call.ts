/** Calls of models, and what they cost in tokens. */
import type { Usage } from "../../model/activity.ts";
import { contentOf, type EventFacts } from "./facts.ts";

/** Key names that survive redaction of everything called token, in Apie's own SDK too. */
export function usagePart(usage: Usage | undefined): Record<string, number> | undefined {
  if (usage === undefined) return undefined;
  const { input, output, cacheRead, cacheWrite, reasoning } = usage;
  const total =
    usage.total ?? (input === undefined && output === undefined ? undefined : (input ?? 0) + (output ?? 0));
  const part = { input, output, total, cache_read: cacheRead, cache_write: cacheWrite, reasoning };
  return Object.values(part).some((value) => value !== undefined)
    ? (part as Record<string, number>)
    : undefined;
}

export function modelCall({ activity }: EventFacts): Record<string, unknown> {
  const { llm } = activity;
  return {
    ...activity.payloadSummary,
    provider: llm?.provider,
    model: llm?.requestModel ?? llm?.responseModel,
    operation: llm?.operation,
    stream: llm?.stream,
    purpose: llm?.purpose,
    prompt_hash: llm?.promptHash,
  };
}

export function modelAnswer(facts: EventFacts): Record<string, unknown> {
  const { llm } = facts.activity;
  const content = contentOf(facts);
  return {
    ...modelCall(facts),
    response_model: llm?.responseModel,
    response_id: llm?.responseId,
    finish_reason: llm?.finishReason,
    usage: usagePart(llm?.usage),
    ttft_ms: llm?.timeToFirstTokenMs,
    duration_ms: facts.durationMs,
    cost:
      llm?.costAmount === undefined
        ? undefined
        : { amount: llm.costAmount, currency: llm.costCurrency ?? "USD" },
    ...content,
  };
}
