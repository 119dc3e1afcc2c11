/** `streamText` of `ai` 6 with `@ai-sdk/openai`, by its own telemetry. */
import { streamText } from "ai";
import { expect, test } from "vitest";
import type { Script } from "../../examples/support/model-server.ts";
import { CALL, FAILED_CALL, languageModel, telemetry } from "./support/sky.ts";
import { eventOf, expectContent, runsOf } from "./support/told.ts";
import { type World, watch } from "./support/world.ts";

const COUNT: Script = () => ({ text: "One two three four five six seven", usage: { input: 30, output: 7 } });
const SLOW_COUNT: Script = () => ({ text: "One two three four five six seven", pauseMs: 20 });

const stream = (world: World, abortSignal?: AbortSignal) =>
  streamText({
    model: languageModel(world),
    prompt: "Count the clouds",
    maxRetries: 0,
    onError: () => undefined,
    experimental_telemetry: telemetry("counter", "chat-9"),
    ...(abortSignal === undefined ? {} : { abortSignal }),
  });

const RUN = { agents: ["counter", "ai.streamText"], status: "completed", session: "chat-9" };

test("read to its end", async () => {
  const watched = await watch({
    script: COUNT,
    exports: ["ai.streamText", "ai.streamText.doStream"],
    act: async (world) => {
      const pieces: string[] = [];
      for await (const piece of stream(world).textStream) pieces.push(piece);
      expect(pieces.join("")).toBe("One two three four five six seven");
    },
  });
  expect(runsOf(watched.quiet)).toEqual([{ ...RUN, events: CALL, tokens: [30, 7] }]);
  expect(eventOf(watched.quiet, "agent.llm.completed").payload_summary).toMatchObject({ stream: true });
  expectContent(watched, ["Count the clouds", "One two three four five six seven"]);
});

test("aborted: the model call never ends, and its run is closed while the service goes on", async () => {
  const watched = await watch({
    script: SLOW_COUNT,
    exports: ["ai.streamText"],
    act: async (world) => {
      const abort = new AbortController();
      for await (const part of stream(world, abort.signal).fullStream) {
        if (part.type === "text-delta") abort.abort();
      }
      await world.told?.received(/^\/v1\/runs\/.*\/complete$/);
    },
  });
  expect(runsOf(watched.quiet)).toEqual([{ ...RUN, events: FAILED_CALL }]);
  expect(eventOf(watched.quiet, "agent.llm.failed").error).toEqual({ message: "unfinished" });
  expectContent(watched, ["Count the clouds"]);
});

test("no longer read: none of its spans ends, and the run is closed when the service stops", async () => {
  const watched = await watch({
    script: COUNT,
    exports: ["POST /chat"],
    act: (world) =>
      world.tracer.startActiveSpan("POST /chat", async (request) => {
        for await (const piece of stream(world).textStream) {
          expect(piece).toBe("One");
          break;
        }
        request.end();
      }),
  });
  expect(runsOf(watched.quiet)).toEqual([{ ...RUN, status: "failed", events: FAILED_CALL }]);
  expectContent(watched, ["Count the clouds"]);
});

test("an error instead of an answer fails the run", async () => {
  const watched = await watch({
    script: () => ({ error: { status: 500, message: "the sky fell down" } }),
    exports: ["ai.streamText", "ai.streamText.doStream"],
    act: async (world) => {
      const types: string[] = [];
      for await (const { type } of stream(world).fullStream) types.push(type);
      expect(types).toContain("error");
    },
  });
  expect(runsOf(watched.quiet)).toEqual([{ ...RUN, status: "failed", events: [...FAILED_CALL, "error"] }]);
  expectContent(watched, ["Count the clouds", "the sky fell down"]);
});
