/** What every event is written from, and what all of them are made of. */
import type { Activity, ContentFacts } from "../../model/activity.ts";
import type { WireEvent } from "../wire.ts";

/** What an event is written from. */
export interface EventFacts {
  activity: Activity;
  /** Name of the span, for work that has no other. */
  name: string;
  durationMs: number | undefined;
  captureContent: boolean;
}

export type EventParts = Omit<Partial<WireEvent>, "metadata" | "type" | "agent_key"> & {
  metadata?: Record<string, unknown> | undefined;
};

export type Parts = (facts: EventFacts) => EventParts;

/** A name is required, and none is known. */
export const UNKNOWN = "unknown";

export const contentOf = ({ activity, captureContent }: EventFacts): ContentFacts | undefined =>
  captureContent ? activity.content : undefined;

/** The protocol's word, where the span says one of them: an event with any other would be refused as a whole. */
export function wordOf<Word extends string>(
  words: readonly Word[],
  said: string | undefined,
): Word | undefined {
  return words.find((word) => word === said);
}
