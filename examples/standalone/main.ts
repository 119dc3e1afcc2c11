/** A service without OpenTelemetry and without a framework. `npm run example:standalone` */
import { runExample } from "../support/example.ts";
import type { Script } from "../support/model-server.ts";

const model: Script = () => [
  { toolCalls: [{ name: "find_book", arguments: { title: "Momo" } }] },
  { toolCalls: [{ name: "reserve_book", arguments: { title: "Momo" } }] },
  { text: "Yes. It is yours until Friday, on shelf C 12." },
];

await runExample({
  title: "An agent without OpenTelemetry of its own",
  model,
  async act({ start }) {
    await start({ name: "agent", script: new URL("./agent.ts", import.meta.url) }).finished();
  },
  check: ([replay]) => (replay?.events.length === 12 ? [] : ["expected 12 events"]),
});
