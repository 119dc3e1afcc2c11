/**
 * An application with a queue on disk. `begin` leaves runs and sessions open and waits to be killed; `exit` and `throw` end by
 * themselves without a shutdown. Arguments: address of Apie, path of the queue, what to do.
 */
import { trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { Apie } from "../../../../src/index.ts";

const [baseUrl = "", path = "", what = ""] = process.argv.slice(2);
const apie = new Apie({
  apiKey: "apie_sk_of_the_test",
  baseUrl,
  agent: { key: "support", name: "Support" },
  queueStoragePath: path,
  onError: "silent",
});
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [apie.spanProcessor as never] }));

const forEver = (): Promise<never> => new Promise(() => setInterval(() => undefined, 1_000));
const search = { tool: { name: "search" } };

if (what === "begin") {
  const handle = await apie.sessions.start({ kind: "pipeline", inputSummary: "long-lived" });
  void apie.sessions.resume(handle, () =>
    apie.withRun({ inputSummary: "whole" }, () => apie.withTool(search, () => 1)),
  );
  void apie.withSession({ inputSummary: "scoped" }, () =>
    apie.withRun({ inputSummary: "half" }, async () => {
      await apie.withTool(search, () => 2);
      await forEver();
    }),
  );
  const run = await apie.withRun({ inputSummary: "paused" }, async (paused) => {
    await apie.withTool(search, () => 3);
    return paused.pause();
  });
  while (apie.queueDiagnostics().events.pending < 8 || apie.queueDiagnostics().storage?.unsaved !== 0)
    await new Promise((resolve) => setImmediate(resolve));
  console.log(JSON.stringify({ handle, run }));
  await forEver();
}

await apie.withRun({ inputSummary: "done" }, () => apie.withTool(search, () => 3));
await new Promise((resolve) => setImmediate(resolve));
if (what === "throw") throw new Error("the application's own");
process.exit(3);
