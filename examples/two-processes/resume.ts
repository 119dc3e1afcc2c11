/** Second process, perhaps days later: goes on with the session, asks another service, and ends the session. */
import { readFile } from "node:fs/promises";
import { startApie } from "apie-otel/start";

const [, , handleFile = "session.json", pricing = "http://127.0.0.1:8080"] = process.argv;
const { apie, shutdown } = await startApie({
  agent: { key: "sales", name: "Sales" },
  // Ids of run and session go to these hosts only.
  baggage: { write: [new URL(pricing).hostname] },
});

const session = JSON.parse(await readFile(handleFile, "utf8"));

const price = await apie.sessions.resume(session, () =>
  apie.withRun({ inputSummary: "Make the offer", trigger: "schedule" }, async () =>
    apie.withTool({ tool: { name: "get_price", provider: "pricing" } }, async () => {
      const response = await fetch(`${pricing}/price`, {
        method: "POST",
        // Trace context and ids, so that the other service's work joins this run.
        headers: apie.propagation.headers(pricing),
        body: "40 bicycles",
      });
      return response.text();
    }),
  ),
);
apie.sessions.complete(session, { outputSummary: `Offered for ${price}` });
console.log(`Offered for ${price}. The session is complete.`);

await shutdown();
