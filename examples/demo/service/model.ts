/** The model provider of both agents. */
import { createOpenAI } from "@ai-sdk/openai";

/** Reads OPENAI_API_KEY and OPENAI_BASE_URL. */
const openai = createOpenAI();

export const model = openai("gpt-5-mini");
