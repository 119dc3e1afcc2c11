/** Imports a document: address of Apie, queueStoragePath, file. Prints the report, but for what is known. */
import { readFileSync } from "node:fs";
import { agnoRuns, importSpans } from "../../../src/imports/index.ts";
import { ApieSpanProcessor } from "../../../src/index.ts";

const [url = "", queueStoragePath = "", file = ""] = process.argv.slice(2);
const processor = new ApieSpanProcessor({
  apiKey: "apie_sk_test_key",
  baseUrl: url,
  agent: { key: "support", name: "Support" },
  queueStoragePath,
  flushIntervalMs: 20,
  onError: "silent",
});
console.log("importing");
const { known: _, ...report } = await importSpans(agnoRuns(JSON.parse(readFileSync(file, "utf8"))), {
  processor,
});
console.log(JSON.stringify(report));
await processor.shutdown();
