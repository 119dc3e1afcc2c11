/** Tokens as Langfuse counts them: each kind apart, so that cached tokens are not among those of the input. */
import type { Usage } from "../../model/activity.ts";
import { parseCount, parseObject } from "../read.ts";

const CACHE_READ = ["input_cached_tokens", "input_cache_read", "cache_read_input_tokens"];
const CACHE_WRITE = ["input_cache_creation", "cache_creation_input_tokens"];
const REASONING = ["output_reasoning_tokens", "output_reasoning"];
const INPUT = ["input", "input_tokens", "prompt_tokens", "promptTokens"];
const OUTPUT = ["output", "output_tokens", "completion_tokens", "completionTokens"];

type Details = Readonly<Record<string, unknown>>;

function first(details: Details, names: readonly string[]): number | undefined {
  for (const name of names) {
    const tokens = parseCount(details[name]);
    if (tokens !== undefined) return tokens;
  }
  return undefined;
}

/** The count itself, and what was taken out of it into counts of their own (`input_audio_tokens`, …). */
function whole(details: Details, base: readonly string[], isPart: (name: string) => boolean) {
  const tokens = first(details, base);
  if (tokens === undefined) return undefined;
  let sum = tokens;
  for (const name of Object.keys(details))
    if (isPart(name) && !base.includes(name)) sum += parseCount(details[name]) ?? 0;
  return sum;
}

const isInputPart = (name: string): boolean => name.startsWith("input_") || CACHE_READ_OR_WRITE.has(name);
const isOutputPart = (name: string): boolean => name.startsWith("output_");
const CACHE_READ_OR_WRITE = new Set([...CACHE_READ, ...CACHE_WRITE]);

/** @returns `undefined` when no tokens are told. */
export function usageOf(value: unknown): Usage | undefined {
  const details = parseObject(value);
  if (details === undefined) return undefined;
  const total = parseCount(details.total);
  const input = first(details, INPUT);
  const output = first(details, OUTPUT);
  // Counts that already make up the total have nothing taken out.
  const isWhole = total !== undefined && (input ?? 0) + (output ?? 0) === total;
  const usage: Usage = {
    input: isWhole ? input : whole(details, INPUT, isInputPart),
    output: isWhole ? output : whole(details, OUTPUT, isOutputPart),
    total,
    cacheRead: first(details, CACHE_READ),
    cacheWrite: first(details, CACHE_WRITE),
    reasoning: first(details, REASONING),
  };
  return Object.values(usage).some((tokens) => tokens !== undefined) ? usage : undefined;
}
