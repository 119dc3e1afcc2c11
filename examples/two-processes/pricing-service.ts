/** A second service with an agent of its own. It joins the run and the session of who calls it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { startApie } from "apie-otel/start";

const { apie, shutdown } = await startApie({
  agent: { key: "pricing", name: "Pricing" },
  // Ids that arrive are believed only where this is said: the callers of this service are ours.
  baggage: { read: true },
});

const server = createServer((request, response) => {
  // The caller's trace, run and session go on here.
  apie.propagation.withRemoteParent(request.headers, async () => {
    const order = await text(request);
    const price = await apie.withRun({ inputSummary: `Price of ${order}`, role: "worker" }, () =>
      apie.withWorkflowStep({ stepName: "Discount" }, async () => "27,600 EUR"),
    );
    response.end(price);
  });
});

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

process.once("SIGTERM", async () => {
  server.close();
  await shutdown();
});
