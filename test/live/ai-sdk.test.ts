/** `generateText` of `ai` 6 with `@ai-sdk/openai`, by its own telemetry. */
import { generateText, RetryError, stepCountIs, tool } from "ai";
import { expect, test } from "vitest";
import { z } from "zod";
import {
  CALL,
  FAILED_CALL,
  KEY,
  LOOP,
  languageModel,
  PASSWORD,
  telemetry,
  weatherOf,
} from "./support/sky.ts";
import { eventOf, expectContent, runsOf, sessionsOf } from "./support/told.ts";
import { type World, watch } from "./support/world.ts";

const weather = tool({
  description: "Weather of a city",
  inputSchema: z.object({ city: z.string(), password: z.string() }),
  execute: ({ city }) => weatherOf(city),
});

const ask = (world: World, prompt: string, experimental_telemetry = telemetry("desk")) =>
  generateText({
    model: languageModel(world),
    system: "You know all the skies.",
    prompt,
    tools: { weather },
    stopWhen: stepCountIs(4),
    experimental_telemetry,
  });

const MODEL_CALL = "ai.generateText.doGenerate";
const LOOP_SPANS = ["ai.generateText", MODEL_CALL, "ai.toolCall", MODEL_CALL];
const LOOP_EVENTS = [
  ...CALL,
  "action.requested weather",
  "tool.called weather",
  "action.completed weather",
  ...CALL,
];
/** The run that such a loop is. */
const LOOP_RUN = {
  agents: ["desk", "ai.generateText"],
  status: "completed",
  events: LOOP_EVENTS,
  tokens: [250, 29],
};

test("a loop of model and tool is one run of its conversation", async () => {
  const watched = await watch({
    script: LOOP,
    exports: LOOP_SPANS,
    act: async (world) => {
      await ask(world, `My key is ${KEY} . Weather in Reykjavik`, telemetry("desk", "chat-7"));
    },
  });
  expect(runsOf(watched.quiet)).toEqual([{ ...LOOP_RUN, session: "chat-7" }]);
  expect(runsOf(watched.open)).toEqual(runsOf(watched.quiet));
  expect(watched.quiet.eventsOf("agent.llm.completed")[0]?.payload_summary).toMatchObject({
    provider: "openai",
    model: "gpt-test",
    response_id: "chatcmpl_1",
    finish_reason: "tool_call",
    usage: { input: 100, output: 20, total: 120, cache_read: 40, reasoning: 8 },
  });
  expectContent(
    watched,
    [
      "You know all the skies.",
      "Weather in Reykjavik",
      "Let me look it up.",
      "They say: stormy above Reykjavik",
    ],
    [KEY, PASSWORD],
  );
});

test("in a span of the application, which is no agent's and tells nothing", async () => {
  const watched = await watch({
    script: LOOP,
    exports: ["POST /chat", ...LOOP_SPANS],
    act: (world) =>
      world.tracer.startActiveSpan("POST /chat", async (request) => {
        await ask(world, "Weather in Oslo");
        request.end();
      }),
  });
  expect(runsOf(watched.quiet)).toEqual([LOOP_RUN]);
  expect(sessionsOf(watched.quiet)).toEqual([]);
});

test("in a run of ours it is that run", async () => {
  const watched = await watch({
    hasClient: true,
    script: LOOP,
    exports: LOOP_SPANS,
    act: async (world) => {
      const work = () => ask(world, "Weather in Oslo");
      await (world.apie?.withRun({}, work) ?? work());
    },
  });
  expect(runsOf(watched.quiet)).toEqual([{ ...LOOP_RUN, agents: ["Support", "invoke_agent Support"] }]);
  expectContent(watched, ["Weather in Oslo", "stormy above Oslo"], [PASSWORD]);
});

test("a tool that fails is an action that failed; the run goes on", async () => {
  const watched = await watch({
    script: LOOP,
    exports: LOOP_SPANS,
    act: async (world) => {
      await ask(world, "Weather in Atlantis");
    },
  });
  const events = LOOP_EVENTS.map((event) => event.replace("action.completed", "action.failed"));
  expect(runsOf(watched.quiet)).toEqual([{ ...LOOP_RUN, events }]);
  expect(eventOf(watched.quiet, "agent.action.failed").error).toEqual({ message: "RangeError" });
  expectContent(watched, ["Atlantis", "sunk below the waves"]);
});

test("each retry is a model call; the last one fails the run", async () => {
  const watched = await watch({
    script: () => ({ error: { status: 429, message: "too many skies at once", retryAfterMs: 1 } }),
    exports: ["ai.generateText", MODEL_CALL, MODEL_CALL, MODEL_CALL],
    act: async (world) => {
      await expect(ask(world, "Weather in Bergen", telemetry("desk", "chat-8"))).rejects.toThrow(RetryError);
    },
  });
  expect(runsOf(watched.quiet)).toEqual([
    {
      agents: ["desk", "ai.generateText"],
      status: "failed",
      session: "chat-8",
      events: [...FAILED_CALL, ...FAILED_CALL, ...FAILED_CALL, "error"],
    },
  ]);
  expect(eventOf(watched.quiet, "agent.error").error).toEqual({ message: "AI_RetryError" });
  expectContent(watched, ["Weather in Bergen", "too many skies at once"]);
});

test("a retry that is answered: the run completes", async () => {
  const watched = await watch({
    script: ({ attempt }) =>
      attempt === 1
        ? { error: { status: 503, retryAfterMs: 1 } }
        : { text: "Clear", usage: { input: 4, output: 1 } },
    exports: ["ai.generateText", MODEL_CALL, MODEL_CALL],
    act: async (world) => {
      expect((await ask(world, "Weather in Bergen")).text).toBe("Clear");
    },
  });
  expect(runsOf(watched.quiet)).toEqual([{ ...LOOP_RUN, events: [...FAILED_CALL, ...CALL], tokens: [4, 1] }]);
});

test("conversations at the same time stay apart", async () => {
  const chats = { "chat-a": "Weather in Aachen", "chat-b": "Weather in Bremen" };
  const watched = await watch({
    script: LOOP,
    exports: Array.from({ length: 4 }, () => LOOP_SPANS).flat(),
    act: async (world) => {
      const talk = async ([chat, prompt]: [chat: string, prompt: string]) => {
        await ask(world, prompt, telemetry(`desk of ${chat}`, chat));
        await ask(world, prompt, telemetry(`desk of ${chat}`, chat));
      };
      await Promise.all(Object.entries(chats).map(talk));
      const prompts = world.model.requests.map(({ prompt }) => prompt);
      expect(new Set(prompts.slice(0, 2)).size).toBe(2);
    },
  });
  const runs = runsOf(watched.quiet);
  expect(runs).toHaveLength(4);
  for (const chat of Object.keys(chats)) {
    const run = { ...LOOP_RUN, agents: [`desk of ${chat}`, "ai.generateText"], session: chat };
    expect(runs.filter(({ session }) => session === chat)).toEqual([run, run]);
  }
  expect(sessionsOf(watched.quiet).toSorted()).toEqual(["chat-a", "chat-b"]);
  // The session a prompt or answer was sent under is its own.
  const places = watched.open.eventsOf("agent.llm.completed").map((event) => {
    const text = JSON.stringify(event.payload_summary);
    return `${event.session_id} ${["Aachen", "Bremen"].filter((city) => text.includes(city))}`;
  });
  expect(new Set(places).size).toBe(2);
  expectContent(watched, ["stormy above Aachen", "stormy above Bremen"], [PASSWORD]);
});
