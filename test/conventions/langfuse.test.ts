import { describe, expect, test } from "vitest";
import { ConventionReader } from "../../src/conventions/index.ts";
import { usageOf } from "../../src/conventions/langfuse/usage.ts";
import { recorded, span, told } from "./recorded.ts";

const reader = new ConventionReader();
const SCOPE = { instrumentationScope: { name: "langfuse-sdk" } };
const observation = (members: Record<string, unknown>, more: object = {}) =>
  span({
    ...SCOPE,
    name: "observed",
    attributes: Object.fromEntries(
      Object.entries(members).map(([key, value]) => [`langfuse.observation.${key}`, value]),
    ),
    ...more,
  });
const rows = (recording: string): string[][] =>
  recorded(recording).map(({ atStart, atEnd }) => [
    atStart.name,
    told(reader.read(atStart, "start")),
    atEnd === undefined ? "never ends" : told(reader.read(atEnd, "end")),
  ]);

test("observations are known at the end", () => {
  expect(rows("langfuse/manual_agent_all_kinds")).toEqual([
    ["trip-agent", "-", "run agent=trip-agent"],
    ["plan", "-", "llm op=chat model=gpt-4o-mini usage=21/9/30//"],
    ["get_weather", "-", "tool tool=get_weather"],
    ["flaky_lookup", "-", "tool tool=flaky_lookup error=Error|lookup backend is down"],
    ["note", "-", "none"],
    ["ret", "-", "retrieval resource=knowledge_base"],
    ["emb", "-", "embedding op=embeddings model=text-embedding-3-small"],
    ["guard", "-", "guardrail"],
    ["evalu", "-", "none"],
    ["ch", "-", "step step=ch|task"],
    ["plain-span", "-", "-"],
  ]);
});

test("calls through its wrapper of a client tell usage with cached and reasoning tokens, and first token", () => {
  const [[, , plain = ""] = []] = rows("langfuse/openai_plain");
  const [[, , stream = ""] = []] = rows("langfuse/openai_stream");
  expect(plain).toBe("llm op=chat model=gpt-4o-mini-2025-01-01 usage=21/9/30/4/2");
  expect(stream).toBe("llm op=chat model=gpt-4o-mini stream=true usage=21/9/30/4/2 ttft=true");
});

test("session and user are those of the trace", () => {
  for (const { atEnd } of recorded("langfuse/manual_with_session_user")) {
    if (atEnd === undefined) throw new Error("never ended");
    expect(reader.read(atEnd, "end")).toMatchObject({ sessionId: "sess-42", userId: "user-7" });
  }
});

describe("failures", () => {
  test.each([
    ["RateLimitError: 429 slow down", "RateLimitError"],
    ["Error: 500 The server had an error", "Error"],
    ["lookup backend is down", "Error"],
    ["the secret is: 42", "Error"],
    ["my secret Error: 42", "Error"],
  ])("%j is a %s", (message, type) => {
    const failed = observation({ type: "tool", level: "ERROR", status_message: message });
    expect(reader.read(failed, "end")?.error).toEqual({ type, message });
    expect(reader.read(failed, "start")?.error).toBeUndefined();
  });

  test.each(["DEFAULT", "WARNING", undefined])("level %s is none", (level) => {
    const went = observation({ type: "tool", level, status_message: "slow" });
    expect(reader.read(went, "end")?.error).toBeUndefined();
  });

  test("a status of ERROR is one, too", () => {
    const failed = observation({ type: "tool" }, { status: { code: 2, message: "lost" } });
    expect(reader.read(failed, "end")?.error).toEqual({ type: "Error", message: "lost" });
  });
});

describe("usage", () => {
  test.each<[details: unknown, usage: unknown]>([
    [
      { input: 3, output: 2 },
      { input: 3, output: 2 },
    ],
    // The total tells that nothing was taken out.
    [
      { input: 10, output: 5, total: 15, input_cached_tokens: 4 },
      { input: 10, output: 5, total: 15, cacheRead: 4 },
    ],
    [
      { input: 10, output: 5, total: 120, cache_read_input_tokens: 100, cache_creation_input_tokens: 5 },
      { input: 115, output: 5, total: 120, cacheRead: 100, cacheWrite: 5 },
    ],
    [
      { promptTokens: 3, completionTokens: 2 },
      { input: 3, output: 2 },
    ],
    [
      { input: 3, input_audio_tokens: 2, output: 1, output_audio_tokens: 4 },
      { input: 5, output: 5 },
    ],
    [{ total: 7 }, { total: 7 }],
    [{ images: 1 }, undefined],
    [{ input: -1 }, undefined],
    ["{", undefined],
    [undefined, undefined],
  ])("%j is %j", (details, usage) => {
    expect(usageOf(typeof details === "object" ? JSON.stringify(details) : details)).toEqual(usage);
  });
});

test("an observation that has shown nothing may turn out to be work; another scope's span does not", () => {
  expect(reader.mayTurnOut(span(SCOPE))).toBe(true);
  expect(reader.mayTurnOut(observation({ type: "span" }))).toBe(false);
  expect(reader.mayTurnOut(span({}))).toBe(false);
});

test.each(["span", "constructor", "", 7, undefined])("type %j is not known", (type) => {
  expect(reader.read(observation({ type }), "end")).toBeUndefined();
});
