/** Of what other libraries write into their spans, no content leaves unless it is asked for. */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ApieSpanProcessor } from "../../src/index.ts";
import { options, startServer } from "../support/client.ts";
import { type ProcessorLike, type RecordedSpan, readSpans, replayLive } from "../support/recordings.ts";

const FIXTURES = new URL("../fixtures/spans/", import.meta.url);
const recordings = readdirSync(FIXTURES, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".readable.json"))
  .toSorted();

/** Ends of the names of attributes that hold what users, models and tools said, in whatever convention. */
const CONTENT =
  /(^|\.)(args|arguments|content|input|instructions|messages|object|output|prompt|reasoning|result|stacktrace|system_instructions|text|toolCalls|values?)$|^exception\.message$/;

/** Short ones are also names, e.g. `Bern` and `user`. */
const SHORTEST = 12;

function texts(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(texts);
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(texts);
  if (typeof value !== "string") return [];
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === "object" || typeof parsed === "string") return texts(parsed);
  } catch {
    // A text as it is.
  }
  return [value];
}

const contentOf = (spans: readonly RecordedSpan[]): string[] => {
  const attributes = spans.flatMap(({ attributes, attributesAtStart, events }) => [
    attributesAtStart,
    attributes ?? {},
    ...(events ?? []).map((event) => event.attributes ?? {}),
  ]);
  const valuesOf = (isContent: boolean) =>
    attributes
      .flatMap((all) => Object.entries(all).filter(([key]) => CONTENT.test(key) === isContent))
      .flatMap(([, value]) => texts(value));
  // Ids of calls and names of tools stand in messages too.
  const names = new Set(valuesOf(false));
  const said = valuesOf(true).filter((text) => !names.has(text));
  const statuses = spans.map(({ status }) => status?.message ?? "");
  return [...new Set([...said, ...statuses])].filter((text) => text.length >= SHORTEST);
};

/** Everything that was sent of a recording, as text. */
async function received(spans: readonly RecordedSpan[], captureContent: boolean): Promise<string> {
  const server = await startServer();
  const processor = new ApieSpanProcessor(options(server, { captureContent }));
  await replayLive(spans, processor as unknown as ProcessorLike);
  await processor.shutdown();
  return server.everything;
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

describe("spans of other libraries", () => {
  test.each(recordings)("%s", async (recording) => {
    const spans = readSpans(new URL(recording, FIXTURES));
    const all = await received(spans, false);
    expect(contentOf(spans).filter((text) => all.includes(inJson(text)))).toEqual([]);
  });

  test.each(["ai-sdk-v5", "ai-sdk-v6", "ai-sdk-v7", "otel-instrumentation-openai"])(
    "%s: the texts that are looked for are there, and are sent where content is asked for",
    async (library) => {
      const found = recordings
        .filter((recording) => recording.startsWith(`${library}/`))
        .map(async (recording) => {
          const spans = readSpans(new URL(recording, FIXTURES));
          const all = await received(spans, true);
          return contentOf(spans).filter((text) => all.includes(inJson(text)));
        });
      expect((await Promise.all(found)).flat().length).toBeGreaterThan(0);
    },
  );
});
