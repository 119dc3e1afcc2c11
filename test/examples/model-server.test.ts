/** The scripted model server, driven by the real client of the AI SDK, and by plain HTTP where that client cannot go. */
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, embedMany, generateText, RetryError, stepCountIs, streamText, tool } from "ai";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type ModelServer, type Script, startModelServer } from "../../examples/support/model-server.ts";

const servers: ModelServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(script: Script): Promise<ModelServer & { openai: ReturnType<typeof createOpenAI> }> {
  const server = await startModelServer(script);
  servers.push(server);
  return { ...server, openai: createOpenAI({ baseURL: server.baseURL, apiKey: "test" }) };
}

async function post(server: ModelServer, path: string, body: unknown) {
  const response = await fetch(`${server.baseURL}${path}`, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const WEATHER: Script = ({ results }) => [
  {
    text: "Let me look.",
    toolCalls: [
      { name: "weather", arguments: { city: "Oslo", unit: "degrees Celsius" } },
      { name: "weather", arguments: { city: "Rome", unit: "degrees Celsius" } },
    ],
    usage: { input: 100, cached: 40, output: 20, reasoning: 8 },
  },
  { text: `It is ${results.weather} there.`, usage: { input: 150, output: 9 } },
];

const weather = tool({
  description: "Weather of a city",
  inputSchema: z.object({ city: z.string(), unit: z.string() }),
  execute: ({ city, unit }) => `${city === "Oslo" ? -4 : 17} ${unit}`,
});

describe.each(["chat", "responses"] as const)("an agent's loop over %s", (api) => {
  test("whole answers: tools are called, their results are seen, usage is told", async () => {
    const server = await start(WEATHER);
    const result = await generateText({
      model: server.openai[api]("gpt-test"),
      system: "Be brief.",
      prompt: "Weather?",
      tools: { weather },
      stopWhen: stepCountIs(5),
    });
    expect(result.text).toBe("It is 17 degrees Celsius there.");
    expect(result.steps.map((step) => step.finishReason)).toEqual(["tool-calls", "stop"]);
    expect(result.steps[0]?.toolResults.map(({ output }) => output)).toEqual([
      "-4 degrees Celsius",
      "17 degrees Celsius",
    ]);
    expect(result.steps[0]?.usage).toMatchObject({
      inputTokens: 100,
      inputTokenDetails: { cacheReadTokens: 40 },
      outputTokens: 20,
      outputTokenDetails: { reasoningTokens: 8 },
    });
    expect(result.totalUsage).toMatchObject({ inputTokens: 250, outputTokens: 29 });
    expect(server.requests.map(({ step, stream, prompt }) => ({ step, stream, prompt }))).toEqual([
      { step: 0, stream: false, prompt: "Weather?" },
      { step: 1, stream: false, prompt: "Weather?" },
    ]);
    expect(server.requests[1]).toMatchObject({
      api,
      model: "gpt-test",
      instructions: "Be brief.",
      tools: ["weather"],
      messages: [
        { role: "user", text: "Weather?" },
        {
          role: "assistant",
          text: "Let me look.",
          toolCalls: [{ name: "weather", arguments: { city: "Oslo" } }, { name: "weather" }],
        },
        { role: "tool", text: "-4 degrees Celsius" },
        { role: "tool", text: "17 degrees Celsius" },
      ],
    });
  });

  test("streams: text and arguments come in pieces, usage at the end", async () => {
    const server = await start(WEATHER);
    const result = streamText({
      model: server.openai[api]("gpt-test"),
      prompt: "Weather?",
      tools: { weather },
      stopWhen: stepCountIs(5),
    });
    const texts: string[] = [];
    const args: string[] = [];
    for await (const part of result.fullStream) {
      if (part.type === "text-delta") texts.push(part.text);
      if (part.type === "tool-input-delta") args.push(part.delta);
    }
    expect(texts).toEqual(["Let", " me", " look.", "It", " is", " 17", " degrees", " Celsius", " there."]);
    expect(args.length).toBeGreaterThan(2);
    expect(await result.totalUsage).toMatchObject({
      inputTokens: 250,
      inputTokenDetails: { cacheReadTokens: 40 },
      outputTokens: 29,
      outputTokenDetails: { reasoningTokens: 8 },
    });
    expect((await result.steps).map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "stop"]);
    expect(server.requests.map(({ stream }) => stream)).toEqual([true, true]);
  });

  test.each([false, true])("an answer cut short by length says so (streamed: %s)", async (streamed) => {
    const server = await start(() => ({ text: "To be continued", finishReason: "length" }));
    const options = { model: server.openai[api]("gpt-test"), prompt: "Go on" };
    const result = streamed ? streamText(options) : await generateText(options);
    expect(await result.text).toBe("To be continued");
    expect(await result.finishReason).toBe("length");
  });

  test("a request that is refused for a moment is retried and then answered", async () => {
    const server = await start(({ attempt }) =>
      attempt === 1
        ? { error: { status: 429, message: "Slow down", retryAfterMs: 1 } }
        : { text: "Here you are" },
    );
    const { text } = await generateText({ model: server.openai[api]("gpt-test"), prompt: "Now!" });
    expect(text).toBe("Here you are");
    expect(server.requests.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  test("a server error reaches the client with its message, type and code", async () => {
    const server = await start(() => ({
      error: { status: 503, message: "Overloaded", code: "overloaded", retryAfterMs: 1 },
    }));
    const failure = await generateText({
      model: server.openai[api]("gpt-test"),
      prompt: "Hello",
      maxRetries: 1,
    }).catch((error: unknown) => error);
    expect(RetryError.isInstance(failure) && failure.errors).toHaveLength(2);
    const last = RetryError.isInstance(failure) ? failure.lastError : undefined;
    expect(APICallError.isInstance(last) && last.statusCode).toBe(503);
    expect(APICallError.isInstance(last) && last.data).toEqual({
      error: { message: "Overloaded", type: "server_error", param: null, code: "overloaded" },
    });
  });

  test("a stream that is cut ends in an error after the pieces that came", async () => {
    const server = await start(() => ({ text: "one two three four", cutAfter: 2 }));
    const pieces: string[] = [];
    const result = streamText({
      model: server.openai[api]("gpt-test"),
      prompt: "Count",
      onError: () => undefined,
    });
    const read = async () => {
      for await (const part of result.fullStream) if (part.type === "text-delta") pieces.push(part.text);
    };
    await expect(read()).rejects.toMatchObject({ cause: { message: "terminated" } });
    expect(pieces).toEqual(["one", " two"]);
  });
});

describe("conversations of Responses", () => {
  test("previous_response_id goes on with what was said before, its tool calls included", async () => {
    const server = await start(WEATHER);
    const first = JSON.parse(
      (await post(server, "/responses", { model: "m", instructions: "Be brief.", input: "Weather?" })).text,
    );
    const calls = first.output.filter(({ type }: { type: string }) => type === "function_call");
    const second = await post(server, "/responses", {
      model: "m",
      previous_response_id: first.id,
      input: calls.map(({ call_id }: { call_id: string }) => ({
        type: "function_call_output",
        call_id,
        output: "cold",
      })),
    });
    expect(JSON.parse(second.text).output[0].content[0].text).toBe("It is cold there.");
    expect(server.requests[1]?.messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "tool",
    ]);
  });

  test("an item reference stands for the item", async () => {
    const server = await start(() => ({ text: "Hi" }));
    const first = JSON.parse((await post(server, "/responses", { model: "m", input: "Hello" })).text);
    await post(server, "/responses", {
      model: "m",
      input: [
        { role: "user", content: [{ type: "input_text", text: "Hello" }] },
        { type: "item_reference", id: first.output[0].id },
        { role: "user", content: "And now?" },
      ],
    });
    expect(server.requests[1]?.messages.map(({ role, text }) => [role, text])).toEqual([
      ["user", "Hello"],
      ["assistant", "Hi"],
      ["user", "And now?"],
    ]);
  });

  test.each([
    [{ previous_response_id: "resp_nope", input: "x" }, "Previous response with id 'resp_nope' not found."],
    [{ input: [{ type: "item_reference", id: "msg_nope" }] }, "Item with id 'msg_nope' not found."],
  ])("what was never said is refused: %j", async (body, message) => {
    const server = await start(() => ({ text: "Hi" }));
    const answer = await post(server, "/responses", { model: "m", ...body });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).error.message).toBe(message);
  });
});

test("streams of chat completions end with [DONE] and tell usage only when asked", async () => {
  const server = await start(() => ({ text: "Hi" }));
  const body = { model: "m", messages: [{ role: "user", content: "Hello" }], stream: true };
  const plain = (await post(server, "/chat/completions", body)).text;
  const asked = (
    await post(server, "/chat/completions", { ...body, stream_options: { include_usage: true } })
  ).text;
  expect(plain).toMatch(/data: \[DONE\]\n\n$/);
  expect(plain).not.toContain('"usage"');
  expect(asked).toContain('"usage":{"prompt_tokens"');
});

describe("embeddings", () => {
  test("are unit vectors, the same for the same text", async () => {
    const server = await start(() => []);
    const { embeddings, usage } = await embedMany({
      model: server.openai.embedding("text-embedding-test"),
      values: ["cat", "dog", "cat"],
    });
    expect(embeddings[0]).toEqual(embeddings[2]);
    expect(embeddings[0]).not.toEqual(embeddings[1]);
    expect(Math.hypot(...(embeddings[0] ?? []))).toBeCloseTo(1);
    expect(usage.tokens).toBe(3);
  });

  test("come as base64 floats of the asked length when asked for", async () => {
    const server = await start(() => []);
    const body = { model: "m", input: "cat", dimensions: 3, encoding_format: "base64" };
    const { data } = JSON.parse((await post(server, "/embeddings", body)).text);
    const floats = new Float32Array(new Uint8Array(Buffer.from(data[0].embedding, "base64")).buffer);
    expect(Math.hypot(...floats)).toBeCloseTo(1);
    expect(floats).toHaveLength(3);
  });
});

describe("what goes wrong is said", () => {
  const chat = (content: string) => ({ model: "m", messages: [{ role: "user", content }] });

  test.each([
    ["the script has no turn", () => [], 'the script has no turn 1 for "Hello"'],
    [
      "the script throws",
      () => {
        throw new Error("no such order");
      },
      "The script threw: no such order",
    ],
  ] as [string, Script, string][])("%s", async (_what, script, message) => {
    const server = await start(script);
    const answer = await post(server, "/chat/completions", chat("Hello"));
    expect([answer.status, JSON.parse(answer.text).error.message]).toEqual([400, message]);
  });

  test("the body is not what the API takes", async () => {
    const server = await start(() => ({ text: "Hi" }));
    const answer = await post(server, "/chat/completions", { model: "m", messages: [{ role: "robot" }] });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).error.message).toContain("messages[0].role");
    const notJson = await fetch(`${server.baseURL}/responses`, { method: "POST", body: "{" });
    expect(notJson.status).toBe(400);
    expect(server.requests).toHaveLength(0);
  });

  test("the address is none of the API's", async () => {
    const server = await start(() => ({ text: "Hi" }));
    expect((await post(server, "/completions", {})).status).toBe(404);
    expect((await fetch(`${server.baseURL}/responses`)).status).toBe(404);
  });

  test("429 carries when to come back, in both headers", async () => {
    const server = await start(() => ({ error: { status: 429, retryAfterMs: 1_500 } }));
    const answer = await post(server, "/chat/completions", chat("Hello"));
    expect(answer.headers.get("retry-after-ms")).toBe("1500");
    expect(answer.headers.get("retry-after")).toBe("2");
    expect(JSON.parse(answer.text).error.type).toBe("rate_limit_error");
  });
});

test("close() ends a stream that is still being sent", async () => {
  const server = await start(() => ({ text: "one two three", pauseMs: 60_000 }));
  const response = await fetch(`${server.baseURL}/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "Count" }] }),
  });
  const ended = response.text().catch(() => "cut");
  await Promise.all([server.close(), server.close()]);
  expect(await ended).toBe("cut");
});
