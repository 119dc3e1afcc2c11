/** The service, as it was before. `POST /chats/:id` with a question as text. It knows nothing of Apie. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, stepCountIs, tool } from "ai";
import { z } from "zod";

const openai = createOpenAI();

const findTrains = tool({
  description: "Finds trains",
  inputSchema: z.object({ from: z.string(), to: z.string() }),
  execute: ({ from, to }) => [`07:02 ${from} - ${to}, 3 h 10`, `09:02 ${from} - ${to}, 3 h 10`],
});

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chat = (request.url ?? "").split("/").at(-1) ?? "";
  const result = await generateText({
    model: openai.chat("gpt-4.1-mini"),
    prompt: await text(request),
    tools: { find_trains: findTrains },
    stopWhen: stepCountIs(4),
    // All that Apie needs is the AI SDK's own telemetry. The chat's id makes one session of the chat.
    experimental_telemetry: { isEnabled: true, functionId: "travel-desk", metadata: { sessionId: chat } },
  });
  response.end(result.text);
}

const server = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => {
    console.error(error);
    response.writeHead(500).end();
  });
});

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

process.once("SIGTERM", () => server.close());
