/** What models and agents said, where that was captured. */
import { listOf, type Members, members, textOf } from "../members.ts";
import type { RecordedRun } from "./recorded.ts";

/** Parts of messages as OpenTelemetry writes them, or content as a provider does. */
export function partsOf(output: unknown): readonly Members[] {
  if (typeof output === "string") return [{ type: "text", content: output }];
  return (Array.isArray(output) ? output : [output]).flatMap((message): readonly Members[] => {
    const { parts, content } = members(message);
    if (Array.isArray(parts)) return parts.map(members);
    if (Array.isArray(content)) return content.map(members);
    return typeof content === "string" ? [{ type: "text", content }] : [];
  });
}

/** What the model said with words. */
export function saidIn(output: unknown): string | undefined {
  const texts = partsOf(output).flatMap(({ type, content, text }) =>
    type === undefined || type === "text" ? (textOf(content, text) ?? []) : [],
  );
  return texts.length === 0 ? undefined : texts.join("\n");
}

/** Urls the answer names. */
export const sourcesOf = ({ ending }: RecordedRun): string[] =>
  listOf(ending.sources).filter((url): url is string => typeof url === "string");
