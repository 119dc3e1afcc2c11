/** Several agents in one session: child runs, a hand-off, steps, an approval. `npm run example:pipeline` */
import { runExample } from "../support/example.ts";
import type { Script } from "../support/model-server.ts";

const model: Script = ({ instructions, prompt }) => {
  if (instructions.includes("writer"))
    return { text: "Night trains are back, and they run on salt.", delayMs: 30 };
  return prompt.includes("rail")
    ? { text: "Night trains are back.", delayMs: 20 }
    : { text: "Batteries of salt.", delayMs: 35 };
};

await runExample({
  title: "A pipeline of agents",
  model,
  async act({ start }) {
    await start({ name: "pipeline", script: new URL("./pipeline.ts", import.meta.url) }).finished();
  },
  check: ([replay]) => {
    const [editor, ...below] = replay?.runs ?? [];
    const isTree = below.length === 3 && below.every((run) => run.parent_run_id === editor?.id);
    return isTree ? [] : ["expected two researchers and a writer below the editor"];
  },
});
