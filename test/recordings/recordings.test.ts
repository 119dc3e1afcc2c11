/**
 * Every recording of every library, as a processor in the process sees it and from OTLP alone, against what truly happened.
 * Double counting: tokens of all events together are those of the invoice, whatever a library repeats on its roots.
 * One folder: `npx vitest run test/recordings -t "ai-sdk-v6/"`.
 */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { differences } from "./differences.ts";
import type { Feed } from "./expected.ts";
import { observe } from "./observed.ts";
import { expectedOf, replayed, type View, viewsOf } from "./replay.ts";
import { malformed } from "./well-formed.ts";

const FIXTURES = new URL("../fixtures/spans/", import.meta.url);
const SUFFIX = ".expected.json";

const recordings = readdirSync(FIXTURES, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length))
  .sort();

/** Scopes of the application's own spans, written for the recordings: what they say is no agent's. */
const APPLICATION = new Set(["app", "mcp-server-app"]);

/** Words of prompts and answers that the library's spans of this view have. */
function wordsIn({ spans }: View, words: readonly string[]): string[] {
  const said = spans
    .filter(({ instrumentationScope: scope }) => !APPLICATION.has(scope?.name ?? ""))
    .map(({ attributes, events, status }) => [attributes, events, status]);
  const text = JSON.stringify(said);
  return words.filter((word) => text.includes(word));
}

describe.each(recordings)("%s", (recording) => {
  const expected = expectedOf(recording);
  const views = viewsOf(recording);

  test("is there in each view it was recorded in", () => {
    const has = (feed: Feed): boolean => views.some((view) => view.feed === feed);
    expect({ live: has("live"), otlp: has("otlp") }).toEqual(expected.feeds);
  });

  describe.each(views)("$name", (view) => {
    test("tells what happened, and no content", async () => {
      const server = await replayed(view);
      const observed = observe(server);
      expect([
        ...differences(expected, view.feed, observed),
        ...malformed(expected, view.feed, observed, view.spans),
      ]).toEqual([]);
      expect(expected.content.filter((word) => server.everything.includes(word))).toEqual([]);
    });

    test("tells content where it is asked for", async () => {
      const { everything } = await replayed(view, { captureContent: true });
      expect(wordsIn(view, expected.content).filter((word) => !everything.includes(word))).toEqual([]);
    });
  });
});
