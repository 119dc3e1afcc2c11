/** First process: opens a session that outlives it, and leaves the handle in a file. */
import { writeFile } from "node:fs/promises";
import { startApie } from "apie-otel/start";

const [, , handleFile = "session.json"] = process.argv;
const { apie, shutdown } = await startApie({ agent: { key: "sales", name: "Sales" } });

// The handle is plain JSON: a file here, a row in your database or a field of your job queue elsewhere.
const session = await apie.sessions.start({ kind: "multi_agent", inputSummary: "Offer for 40 bicycles" });
await writeFile(handleFile, JSON.stringify(session, null, 2));

await apie.sessions.resume(session, () =>
  apie.withRun({ inputSummary: "Take down what the customer wants", trigger: "webhook" }, async () => {
    await apie.withTool(
      { tool: { name: "find_customer", provider: "crm" }, action: { type: "read", name: "find_customer" } },
      () => "Velo Bern",
    );
    apie.trackResourceTouched({ resource: { type: "work_item", externalId: "OFFER-40" } });
  }),
);
console.log(`Session ${session.apieId} is open. Its handle is in the file; this process ends.`);

await shutdown();
