/** How much is kept of what users, models and tools said. Bounded before redaction, so that this takes a few milliseconds at most. */
import type { PlainLimits } from "./plain.ts";

/** Of one text, list or object. */
export const CONTENT_LIMITS = { depth: 10, items: 200, text: 16_384, characters: 65_536 } as const;

/** Of all content of one event, in characters. */
const MAX_CHARACTERS = 131_072;
/** A character may take three bytes, and an escape; an event above the size limit loses all of its content. */
const BYTES_PER_CHARACTER = 4;

/** What has a text has none of the others. */
const SHARES = { instructions: 1 / 8, input: 1 / 2, output: 3 / 8, text: 1 } as const;

export type ContentName = keyof typeof SHARES;
export const CONTENT_NAMES = Object.keys(SHARES) as ContentName[];

/** @param maxBytes of an event. */
export function contentLimits(maxBytes: number): Readonly<Record<ContentName, PlainLimits>> {
  const characters = Math.min(MAX_CHARACTERS, Math.floor(maxBytes / BYTES_PER_CHARACTER));
  const limits = (name: ContentName): PlainLimits => ({
    ...CONTENT_LIMITS,
    characters: Math.floor(characters * SHARES[name]),
    // Of a conversation that is too long, how it began and what was said last tell most.
    keepsEnds: name === "input",
  });
  return {
    instructions: limits("instructions"),
    input: limits("input"),
    output: limits("output"),
    text: limits("text"),
  };
}
