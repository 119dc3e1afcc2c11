/** What models and agents said, where that was captured. */
import { listOf, type Members, members, textOf } from "../members.ts";
import type { RecordedRun } from "./recorded.ts";
import { factsOf, type Work } from "./work.ts";

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

/** What was said in a step. */
export const saidInStep = ({ end }: Work): string | undefined => textOf(members(factsOf(end).metadata).text);

export interface Source {
  readonly url: string;
  readonly title: string | null;
}

/** Pages the answer names. */
export function sourcesOf({ ending, told }: RecordedRun): Source[] {
  const titles = new Map<unknown, string>();
  for (const { event } of told) {
    const { type, resource, metadata } = factsOf(event);
    const title = textOf(members(metadata).title);
    if (type === "agent.resource.touched" && title !== undefined)
      titles.set(members(resource).external_id, title);
  }
  return listOf(ending.sources).flatMap((url) =>
    typeof url === "string" ? [{ url, title: titles.get(url) ?? null }] : [],
  );
}
