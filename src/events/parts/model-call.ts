/** Calls of models, and what they cost in tokens. */
import type { Usage } from "../../model/activity.ts";
import { contentOf, type EventFacts } from "./facts.ts";

/** Key names that survive redaction of everything called token, in Apie's own SDK too. */
export function usagePart(usage: Usage | undefined): Record<string, number> | undefined {
  if (usage === undefined) return undefined;
  const { input, output, cacheRead, cacheWrite, reasoning } = usage;
  const total =
    usage.total ?? (input === undefined && output === undefined ? undefined : (input ?? 0) + (output ?? 0));
  if ((total ?? cacheRead ?? cacheWrite ?? reasoning) === undefined) return undefined;
  const part = { input, output, total, cache_read: cacheRead, cache_write: cacheWrite, reasoning };
  return part as Record<string, number>;
}

type Members = Record<string, unknown>;

/** What the application gave to be shown comes first; what is known of the call itself stands over it. */
const over = (given: Members | undefined, known: Members): Members =>
  given === undefined ? known : { ...given, ...known };

export function modelCall({ activity }: EventFacts): Members {
  const { llm } = activity;
  return over(activity.payloadSummary, {
    provider: llm?.provider,
    model: llm?.requestModel ?? llm?.responseModel,
    operation: llm?.operation,
    stream: llm?.stream,
    purpose: llm?.purpose,
    prompt_hash: llm?.promptHash,
  });
}

/** The call's members are written out again: an object that begins with a spread takes twice the CPU of all until it is sent. */
export function modelAnswer(facts: EventFacts): Members {
  const { llm, payloadSummary } = facts.activity;
  const content = contentOf(facts);
  return over(payloadSummary, {
    provider: llm?.provider,
    model: llm?.requestModel ?? llm?.responseModel,
    operation: llm?.operation,
    stream: llm?.stream,
    purpose: llm?.purpose,
    prompt_hash: llm?.promptHash,
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
    instructions: content?.instructions,
    input: content?.input,
    output: content?.output,
  });
}
