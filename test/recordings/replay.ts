/** Sends a recording through a processor to a recording Apie, in each of the ways its spans may come. */
import { existsSync, readFileSync } from "node:fs";
import { setImmediate as nextTick } from "node:timers/promises";
import type { ApieOptions } from "../../src/index.ts";
import { ApieSpanProcessor } from "../../src/index.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { options, startServer } from "../support/client.ts";
import { otlpSpans } from "../support/otlp-spans.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { isCompletedAfterStart, readSpans, replayedAtEnd, replayLive } from "../support/recordings.ts";
import type { Expected, Feed } from "./expected.ts";

const FIXTURES = new URL("../fixtures/spans/", import.meta.url);

export type Replay = (processor: ApieSpanProcessor) => Promise<void>;

export interface View {
  readonly name: string;
  readonly feed: Feed;
  readonly replay: Replay;
  /** Spans that ended. */
  readonly spans: readonly SpanLike[];
}

const fileOf = (recording: string, kind: string): URL => new URL(`${recording}.${kind}.json`, FIXTURES);

/** @param recording e.g. `ai-sdk-v6/tool_loop` */
export function expectedOf(recording: string): Expected {
  return JSON.parse(readFileSync(fileOf(recording, "expected"), "utf8")) as Expected;
}

/** Shuffled the same way each time. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const result = [...items];
  let state = seed;
  for (let left = result.length; left > 1; left -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const taken = state % left;
    const last = left - 1;
    [result[taken], result[last]] = [result[last] as T, result[taken] as T];
  }
  return result;
}

function viewsLive(recording: string): View[] {
  const file = fileOf(recording, "readable");
  if (!existsSync(file)) return [];
  const recorded = readSpans(file);
  const spans = replayedAtEnd(recorded);
  const views: View[] = [
    {
      name: "live",
      feed: "live",
      spans,
      replay: (processor) => replayLive(recorded, processor, () => nextTick()),
    },
    // All in one tick: starts are looked at when the span has long ended.
    { name: "live, read late", feed: "live", spans, replay: (processor) => replayLive(recorded, processor) },
  ];
  if (isCompletedAfterStart(recorded)) {
    views.push({
      name: "live, kinds a tick later",
      feed: "live",
      spans,
      replay: (processor) => replayLive(recorded, processor, () => nextTick(), true),
    });
  }
  return views;
}

function viewsOtlp(recording: string): View[] {
  const file = fileOf(recording, "otlp");
  if (!existsSync(file)) return [];
  const bodies = JSON.parse(readFileSync(file, "utf8")) as unknown[];
  const spans = otlpSpans(bodies);
  const inOrder =
    (ended: readonly SpanLike[]): Replay =>
    async (processor) => {
      for (const span of ended) processor.onEnd(span);
    };
  const views: View[] = [
    { name: "OTLP", feed: "otlp", spans, replay: inOrder(spans) },
    { name: "OTLP, backwards", feed: "otlp", spans, replay: inOrder(spans.toReversed()) },
    { name: "OTLP, shuffled", feed: "otlp", spans, replay: inOrder(shuffled(spans, spans.length)) },
  ];
  if (bodies.length > 1) {
    views.push({
      name: "OTLP, flushed after each request",
      feed: "otlp",
      spans,
      replay: async (processor) => {
        for (const body of bodies) {
          for (const span of otlpSpans([body])) processor.onEnd(span);
          await processor.forceFlush();
        }
      },
    });
  }
  return views;
}

export const viewsOf = (recording: string): View[] => [...viewsLive(recording), ...viewsOtlp(recording)];

/** Everything that reached Apie by the end of the process. */
export async function replayed(view: View, more: ApieOptions = {}): Promise<RecordingApie> {
  const server = await startServer();
  const processor = new ApieSpanProcessor(options(server, more));
  await view.replay(processor);
  await processor.shutdown();
  return server;
}
