/** What the tests' models and tools talk of. */
import { createOpenAI } from "@ai-sdk/openai";
import type { LanguageModel } from "ai";
import type { Script } from "../../../examples/support/model-server.ts";
import type { World } from "./world.ts";

/** What secrets look like: one by its form, one by the name it is under. */
export const KEY = "sk-proj-Zq3vT8xLw0Rk5Yb7Nc2Hd9";
export const PASSWORD = "correct horse battery";

export const weatherOf = (city: string): string => {
  if (city === "Atlantis") throw new RangeError("sunk below the waves");
  return `stormy above ${city}`;
};

/** The model asks for the weather of the city that ends the question, and passes it on. */
export const LOOP: Script = ({ prompt, results }) => [
  {
    text: "Let me look it up.",
    toolCalls: [{ name: "weather", arguments: { city: prompt.split(" ").at(-1), password: PASSWORD } }],
    usage: { input: 100, cached: 40, output: 20, reasoning: 8 },
    // Conversations at the same time overlap.
    delayMs: 5,
  },
  { text: `They say: ${results.weather}`, usage: { input: 150, output: 9 } },
];

export const CALL = ["llm.called gpt-test", "llm.completed gpt-test"];
export const FAILED_CALL = ["llm.called gpt-test", "llm.failed gpt-test"];

/** For the AI SDK. */
export const languageModel = ({ model }: World): LanguageModel =>
  createOpenAI({ baseURL: model.baseURL, apiKey: "none needed" }).chat("gpt-test");

/** Telemetry of the AI SDK, which is off unless it is asked for. */
export const telemetry = (functionId: string, sessionId?: string) => ({
  isEnabled: true,
  functionId,
  ...(sessionId === undefined ? {} : { metadata: { sessionId } }),
});
