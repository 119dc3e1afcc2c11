/** Tokens and times of Agno: whole tokens, seconds with fractions. */
import {
  ATTR_AGENT_LLM_USAGE_TOTAL_TOKENS,
  ATTR_AGENT_RUN_TIME_TO_FIRST_TOKEN,
  ATTR_AGENT_RUN_USAGE_INPUT_TOKENS,
  ATTR_AGENT_RUN_USAGE_OUTPUT_TOKENS,
  ATTR_AGENT_RUN_USAGE_TOTAL_TOKENS,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
} from "../../semconv/index.ts";
import { type Json, number, object, objects } from "../json.ts";
import type { Attributes } from "../span.ts";
import { MICROSECONDS } from "../timeline.ts";

/** A count that every exporter can write. */
function count(value: unknown): number | undefined {
  const tokens = number(value);
  return tokens !== undefined && tokens >= 0 && tokens <= Number.MAX_SAFE_INTEGER
    ? Math.trunc(tokens)
    : undefined;
}

export function callUsage(of: Json | undefined): Attributes {
  return {
    [ATTR_GEN_AI_USAGE_INPUT_TOKENS]: count(of?.input_tokens),
    [ATTR_GEN_AI_USAGE_OUTPUT_TOKENS]: count(of?.output_tokens),
    [ATTR_AGENT_LLM_USAGE_TOTAL_TOKENS]: count(of?.total_tokens),
    [ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS]: count(of?.cache_read_tokens),
    [ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS]: count(of?.cache_write_tokens),
    [ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS]: count(of?.reasoning_tokens),
    [ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK]: number(of?.time_to_first_token),
  };
}

/** A workflow tells tokens by step only, and container steps repeat those of what they hold: its runs tell them. */
export function runUsage(metrics: Json | undefined): Attributes {
  return {
    [ATTR_AGENT_RUN_USAGE_INPUT_TOKENS]: count(metrics?.input_tokens),
    [ATTR_AGENT_RUN_USAGE_OUTPUT_TOKENS]: count(metrics?.output_tokens),
    [ATTR_AGENT_RUN_USAGE_TOTAL_TOKENS]: count(metrics?.total_tokens),
    [ATTR_AGENT_RUN_TIME_TO_FIRST_TOKEN]: number(metrics?.time_to_first_token),
  };
}

export interface RoleUsage {
  role: string;
  usage: Json;
}

/** What models in other roles used, which no message and no event tells: memory, summaries, follow-ups. */
export function otherRoles(metrics: Json | undefined): RoleUsage[] {
  return Object.entries(object(metrics?.details) ?? {})
    .filter(([role]) => role !== "model")
    .flatMap(([role, uses]) => objects(uses).map(({ item }) => ({ role, usage: item })));
}

/** No run lasts for ten years: a duration beyond is none that can be shown. */
const LONGEST_S = 10 * 366 * 86_400;

export function durationUs(metrics: Json | undefined): number | undefined {
  const seconds = number(metrics?.duration);
  return seconds === undefined || seconds < 0 || seconds > LONGEST_S
    ? undefined
    : Math.round(seconds * MICROSECONDS);
}
