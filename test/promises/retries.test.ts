/** A retry creates no second event: an event has the same id in every request, in every process. */
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { expect, test } from "vitest";
import { ApieSpanProcessor } from "../../src/index.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import type { Behaviour, WireRecord } from "../support/recording-apie.ts";
import { countingIds, work } from "./work.ts";

const EVENTS = "/v1/events";

/** Does the work against an Apie that fails as told. @returns ids of all events sent, by request, and of those accepted. */
async function sent(failing?: { behaviour: Behaviour; times: number }) {
  const server = await startServer();
  if (failing !== undefined) server.fail(EVENTS, failing.behaviour, failing.times);
  const processor = new ApieSpanProcessor(options(server, { maxBatchSize: 3 }));
  cleanup(() => processor.shutdown());
  const provider = new BasicTracerProvider({
    idGenerator: countingIds(),
    spanProcessors: [processor as never],
  });
  work(provider.getTracer("library"));
  const report = await processor.flush();
  const requests = server
    .to(EVENTS)
    .map(({ body }) => (body as { events: WireRecord[] }).events.map(({ event_id }) => String(event_id)));
  return { report, requests, accepted: server.events.map(({ event_id }) => String(event_id)) };
}

test.each<[string, Behaviour]>([
  ["refused for a while", { status: 503 }],
  ["taken, and the answer lost", "reset"],
])("events that were %s are sent again under their ids, and no others", async (_what, behaviour) => {
  const calm = await sent();
  expect(calm.accepted.length).toBeGreaterThan(5);
  expect(new Set(calm.accepted).size).toBe(calm.accepted.length);
  const { report, requests, accepted } = await sent({ behaviour, times: 2 });
  expect(report).toMatchObject({ ok: true, events: { delivered: calm.accepted.length, dropped: 0 } });
  expect(requests.flat().length).toBeGreaterThan(calm.accepted.length);
  expect(accepted.toSorted()).toEqual(calm.accepted.toSorted());
  expect(new Set(requests.flat())).toEqual(new Set(calm.accepted));
});
