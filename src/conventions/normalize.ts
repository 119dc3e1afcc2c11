/** Words that libraries spell in many ways, brought to one spelling. */
import type { Usage } from "../model/activity.ts";
import { entryOf } from "./read.ts";

/** Longest name of a provider that is not in the table and is brought to lower case. */
const MAX_UNKNOWN = 15;

const FINISH_REASONS: Readonly<Record<string, string>> = {
  "tool-calls": "tool_call",
  tool_calls: "tool_call",
  tool_use: "tool_call",
  function_call: "tool_call",
  "content-filter": "content_filter",
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
};

export function finishReason(reason: string | undefined): string | undefined {
  return reason === undefined ? undefined : (entryOf(FINISH_REASONS, reason) ?? reason);
}

const KNOWN_REASONS: ReadonlySet<string> = new Set([
  ...Object.keys(FINISH_REASONS),
  ...Object.values(FINISH_REASONS),
  "error",
  "other",
  "refusal",
]);

/** The same, of a place where anything may stand: only words that are reasons. */
export function knownFinishReason(reason: string | undefined): string | undefined {
  return reason !== undefined && KNOWN_REASONS.has(reason) ? finishReason(reason) : undefined;
}

/** Tested before the text is cut at its first dot. */
const DOTTED_PROVIDERS: Readonly<Record<string, string>> = {
  "google.vertex": "gcp.vertex_ai",
  "google.generative-ai": "gcp.gemini",
  "az.ai.openai": "azure.ai.openai",
  "az.ai.inference": "azure.ai.inference",
};

const PROVIDERS: Readonly<Record<string, string>> = {
  "amazon-bedrock": "aws.bedrock",
  bedrock: "aws.bedrock",
  aws: "aws.bedrock",
  amazon: "aws.bedrock",
  azure: "azure.ai.openai",
  "azure-openai": "azure.ai.openai",
  google: "gcp.gemini",
  gemini: "gcp.gemini",
  vertex: "gcp.vertex_ai",
  vertexai: "gcp.vertex_ai",
  vertex_ai: "gcp.vertex_ai",
  "google-vertex": "gcp.vertex_ai",
  mistral: "mistral_ai",
  mistralai: "mistral_ai",
  xai: "x_ai",
  moonshot: "moonshot_ai",
};

/** Values of `gen_ai.provider.name` that contain a dot and are already right; `azure.chat` is an API of a provider. */
const WELL_KNOWN_DOTTED = /^(?:aws|gcp|ibm|azure\.ai)\./;

/** Providers are few, and every model call names one. */
const providers = new Map<string, string | undefined>();
const MAX_PROVIDERS = 256;

export function provider(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const known = providers.get(name);
  if (known !== undefined) return known;
  const made = providerOf(name);
  if (providers.size >= MAX_PROVIDERS) providers.clear();
  providers.set(name, made);
  return made;
}

function providerOf(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (WELL_KNOWN_DOTTED.test(lower)) return lower;
  for (const [prefix, known] of Object.entries(DOTTED_PROVIDERS)) if (lower.startsWith(prefix)) return known;
  const dot = name.indexOf(".");
  const said = dot > 0 ? name.slice(0, dot) : name;
  // What is too long for a name may be a key by mistake, which is known by its capitals.
  const stem =
    said.length > MAX_UNKNOWN && entryOf(PROVIDERS, said.toLowerCase()) === undefined
      ? said
      : said.toLowerCase();
  // A framework: whose model it called is not said.
  return stem === "langchain" ? undefined : (entryOf(PROVIDERS, stem) ?? stem);
}

/** Input includes cached tokens (OTel); an emitter whose input is smaller than its cache left them out. */
export function usage(raw: Usage | undefined): Usage | undefined {
  if (raw === undefined) return undefined;
  const cached = (raw.cacheRead ?? 0) + (raw.cacheWrite ?? 0);
  if (raw.input !== undefined && raw.input < cached)
    return { ...raw, input: raw.input + cached, total: undefined };
  return raw;
}
