/** `openai` 6, instrumented by OpenInference. */
import { OpenAIInstrumentation } from "@arizeai/openinference-instrumentation-openai";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import type { Script } from "../../examples/support/model-server.ts";
import { CALL, FAILED_CALL, KEY, PASSWORD } from "./support/sky.ts";
import { eventOf, expectContent, runsOf, type ToldRun } from "./support/told.ts";
import { type World, watch } from "./support/world.ts";

// ES modules are not patched as they are loaded: this is what OpenInference asks of their users.
const instrumentation = new OpenAIInstrumentation();
instrumentation.manuallyInstrument(OpenAI);

const SPAN = "OpenAI Chat Completions";

function client({ model, provider }: World): OpenAI {
  instrumentation.setTracerProvider(provider);
  return new OpenAI({ baseURL: model.baseURL, apiKey: "none needed", maxRetries: 0 });
}

const WEATHER = {
  type: "function",
  function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
} as const;

const ask = (world: World, question: string) =>
  client(world).chat.completions.create({
    model: "gpt-test",
    messages: [
      { role: "system", content: "You know all the skies." },
      { role: "user", content: question },
    ],
    tools: [WEATHER],
  });

const ANSWER: Script = ({ prompt }) =>
  prompt.includes("tool")
    ? {
        toolCalls: [{ name: "weather", arguments: { city: "Longyearbyen", password: PASSWORD } }],
        usage: { input: 60, output: 6 },
      }
    : { text: "Grey all over", usage: { input: 50, cached: 20, output: 5, reasoning: 2 } };

const REFUSAL: Script = () => ({
  error: { status: 400, type: "invalid_request_error", message: "no such sky" },
});

type Within = (world: World, work: () => Promise<void>) => Promise<void>;

interface Place {
  /** What is exported beside the library's spans. */
  readonly spans: readonly string[];
  readonly run: Pick<ToldRun, "agents" | "session">;
  /** Of a run whose only model call never ends. */
  readonly statusUnfinished: string;
  readonly within: Within;
}

/** Where a service calls the model. */
const PLACES: Readonly<Record<string, Place>> = {
  "with nothing around it": {
    spans: [],
    run: { agents: [SPAN] },
    statusUnfinished: "failed",
    within: (_world, work) => work(),
  },
  "in a span of the application, which names the session": {
    spans: ["POST /chat"],
    run: { agents: ["POST /chat"], session: "chat-7" },
    statusUnfinished: "completed",
    within: ({ tracer }, work) =>
      tracer.startActiveSpan("POST /chat", { attributes: { "session.id": "chat-7" } }, (request) =>
        work().finally(() => request.end()),
      ),
  },
  "in a run of ours": {
    spans: [],
    run: { agents: ["Support", "invoke_agent Support"] },
    statusUnfinished: "completed",
    within: ({ apie }, work) => apie?.withRun({}, work) ?? work(),
  },
};

describe.each(Object.entries(PLACES))("%s", (place, { spans, run, statusUnfinished, within }) => {
  const play = (script: Script, exports: readonly string[], work: (world: World) => Promise<void>) =>
    watch({
      hasClient: place === "in a run of ours",
      script,
      exports: [...spans, ...exports],
      act: (world) => within(world, () => work(world)),
    });

  test("a whole answer", async () => {
    const watched = await play(ANSWER, [SPAN], async (world) => {
      const answer = await ask(world, `My key is ${KEY} . What weather?`);
      expect(answer.choices[0]?.message.content).toBe("Grey all over");
    });
    expect(runsOf(watched.quiet)).toEqual([{ ...run, status: "completed", events: CALL, tokens: [50, 5] }]);
    expect(runsOf(watched.open)).toEqual(runsOf(watched.quiet));
    expect(eventOf(watched.quiet, "agent.llm.completed").payload_summary).toMatchObject({
      provider: "openai",
      model: "gpt-test",
      finish_reason: "stop",
      usage: { input: 50, output: 5, total: 55, cache_read: 20, reasoning: 2 },
    });
    expectContent(watched, ["You know all the skies.", "What weather?", "Grey all over"], [KEY]);
  });

  test("a streamed answer", async () => {
    const watched = await play(ANSWER, [SPAN], async (world) => {
      const stream = await client(world).chat.completions.create({
        model: "gpt-test",
        messages: [{ role: "user", content: "What weather, word by word?" }],
        stream: true,
        stream_options: { include_usage: true },
      });
      const pieces: string[] = [];
      for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta.content ?? "");
      expect(pieces.join("")).toBe("Grey all over");
    });
    // The instrumentation does not write the tokens of streams.
    expect(runsOf(watched.quiet)).toEqual([{ ...run, status: "completed", events: CALL }]);
    expect(eventOf(watched.quiet, "agent.llm.completed").payload_summary).toMatchObject({ stream: true });
    expectContent(watched, ["What weather, word by word?", "Grey all over"]);
  });

  test("an answer that calls a tool, which is run and told to the model", async () => {
    const watched = await play(ANSWER, [SPAN, SPAN], async (world) => {
      const { choices } = await ask(world, "Use your tool");
      expect(choices[0]?.finish_reason).toBe("tool_calls");
      await ask(world, "It says: stormy above Longyearbyen");
    });
    expect(runsOf(watched.quiet).flatMap(({ events }) => events)).toEqual([...CALL, ...CALL]);
    // Nothing but what is around them tells that the calls belong together.
    expect(runsOf(watched.quiet)).toHaveLength(place === "with nothing around it" ? 2 : 1);
    expect(watched.quiet.eventsOf("agent.llm.completed")[0]?.payload_summary).toMatchObject({
      finish_reason: "tool_call",
      usage: { input: 60, output: 6 },
    });
    expectContent(watched, ["Use your tool", "stormy above Longyearbyen"], [PASSWORD]);
  });

  test("an error that the application handles: the library never ends its span, the call is closed as unfinished", async () => {
    const watched = await play(REFUSAL, [], async (world) => {
      await expect(ask(world, "What weather?")).rejects.toThrow("no such sky");
    });
    expect(runsOf(watched.quiet)).toEqual([{ ...run, status: statusUnfinished, events: FAILED_CALL }]);
    expect(eventOf(watched.quiet, "agent.llm.failed").error).toEqual({ message: "unfinished" });
    expectContent(watched, ["What weather?"]);
  });
});

test("an error that leaves a run of ours fails the run", async () => {
  const watched = await watch({
    hasClient: true,
    script: REFUSAL,
    exports: [],
    act: async (world) => {
      const work = () => ask(world, "What weather?");
      await expect(world.apie?.withRun({}, work) ?? work()).rejects.toThrow("no such sky");
    },
  });
  const [told, ...more] = runsOf(watched.quiet);
  expect(more).toEqual([]);
  expect(told?.status).toBe("failed");
  expect(told?.events.toSorted()).toEqual(["error", ...FAILED_CALL]);
  expectContent(watched, ["What weather?", "no such sky"]);
});

test("a model call of ours around it is the same call, told once, with the library's tokens", async () => {
  const watched = await watch({
    hasClient: true,
    script: ANSWER,
    exports: [SPAN],
    act: async (world) => {
      const { apie } = world;
      const work = () => ask(world, "What weather?");
      const model = { provider: "openai", name: "gpt-test" };
      await (apie?.withRun({}, () => apie.withLlmCall({ model }, work)) ?? work());
    },
  });
  expect(runsOf(watched.quiet)).toEqual([
    { agents: ["Support", "invoke_agent Support"], status: "completed", events: CALL, tokens: [50, 5] },
  ]);
  // What our call returned is its output; what was asked is known to the library's span only.
  expectContent(watched, ["Grey all over", "What weather?"]);
});
