/** A service that has OpenTelemetry already gets Apie with one line. `npm run example:existing-service` */
import { runExample } from "../support/example.ts";
import type { Script } from "../support/model-server.ts";

const model: Script = ({ prompt }) =>
  prompt.includes("train")
    ? [
        { toolCalls: [{ name: "find_trains", arguments: { from: "Bern", to: "Milan" } }] },
        { text: "At 07:02 and at 09:02." },
      ]
    : [{ text: "Yes, in the dining car." }];

async function ask(url: string, chat: string, question: string): Promise<void> {
  const response = await fetch(`${url}/chats/${chat}`, { method: "POST", body: question });
  console.log(`  ${question}\n    ${await response.text()}`);
}

await runExample({
  title: "A service with OpenTelemetry, and one line for Apie",
  model,
  async act({ start }) {
    const service = start({
      name: "service",
      script: new URL("./server.ts", import.meta.url),
      preload: [new URL("./instrumentation.ts", import.meta.url)],
    });
    const url = await service.address();
    await ask(url, "chat-7", "When is there a train from Bern to Milan?");
    await ask(url, "chat-7", "May I have breakfast on it?");
  },
  check: ([chat, ...further]) =>
    chat?.session !== undefined && chat.runs.length === 2 && further.length === 0
      ? []
      : ["expected one session of two runs"],
});
