/** A recorded session of an AgentOS, imported twice while it grows. `npm run example:import-agno` */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runExample } from "../support/example.ts";

const session = new URL("./session.json", import.meta.url);
const folder = await mkdtemp(join(tmpdir(), "apie-otel-"));

/** The session as it was after so many of its runs. */
async function recorded(runs: number): Promise<string> {
  const all = JSON.parse(await readFile(session, "utf8")) as unknown[];
  const file = join(folder, `${runs}-runs.json`);
  await writeFile(file, JSON.stringify(all.slice(0, runs)));
  return file;
}

await runExample({
  title: "An import from Agno",
  async act({ start }) {
    const script = new URL("./import.ts", import.meta.url);
    const queue = `${join(folder, "queue")}/`;
    const args = async (runs: number, state: string) => [await recorded(runs), queue, state];
    await start({ name: "first import", script, args: await args(2, "open") }).finished();
    await start({ name: "import again", script, args: await args(2, "open") }).finished();
    await start({ name: "it has grown", script, args: await args(3, "ended") }).finished();
  },
  check: ([replay, ...further]) => {
    const [runs, sessions] = [replay?.runs.length, further.length + 1];
    return runs === 3 && sessions === 1
      ? []
      : [`expected one session of three runs, not ${sessions} of ${runs}`];
  },
}).finally(() => rm(folder, { recursive: true }));
