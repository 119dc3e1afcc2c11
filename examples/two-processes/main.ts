/** One session across two processes, and a second service that joins it. `npm run example:two-processes` */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parentRunOf } from "apie-otel/local";
import { runExample } from "../support/example.ts";

const folder = await mkdtemp(join(tmpdir(), "apie-otel-"));
const handleFile = join(folder, "session.json");

await runExample({
  title: "A session across processes",
  async act({ start }) {
    const at = (file: string): URL => new URL(file, import.meta.url);
    await start({ name: "first process", script: at("./open.ts"), args: [handleFile] }).finished();
    console.log(`\n${(await readFile(handleFile, "utf8")).replace(/^/gm, "    ")}\n`);

    const service = start({ name: "pricing service", script: at("./pricing-service.ts") });
    const args = [handleFile, await service.address()];
    await start({ name: "second process", script: at("./resume.ts"), args }).finished();
  },
  check: ([replay, ...further]) => {
    const agents = replay?.runs.map(({ agent_key }) => agent_key).join(", ");
    const [, asking, pricing] = replay?.runs ?? [];
    return [
      ...(agents === "sales, sales, pricing" && further.length === 0
        ? []
        : ["expected one session of three runs"]),
      ...(pricing !== undefined && parentRunOf(pricing, replay?.runs ?? []) === asking
        ? []
        : ["pricing's run is not below the one that asks"]),
    ];
  },
}).finally(() => rm(folder, { recursive: true }));
